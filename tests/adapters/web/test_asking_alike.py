"""All routes treat requests alike: unknown parameters, the form of days, HEAD as GET, and the Allow header."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import httpx
import pytest

from adapters.web import routes
from adapters.web.framework.endpoint import Endpoint
from tests.adapters.web.conftest import problem

UNKNOWN = str(UUID(int=1))


def path_of(path: str) -> str:
    words = [UNKNOWN if part.startswith("{") else part for part in path.split("/")]
    return "/".join(words)


@pytest.mark.parametrize("endpoint", routes.ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_an_endpoint_refuses_a_parameter_that_it_does_not_have(client: httpx.Client, endpoint: Endpoint) -> None:
    answer = client.request(endpoint.method, path_of(endpoint.path), params={"sauce": "fair"})
    assert problem(answer) == (422, "request-is-malformed")
    assert "query.sauce" in [error["where"] for error in answer.json()["errors"]]


def test_a_command_has_no_parameters(client: httpx.Client) -> None:
    answer = client.post("/v1/candidates?source=fair", json={})
    assert problem(answer) == (422, "request-is-malformed")
    assert client.get("/v1/candidates/" + UNKNOWN).status_code == 404


@pytest.mark.parametrize(
    "day", ["1735689600", "2026-1-1", "2026-01-01T00:00:00Z", "2026-02-30", "0026-01-01", "20260101"]
)
def test_a_day_is_written_in_one_way(client: httpx.Client, day: str) -> None:
    parameters = {"from": day, "to": "2199-12-31"}
    assert problem(client.get("/v1/metrics/touchpoints", params=parameters)) == (422, "request-is-malformed")


@pytest.mark.parametrize("at", [1735689600, "1735689600", "2026-01-01", "2026-01-01 09:00:00Z", "2026-01-01T09:00:00"])
def test_a_time_is_written_in_one_way(client: httpx.Client, at: str | int) -> None:
    assert problem(client.post("/v1/candidates", json={"occurred_at": at})) == (422, "request-is-malformed")


@pytest.mark.parametrize("truth", ["1", "yes", "True", "on"])
def test_a_truth_is_written_in_one_way(client: httpx.Client, truth: str) -> None:
    parameters = {"from": "2026-01-01", "to": "2026-02-01", "evergreen": truth}
    assert problem(client.get("/v1/metrics/time-to-fill", params=parameters)) == (422, "request-is-malformed")


def test_head_is_get_without_the_body(client: httpx.Client, candidate: UUID, fold: Callable[[], int]) -> None:
    fold()
    for path in ("/healthz", "/problems", "/v1/projections", f"/v1/candidates/{candidate}"):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert {**head.headers, "date": ""} == {**got.headers, "date": ""}
    assert client.head(f"/v1/candidates/{UNKNOWN}").status_code == 404


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/candidates", "GET, HEAD, POST"), ("/v1/requisitions", "POST"), ("/healthz", "GET, HEAD")],
)
def test_the_answer_to_a_method_that_is_not_allowed_lists_the_others(
    client: httpx.Client, path: str, allowed: str
) -> None:
    answer = client.patch(path)
    assert problem(answer) == (405, "method-is-not-allowed")
    assert answer.headers["allow"] == allowed
