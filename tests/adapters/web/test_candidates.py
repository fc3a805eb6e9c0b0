"""What can be read of one candidate, and what is left of it after an erasure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from tests.adapters.web.conftest import Post, problem


def erase(database: str, candidate: UUID) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select destroy_person_key(%s)", (candidate,))


def test_the_profile_is_opened_from_the_log(client: httpx.Client, post: Post, candidate: UUID) -> None:
    for employer in ("Botanical Gardens", "City Parks"):
        post(f"/v1/candidates/{candidate}/profile-facts", fact="employer", learned_from="self", value=employer)
    answer = client.get(f"/v1/candidates/{candidate}")
    body = answer.json()
    assert answer.headers["etag"] == '"3"'
    assert (body["name"], body["source"], body["role"], body["version"]) == ("Ines Prado", "career-site", "gardener", 3)
    assert (body["candidate"], body["records"], body["merged_into"]) == (str(candidate), [str(candidate)], None)
    assert [(fact["fact"], fact["value"]) for fact in body["facts"]] == [
        ("employer", "City Parks"),
        ("name", "Ines Prado"),
    ]
    assert body["erased"] is False


def test_a_belief_names_its_source_and_what_it_overruled(client: httpx.Client, post: Post, candidate: UUID) -> None:
    path = f"/v1/candidates/{candidate}/profile-facts"
    guessed = post(path, fact="current-employer", learned_from="enrichment", value="City Parks")
    own_statement = post(path, fact="current-employer", learned_from="self", value="Botanical Gardens",
                occurred_at="2026-03-01T09:00:00Z")  # fmt: skip
    post(path, fact="current-employer", learned_from="import", value="botanical gardens")
    (fact,) = facts(client, candidate, "current-employer")
    (event,) = own_statement["events"]
    assert fact["because"] == {
        "value": "Botanical Gardens", "learned_from": "self", "at": "2026-03-01T09:00:00Z",
        "record": str(candidate), "event": event["id"], "position": own_statement["position"],
    }  # fmt: skip
    assert [confirmation["learned_from"] for confirmation in fact["confirmed_by"]] == ["import"]
    assert [(belief["value"], belief["position"]) for belief in fact["overruled"]] == [
        ("City Parks", guessed["position"])
    ]
    post(f"{path}/retract", fact="current-employer", learned_from="self", value="Botanical Gardens")
    (fact,) = facts(client, candidate, "current-employer")
    assert (fact["value"], fact["because"]["learned_from"]) == ("botanical gardens", "import")
    refused = client.post(
        f"{path}/retract", json={"fact": "current-employer", "learned_from": "self", "value": "Botanical Gardens"}
    )
    assert problem(refused) == (409, "profile-fact-was-not-told")


def facts(client: httpx.Client, candidate: UUID, fact: str) -> list[dict[str, Any]]:
    facts_of_profile = client.get(f"/v1/candidates/{candidate}").json()["facts"]
    return [profile_fact for profile_fact in facts_of_profile if profile_fact["fact"] == fact]


def test_facts_of_the_entry_are_learned_from_its_source(client: httpx.Client, post: Post) -> None:
    entered = {
        "source": "career-site",
        "name": "Ines",
        "emails": ["i@example.org", "ines@example.org"],
        "phones": ["+1 555 0101"],
    }
    ines = UUID(post("/v1/candidates", **entered)["stream"])
    post(f"/v1/candidates/{ines}/profile-facts", fact="name", learned_from="recruiter", value="Ines Prado")
    post(f"/v1/candidates/{ines}/profile-facts/retract", fact="email", learned_from="career-site",
         value="I@example.org")  # fmt: skip
    answer = client.get(f"/v1/candidates/{ines}").json()
    assert (answer["name"], answer["emails"], answer["phones"]) == ("Ines Prado", ["ines@example.org"], ["+1 555 0101"])
    assert facts(client, ines, "name")[0]["overruled"][0]["learned_from"] == "career-site"


@pytest.fixture
def other(post: Post) -> UUID:
    """Another record, which may turn out to be of the same person."""
    return UUID(post("/v1/candidates", source="import", role="florist", name="I. Prado", emails=["i@b.org"])["stream"])


def test_a_merged_person_has_one_profile_under_every_record(
    client: httpx.Client, post: Post, candidate: UUID, other: UUID
) -> None:
    third = UUID(post("/v1/candidates", source="event", name="Inês")["stream"])
    post(f"/v1/candidates/{other}/profile-facts", fact="skill", learned_from="self", value="grafting")
    post(f"/v1/candidates/{other}/merge", absorbed=str(third), evidence=["stated"])
    post(f"/v1/candidates/{candidate}/merge", absorbed=str(other), evidence=["same-name"])
    post(f"/v1/candidates/{third}/profile-facts", fact="skill", learned_from="self", value="pruning")
    profiles = {record: client.get(f"/v1/candidates/{record}").json() for record in (candidate, other, third)}
    for record, profile in profiles.items():
        assert profile["records"] == [str(candidate), str(other), str(third)]
        assert profile["candidate"] == str(candidate)
        assert profile["merged_into"] == (None if record == candidate else str(candidate))
        assert (profile["source"], profile["role"]) == ("career-site", "gardener"), "as the speaking record entered"
        assert profile["name"] == "I. Prado", "an import is trusted more than where the others came from"
        assert profile["facts"] == profiles[candidate]["facts"]
    skills = {fact["value"]: fact["because"]["record"] for fact in facts(client, candidate, "skill")}
    assert skills == {"grafting": str(other), "pruning": str(third)}
    assert [profiles[record]["version"] for record in (candidate, other, third)] == [2, 4, 3]


def test_an_unmerge_gives_each_record_its_own_profile_back(
    client: httpx.Client, post: Post, candidate: UUID, other: UUID
) -> None:
    before = [client.get(f"/v1/candidates/{record}").json() for record in (candidate, other)]
    post(f"/v1/candidates/{candidate}/merge", absorbed=str(other), evidence=["stated"])
    post(f"/v1/candidates/{candidate}/unmerge", absorbed=str(other))
    after = [client.get(f"/v1/candidates/{record}").json() for record in (candidate, other)]
    assert [{**profile, "version": 3} for profile in before] == after


def test_a_merged_persons_time_line_is_one(client: httpx.Client, post: Post, candidate: UUID, other: UUID) -> None:
    written = [post(f"/v1/candidates/{record}/touchpoints", kind="note-written") for record in (other, candidate)]
    post(f"/v1/candidates/{candidate}/merge", absorbed=str(other), evidence=["stated"])
    answer = client.get(f"/v1/candidates/{other}/timeline").json()
    assert (answer["candidate"], answer["merged_into"]) == (str(candidate), str(candidate))
    assert [event["record"] for event in answer["events"]] == [
        str(record) for record in (candidate, other, other, candidate, other, candidate)
    ]
    assert [event["position"] for event in answer["events"]] == sorted(event["position"] for event in answer["events"])
    assert written[0]["position"] in [event["position"] for event in answer["events"]]


def test_a_time_line_that_grows_while_it_is_read_is_read_once(
    client: httpx.Client, post: Post, candidate: UUID, other: UUID
) -> None:
    post(f"/v1/candidates/{candidate}/merge", absorbed=str(other), evidence=["stated"])
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = client.get(f"/v1/candidates/{candidate}/timeline", params={"cursor": after, "limit": 2}).json()
        seen += [event["position"] for event in page["events"]]
        after = page["next"]
        if len(seen) < 6:
            for record in (candidate, other):
                post(f"/v1/candidates/{record}/touchpoints", kind="note-written")
    whole = client.get(f"/v1/candidates/{candidate}/timeline").json()
    assert seen == [event["position"] for event in whole["events"]]
    assert len(seen) == 8


def test_of_an_erased_person_the_personal_is_null(
    client: httpx.Client, post: Post, candidate: UUID, database: str
) -> None:
    post(f"/v1/candidates/{candidate}/touchpoints", kind="note-written", note="allergic to pollen")
    erase(database, candidate)
    answer = client.get(f"/v1/candidates/{candidate}").json()
    assert (answer["name"], answer["emails"], answer["erased"], answer["source"]) == (None, None, True, "career-site")
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
        page = client.get(f"/v1/candidates/{candidate}/timeline", params={"cursor": after, "limit": 3}).json()
        pages.append([event["version"] for event in page["events"]])
        after = page["next"]
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


def test_reads_of_unknown_candidates_are_not_found(client: httpx.Client, post: Post, fold: Callable[[], int]) -> None:
    requisition = post("/v1/requisitions")["stream"]
    fold()
    for unknown in (uuid4(), requisition):
        for page in ("", "/timeline", "/summary", "/consents"):
            assert problem(client.get(f"/v1/candidates/{unknown}{page}")) == (404, "candidate-does-not-exist")


def test_the_summary_waits_for_what_was_written(
    client: httpx.Client, post: Post, candidate: UUID, fold: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    position = post(f"/v1/candidates/{candidate}/touchpoints", kind="email-replied")["position"]
    fold()
    answer = client.get(f"/v1/candidates/{candidate}/summary", params={"min_position": position}).json()
    assert (answer["contacts"], answer["position"]) == (1, position)
    monkeypatch.setattr("adapters.web.framework.query_runner.PATIENCE_SECONDS", 0.1)
    later = post(f"/v1/candidates/{candidate}/touchpoints", kind="email-replied")["position"]
    late = client.get(f"/v1/candidates/{candidate}/summary", params={"min_position": later})
    assert problem(late) == (504, "read-model-is-behind")
