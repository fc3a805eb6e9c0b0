"""Up to a thousand touchpoints in one request, each with an outcome of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from adapters.postgres.log.event_log import EventLog
from domain.touchpoint import TouchpointRecorded
from tests.adapters.web.conftest import problem

PATH = "/v1/touchpoints/bulk"


def called(candidate: UUID, **more: Any) -> dict[str, Any]:
    return {"candidate": str(candidate), "kind": "call-answered", **more}


def recorded(log: EventLog, candidate: UUID) -> list[str]:
    """Return the kinds of the touchpoints in a candidate's history."""
    events = [entry.event for entry in log.history(candidate)]
    return [event.kind for event in events if isinstance(event, TouchpointRecorded)]


def test_each_touchpoint_has_an_outcome_of_its_own(client: httpx.Client, candidate: UUID, log: EventLog) -> None:
    unknown, own = uuid4(), str(uuid4())
    touchpoints = [
        called(candidate, touchpoint=own, note="in the spring"),
        called(unknown),
        called(candidate, kind="pigeon-sent"),
        called(candidate, occurred_at="2199-01-01T00:00:00Z"),
        called(candidate, kind="email-replied"),
    ]
    answer = client.post(PATH, json={"touchpoints": touchpoints})
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (body["recorded"], body["refused"]) == (2, 3)
    assert [outcome["status"] for outcome in body["outcomes"]] == [201, 404, 422, 422, 201]
    types = [outcome["problem"] and outcome["problem"]["type"].rpartition("/")[2] for outcome in body["outcomes"]]
    assert types == [None, "candidate-does-not-exist", "touchpoint-kind-is-unknown", "time-is-in-the-future", None]
    assert body["outcomes"][0]["touchpoint"] == own
    assert [outcome["position"] for outcome in body["outcomes"]] == [2, None, None, None, 3]
    assert body["position"] == 3
    assert recorded(log, candidate) == ["call-answered", "email-replied"]


def test_all_or_none(client: httpx.Client, candidate: UUID, log: EventLog) -> None:
    touchpoints = [called(candidate), called(candidate, kind="pigeon-sent"), called(uuid4())]
    refused = client.post(PATH, json={"touchpoints": touchpoints, "mode": "all"})
    assert problem(refused) == (409, "touchpoints-were-refused")
    assert [error["where"] for error in refused.json()["errors"]] == ["touchpoints.1.kind", "touchpoints.2.candidate"]
    assert recorded(log, candidate) == []
    answer = client.post(PATH, json={"touchpoints": [called(candidate)] * 3, "mode": "all"})
    assert answer.json()["recorded"] == 3
    assert len(recorded(log, candidate)) == 3


@pytest.mark.parametrize("n", [2, 400])
def test_a_request_that_is_sent_again_is_answered_alike_and_done_once(
    client: httpx.Client, candidate: UUID, log: EventLog, n: int
) -> None:
    client.post("/v1/candidates", json={"source": "fair", "name": "Nora Blum"})  # so that positions and numbers differ
    body = {"touchpoints": [called(uuid4()), *[called(candidate)] * n]}
    first, again = (client.post(PATH, json=body, headers={"Idempotency-Key": "bulk-1"}) for _ in range(2))
    assert first.json()["position"] == n + 2
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(recorded(log, candidate)) == n
    other = client.post(PATH, json={"touchpoints": [called(candidate)]}, headers={"Idempotency-Key": "bulk-1"})
    assert problem(other) == (422, "idempotency-key-was-used-for-another-request")


def test_a_request_of_which_nothing_could_be_recorded_is_answered_alike_too(client: httpx.Client) -> None:
    body = {"touchpoints": [called(uuid4())]}
    first, again = (client.post(PATH, json=body, headers={"Idempotency-Key": "bulk-2"}) for _ in range(2))
    assert again.json() == first.json()
    assert first.json()["position"] is None


@pytest.mark.parametrize("mode", ["each", "all"])
def test_what_is_about_an_erased_person_is_refused(
    client: httpx.Client, candidate: UUID, log: EventLog, database: str, mode: str
) -> None:
    gone = UUID(client.post("/v1/candidates", json={"source": "fair", "name": "Ines Prado"}).json()["stream"])
    with psycopg.connect(database) as owner:
        owner.execute("select destroy_person_key(%s)", (gone,))
    touchpoints = [called(gone, note="gone"), called(candidate, note="still here")]
    answer = client.post(PATH, json={"touchpoints": touchpoints, "mode": mode})
    if mode == "each":
        assert [outcome["status"] for outcome in answer.json()["outcomes"]] == [410, 201]
    else:
        assert problem(answer) == (409, "touchpoints-were-refused")
    assert len(recorded(log, candidate)) == (1 if mode == "each" else 0)


@pytest.mark.parametrize("touchpoints", [[], [{"kind": "call-answered"}], [called(UUID(int=1))] * 1001])
def test_what_has_not_the_form_of_it_is_refused_whole(client: httpx.Client, touchpoints: list[Any]) -> None:
    assert problem(client.post(PATH, json={"touchpoints": touchpoints})) == (422, "request-is-malformed")


def test_a_later_touchpoint_sees_what_an_earlier_one_did(client: httpx.Client, candidate: UUID, log: EventLog) -> None:
    given = {"purpose": "talent_pool", "channels": ["email"]}
    client.post(f"/v1/candidates/{candidate}/consents", json=given)
    touchpoints = [called(candidate, kind=kind) for kind in ("email-sent", "email-unsubscribed", "email-sent")]
    client.post(PATH, json={"touchpoints": touchpoints})
    sent = [entry.event for entry in log.history(candidate) if getattr(entry.event, "kind", None) == "email-sent"]
    assert [touchpoint.authorised for touchpoint in sent] == [True, False]  # type: ignore[attr-defined]  # a touchpoint has it
