"""The errors that a command, a metric or an endpoint declares are those that its code can raise."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import get_type_hints

import pytest

from adapters.web import routes
from adapters.web.framework import openapi
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.metric_routes import MetricRoute
from adapters.web.framework.openapi import Raised
from adapters.web.framework.problems import BY_SLUG, MEDIA_TYPE, every_type
from commands.catalogue import VERBS
from commands.verb import Verb
from tests.adapters.web.raised import ROOMS, raised_by, raised_in

PROBLEMS = {kind.slug for kind in every_type()} - BY_SLUG.keys()
OF_ANY_COMMAND = (*openapi.OF_EVERY_COMMAND, *openapi.WHERE_A_KEY_IS_NEEDED)


def slugs(raised: Iterable[Raised]) -> set[str]:
    """Return the problems that these are."""
    return {kind.slug for error in raised for kind in openapi.types_of(error)}


def slugs_described(responses: openapi.Responses) -> set[str]:
    """Return the problems that the description of an operation names."""
    contents = [response["content"].get(MEDIA_TYPE, {}) for response in responses.values()]
    return {slug for content in contents for slug in content.get("examples", ())}


def slugs_raised(errors: Iterable[type[Exception]]) -> set[str]:
    """Return the problems among errors that a scan of code names."""
    return {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.__name__).lower() for error in errors} & PROBLEMS


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.command.__name__)
def test_a_command_declares_what_its_rules_raise(verb: Verb) -> None:
    missing = slugs_raised(raised_by(verb)) - slugs(verb.raises) - slugs(OF_ANY_COMMAND)
    assert missing == set(), "add them to raises=(...) of the VERB"


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.command.__name__)
def test_a_command_declares_nothing_that_its_code_or_its_docstring_does_not_name(verb: Verb) -> None:
    named = slugs_raised(raised_by(verb))
    described = {error for error in verb.raises if error.__name__ in (verb.decide.__doc__ or "")}
    assert slugs(verb.raises) - named - slugs(described) == set()


@pytest.mark.parametrize("route", routes.METRICS, ids=lambda route: route.question.__name__)
def test_a_metric_describes_what_its_question_raises(route: MetricRoute) -> None:
    answer = get_type_hints(route.question)["return"]
    described = slugs_described(openapi.of_question(answer, route.raises))
    assert slugs_raised(raised_in((route.question,))) - described == set(), "add them to raises=(...) of the route"
    assert route.raises == () or slugs(route.raises) <= slugs_raised(raised_in((route.question,)))


ENDPOINTS = [(kind, endpoint) for kind in routes.ENDPOINT_CLASSES for endpoint in kind.ENDPOINTS]


@pytest.mark.parametrize(
    ("kind", "endpoint"), ENDPOINTS, ids=lambda part: getattr(part, "name", part.__class__.__name__)
)
def test_an_endpoint_describes_what_its_code_raises(kind: type, endpoint: Endpoint) -> None:
    raised = raised_in((endpoint.answer,), (kind,), (*ROOMS, "adapters.web.endpoints"))
    assert slugs_raised(raised) - slugs_described(endpoint.responses) == set(), "add them to raises=(...)"
