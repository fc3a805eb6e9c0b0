"""The description of the API is complete: every route has an example of its answer and of its problems."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from adapters.web import routes
from adapters.web.app import create_app
from adapters.web.framework import document
from adapters.web.framework.bodies import body_of, example_of
from adapters.web.framework.command_service import CommandRoute
from adapters.web.services import Services
from commands.accept_erasure_proposal import AcceptErasureProposal
from commands.catalogue import VERBS
from commands.complete_erasure import CompleteErasure
from commands.expire_consent import ExpireConsent
from commands.follow_outside_offer import FollowOutsideOffer
from commands.propose_erasure import ProposeErasure
from commands.release_address import ReleaseAddress
from commands.request_erasure import RequestErasure
from commands.take_back_decline import TakeBackDecline

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture
def operations(services: Services) -> list[Operation]:
    described = create_app(services).openapi()
    return [(path, method, told) for path, methods in described["paths"].items() for method, told in methods.items()]


def test_the_description_is_worked_out_once_however_many_need_it(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out: list[int] = []
    completed = document.completed

    def counted(*given: Any) -> dict[str, Any]:
        worked_out.append(1)
        return completed(*given)

    monkeypatch.setattr(document, "completed", counted)
    app = create_app(services)
    with ThreadPoolExecutor(4) as many:
        told = list(many.map(lambda _: app.openapi(), range(8)))
    assert worked_out == [1]
    assert all(one is told[0] for one in told)


def test_every_route_is_described(operations: list[Operation]) -> None:
    described = {(path, method) for path, method, _ in operations}
    assert {(command.path, "post") for command in routes.COMMANDS} <= described
    assert {(metric.path, "get") for metric in routes.METRICS} <= described
    assert {(one.path.replace(":path}", "}"), one.method.lower()) for one in routes.ENDPOINTS} <= described
    assert len(described) == len(routes.COMMANDS) + len(routes.METRICS) + len(routes.ENDPOINTS)


NOT_ROUTED = {
    AcceptErasureProposal,
    CompleteErasure,
    ExpireConsent,
    FollowOutsideOffer,
    ProposeErasure,
    ReleaseAddress,
    RequestErasure,
    TakeBackDecline,
}
"""What a clerk or an integration notes, and what a page carries out beyond the command."""


def test_every_command_has_a_route() -> None:
    assert {route.command for route in routes.COMMANDS} == {verb.command for verb in VERBS} - NOT_ROUTED


def test_every_answer_has_an_example(operations: list[Operation]) -> None:
    for path, method, told in operations:
        assert told["summary"], path
        for status, response in told["responses"].items():
            for media_type, content in response["content"].items():
                assert "example" in content or "examples" in content, (method, path, status, media_type)
                assert media_type == "application/problem+json" or status < "300"


def test_every_operation_has_a_name_of_its_own(operations: list[Operation]) -> None:
    names = [told["operationId"] for _, _, told in operations]
    assert len(names) == len(set(names))


def test_a_command_tells_of_its_own_refusals(operations: list[Operation]) -> None:
    send = next(told for path, _, told in operations if path.endswith("/sends"))
    assert "candidate-does-not-exist" in examples(send, "404")
    assert "idempotency-key-was-used-for-another-request" in examples(send, "422")
    asked = {one["name"] for one in send["parameters"]}
    assert asked == {"candidate", "Idempotency-Key", "If-Match"}


def examples(told: dict[str, Any], status: str) -> set[str]:
    return set(told["responses"][status]["content"]["application/problem+json"]["examples"])


def parts(route: CommandRoute) -> Iterator[tuple[str, ...]]:
    yield ("now", *route.in_path)
    yield (route.makes,) if route.makes else ()


@pytest.mark.parametrize("route", routes.COMMANDS, ids=lambda route: route.command.__name__)
def test_the_example_of_a_body_is_one(route: CommandRoute) -> None:
    known, made = parts(route)
    model = body_of(route.command, known, made)
    model.model_validate(example_of(route.command, known, made))
    assert all(field.description for name, field in model.model_fields.items()), route.path
