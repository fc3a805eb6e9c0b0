"""What can be read of one candidate, and what is left of it after an erasure."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from tests.web.conftest import Post, problem


def erase(database: str, candidate: UUID) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select destroy_person_key(%s)", (candidate,))


def test_the_profile_is_opened_from_the_log(client: httpx.Client, post: Post, candidate: UUID) -> None:
    for employer in ("Botanical Gardens", "City Parks"):
        post(f"/v1/candidates/{candidate}/profile-facts", fact="employer", learned_from="self", value=employer)
    answer = client.get(f"/v1/candidates/{candidate}")
    told = answer.json()
    assert answer.headers["etag"] == '"3"'
    assert (told["name"], told["source"], told["role"], told["version"]) == ("Ines Prado", "career-site", "gardener", 3)
    assert told["facts"] == [{"fact": "employer", "learned_from": "self", "value": "City Parks"}]
    assert told["erased"] is False


def test_of_an_erased_person_the_personal_is_null(
    client: httpx.Client, post: Post, candidate: UUID, database: str
) -> None:
    post(f"/v1/candidates/{candidate}/touchpoints", kind="note-written", note="allergic to pollen")
    erase(database, candidate)
    told = client.get(f"/v1/candidates/{candidate}").json()
    assert (told["name"], told["emails"], told["erased"], told["source"]) == (None, None, True, "career-site")
    sourced, noted = client.get(f"/v1/candidates/{candidate}/timeline").json()["events"]
    assert sourced["erased"] is noted["erased"] is True
    assert (noted["data"]["note"], noted["data"]["kind"]) == (None, "note-written")
    refused = client.post(f"/v1/candidates/{candidate}/touchpoints", json={"kind": "note-written", "note": "still"})
    assert problem(refused) == (410, "person-was-erased")


def test_the_time_line_comes_page_by_page(client: httpx.Client, post: Post, candidate: UUID) -> None:
    for number in range(6):
        post(f"/v1/candidates/{candidate}/touchpoints", kind="note-written", note=f"note {number}")
    pages, after = [], 0
    while after is not None:
        page = client.get(f"/v1/candidates/{candidate}/timeline", params={"after": after, "limit": 3}).json()
        pages.append([event["version"] for event in page["events"]])
        after = page["next"]
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


def test_reads_of_nobody_are_not_found(client: httpx.Client, post: Post, fold: Callable[[], int]) -> None:
    requisition = post("/v1/requisitions")["stream"]
    fold()
    for nobody in (uuid4(), requisition):
        for page in ("", "/timeline", "/summary", "/consents"):
            assert problem(client.get(f"/v1/candidates/{nobody}{page}")) == (404, "candidate-does-not-exist")


def test_consents_are_answered_at_a_time_and_as_known_at_a_position(
    client: httpx.Client, post: Post, candidate: UUID, fold: Callable[[], int]
) -> None:
    path = f"/v1/candidates/{candidate}/consents"
    given = post(path, purpose="talent_pool", channels=["email"], occurred_at="2026-03-01T09:00:00Z")["position"]
    post(f"{path}/talent_pool/withdrawal", occurred_at="2026-06-01T09:00:00Z")
    fold()

    def statuses(**asked: str | int) -> set[str]:
        return {state["status"] for state in client.get(path, params=asked).json()["states"]}

    assert statuses() == {"withdrawn"}
    assert statuses(as_of=given) == {"given"}
    assert statuses(at="2026-04-01T09:00:00Z") == {"given"}
    assert statuses(at="2026-02-01T09:00:00Z") == set()
    assert problem(client.get(path, params={"at": "2026-02-01T09:00:00"})) == (422, "request-is-malformed")


def test_the_summary_waits_for_what_was_written(
    client: httpx.Client, post: Post, candidate: UUID, fold: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    position = post(f"/v1/candidates/{candidate}/touchpoints", kind="email-replied")["position"]
    fold()
    told = client.get(f"/v1/candidates/{candidate}/summary", params={"min_position": position}).json()
    assert (told["contacts"], told["position"]) == (1, position)
    monkeypatch.setattr("adapters.web.asking.PATIENCE_SECONDS", 0.1)
    later = post(f"/v1/candidates/{candidate}/touchpoints", kind="email-replied")["position"]
    late = client.get(f"/v1/candidates/{candidate}/summary", params={"min_position": later})
    assert problem(late) == (504, "read-model-is-behind")
