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
    return [
        (path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


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
        documents = list(many.map(lambda _: app.openapi(), range(8)))
    assert worked_out == [1]
    assert all(document is documents[0] for document in documents)


def test_every_route_is_described(operations: list[Operation]) -> None:
    described = {(path, method) for path, method, _ in operations}
    assert {(command.path, "post") for command in routes.COMMANDS} <= described
    assert {(metric.path, "get") for metric in routes.METRICS} <= described
    assert {
        (endpoint.path.replace(":path}", "}"), endpoint.method.lower()) for endpoint in routes.ENDPOINTS
    } <= described
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
"""Verbs without a command route: those of workers and integrations, and those of endpoints."""


def test_every_command_has_a_route() -> None:
    assert {route.command for route in routes.COMMANDS} == {verb.command for verb in VERBS} - NOT_ROUTED


def test_every_answer_has_an_example(operations: list[Operation]) -> None:
    for path, method, operation in operations:
        assert operation["summary"], path
        for status, response in operation["responses"].items():
            for media_type, content in response["content"].items():
                assert "example" in content or "examples" in content, (method, path, status, media_type)
                assert media_type == "application/problem+json" or status < "300"


def test_every_operation_has_a_name_of_its_own(operations: list[Operation]) -> None:
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names))


def test_a_command_tells_of_its_own_refusals(operations: list[Operation]) -> None:
    send = next(operation for path, _, operation in operations if path.endswith("/sends"))
    assert "candidate-does-not-exist" in examples(send, "404")
    assert "idempotency-key-was-used-for-another-request" in examples(send, "422")
    names = {parameter["name"] for parameter in send["parameters"]}
    assert names == {"candidate", "Idempotency-Key", "If-Match"}


def examples(operation: dict[str, Any], status: str) -> set[str]:
    return set(operation["responses"][status]["content"]["application/problem+json"]["examples"])


def parts(route: CommandRoute) -> Iterator[tuple[str, ...]]:
    yield ("now", *route.in_path)
    yield (route.makes,) if route.makes else ()


@pytest.mark.parametrize("route", routes.COMMANDS, ids=lambda route: route.command.__name__)
def test_the_example_of_a_body_is_one(route: CommandRoute) -> None:
    filled, made = parts(route)
    model = body_of(route.command, filled, made)
    model.model_validate(example_of(route.command, filled, made))
    assert all(field.description for name, field in model.model_fields.items()), route.path
