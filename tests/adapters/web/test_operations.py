"""Whether the service is alive, ready and how far it has come can be asked by machines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx
import psycopg
import pytest

from adapters.postgres.log.event_log import EventLog
from adapters.runtime import background
from adapters.runtime.background import beside
from adapters.web.endpoints import operations
from projections.index import READ_MODELS
from tests.adapters.web.conftest import Post, problem


def test_alive_and_ready(client: httpx.Client, candidate: UUID) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready", "position": 1}


def test_without_its_database_it_is_alive_and_not_ready(
    client: httpx.Client, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> int:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(log.recorder.barrier, "head", gone)
    assert problem(client.get("/readyz")) == (503, "log-cannot-be-reached")
    assert client.get("/healthz").status_code == 200


def test_a_database_that_hangs_is_not_waited_for(
    client: httpx.Client, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(log.recorder.barrier, "head", goes_on.wait)
    monkeypatch.setattr(operations, "ANSWERS_WITHIN", 0.1)
    assert problem(client.get("/readyz")) == (503, "log-cannot-be-reached")
    assert problem(client.get("/readyz")) == (503, "log-cannot-be-reached")
    assert client.get("/healthz").status_code == 200
    goes_on.set()


def test_many_who_ask_whether_it_is_ready_share_a_look(
    url: str, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, looks = threading.Event(), list[int]()

    def head() -> int:
        looks.append(1)
        goes_on.wait()
        return 7

    monkeypatch.setattr(log.recorder.barrier, "head", head)
    monkeypatch.setattr(operations, "ANSWERS_WITHIN", 0.1)
    with ThreadPoolExecutor(10) as many:
        waited = [many.submit(httpx.get, f"{url}/readyz") for _ in range(10)]
        assert {call.result().status_code for call in waited} == {503}
    assert len(looks) == 1
    goes_on.set()


def test_a_thread_that_failed_is_reported(client: httpx.Client) -> None:
    with beside(lambda over: None, "projector"):
        while not background.failed():
            continue
        answer = client.get("/healthz")
    assert problem(answer) == (503, "parts-do-not-run")
    assert "projector" in answer.json()["title"] + answer.json()["detail"]
    assert client.get("/healthz").status_code == 200


def test_every_read_model_tells_how_far_it_has_come(
    client: httpx.Client, post: Post, candidate: UUID, fold: Callable[[], int]
) -> None:
    head = fold()
    projections = client.get("/v1/projections").json()["projections"]
    assert {status["name"] for status in projections} == {model.name for model in READ_MODELS}
    assert {(status["position"], status["lag_events"], status["parked"]) for status in projections} == {(head, 0, 0)}


def test_prometheus_learns_the_routes_and_never_whose(
    client: httpx.Client, candidate: UUID, fold: Callable[[], int]
) -> None:
    client.get(f"/v1/candidates/{candidate}")
    client.get("/v1/nothing")
    fold()
    metrics = client.get("/metrics").text
    assert "perennial_log_head 2.0" in metrics  # the look at the candidate is an event too
    assert 'perennial_read_model_lag_events{name="pipeline"} 0.0' in metrics
    assert 'perennial_requests_total{method="GET",route="/v1/candidates/{candidate}",status="200"} 1.0' in metrics
    assert 'perennial_requests_total{method="GET",route="none",status="404"} 1.0' in metrics
    assert str(candidate) not in metrics
