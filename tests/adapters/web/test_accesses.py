"""The audit lists who was shown which people, on which page and when, and search terms while their key exists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from adapters.access.policy import Role
from adapters.access.principal import Principal
from adapters.access.recording import Readings
from adapters.web.services import Services
from tests.adapters.web.conftest import ACTOR, ClientAs, Post, problem

Fold = Callable[[], int]


@pytest.fixture
def seen(client_as: ClientAs, fold: Fold) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that folds everything and returns the accesses that the audit lists."""
    auditor = client_as(Role.AUDITOR)

    def seen(**parameters: Any) -> list[dict[str, Any]]:
        answer = auditor.get("/v1/audit/accesses", params=parameters | {"min_position": fold()})
        assert answer.status_code == 200, answer.text
        accesses: list[dict[str, Any]] = answer.json()["accesses"]
        return accesses

    return seen


def page(accesses: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(access["reader"], access["kind"], access["page"]) for access in accesses]


def test_each_look_at_a_candidate_is_one_access(
    client: httpx.Client, candidate: UUID, seen: Any, client_as: ClientAs, folding: None
) -> None:
    analyst = client_as(Role.ANALYST)
    for path in ("", "/timeline", "/summary", "/consents", "/communities"):
        assert client.get(f"/v1/candidates/{candidate}{path}").status_code == 200
    assert analyst.get(f"/v1/candidates/{candidate}/summary").status_code == 200
    assert client.get(f"/v1/referrers/{candidate}/referrals").status_code == 200
    accesses = seen(candidate=str(candidate))
    assert page(accesses) == [
        (ACTOR, "viewed", "referrals-made"),
        ("user:one-analyst", "viewed", "summary"),
        (ACTOR, "viewed", "candidate-communities"),
        (ACTOR, "viewed", "consents"),
        (ACTOR, "viewed", "summary"),
        (ACTOR, "viewed", "timeline"),
        (ACTOR, "viewed", "profile"),
    ]
    assert {tuple(access["people"]) for access in accesses} == {(str(candidate),)}
    assert page(seen(candidate=str(candidate), reader="user:one-analyst"))[0] == (
        "user:one-analyst",
        "viewed",
        "summary",
    )


def test_an_event_that_is_opened_is_a_look_at_whom_it_is_about_also_where_all_of_it_is_clear(
    client: httpx.Client, post: Post, candidate: UUID, seen: Any
) -> None:
    friend = post("/v1/candidates", source="fair", name="Nora Blum")["stream"]
    touched = post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered")
    merged = post(f"/v1/candidates/{friend}/merge", absorbed=str(candidate), evidence=["same-email"])
    for path in (touched, merged):
        assert client.get(f"/v1/events/{path['events'][0]['id']}/content").json()["opened"] == []
    assert [sorted(access["people"]) for access in seen() if access["page"] == "event-opening"] == [
        sorted([friend, str(candidate)]),
        [str(candidate)],
    ]


def test_how_far_an_erasure_is_is_a_look_at_whom_it_erases(client: httpx.Client, candidate: UUID, seen: Any) -> None:
    assert problem(client.get(f"/v1/erasures/{candidate}")) == (404, "erasure-was-not-requested")
    assert client.post(f"/v1/candidates/{candidate}/erase", json={}).json()["state"] == "completed"
    assert client.get(f"/v1/erasures/{candidate}").status_code == 200
    assert [(access["page"], access["people"]) for access in seen()] == [("erasure", [str(candidate)])]


def test_who_is_not_let_in_and_who_finds_nothing_leaves_no_trace(
    client: httpx.Client, anonymous: httpx.Client, candidate: UUID, seen: Any
) -> None:
    assert anonymous.get(f"/v1/candidates/{candidate}").status_code == 401
    assert client.get(f"/v1/candidates/{UUID(int=7)}").status_code == 404
    assert seen() == []


def test_a_search_tells_what_was_typed_until_the_key_of_it_is_destroyed(
    client: httpx.Client, candidate: UUID, seen: Any, fold: Fold, database: str
) -> None:
    at = {"min_position": fold()}
    assert client.get("/v1/candidates", params=at | {"q": "Prado", "limit": 5}).json()["n"] == 1
    assert client.get("/v1/candidates", params=at | {"q": "Xanthe Nowhere"}).json()["n"] == 0
    client.post("/v1/addresses/find", json={"kind": "email", "address": "x@example.org"}).raise_for_status()
    lookup, nothing, name_search = seen(kind="searched")
    assert (name_search["query"], name_search["people"]) == ('{"words": "Prado"}', [str(candidate)])
    assert (nothing["query"], nothing["people"]) == ('{"words": "Xanthe Nowhere"}', [])
    assert lookup["query"] == '{"kind": "email", "address": "x@example.org"}'
    assert lookup["page"] == "candidate-lookups"
    with psycopg.connect(database) as connection:
        connection.execute(
            "select destroy_person_key(stream_id) from event where position = %s", (name_search["position"],)
        )
    assert [(access["query"], access["erased"]) for access in seen(kind="searched")][2] == (None, True)


def test_a_search_that_finds_who_was_erased_before_the_directory_heard_of_it_keeps_and_shows_nothing(
    client: httpx.Client, post: Post, seen: Any, fold: Fold
) -> None:
    twins = [
        post("/v1/candidates", source="fair", name="Zoe Sahin", emails=["zoe@sahin.example"])["stream"] for _ in "ab"
    ]
    at = {"min_position": fold()}
    assert len(client.get("/v1/duplicates", params=at).json()["pairs"]) == 1
    assert client.post(f"/v1/candidates/{twins[0]}/erase", json={}).json()["state"] == "completed"
    people = client.get("/v1/candidates", params={"q": "Sahin"}).json()["people"]
    same = client.post("/v1/addresses/find", json={"kind": "email", "address": "zoe@sahin.example"}).json()["people"]
    assert [person["candidate"] for person in (*people, *same)] == [twins[1], twins[1]]
    assert client.get("/v1/duplicates").json()["pairs"] == []
    assert [(access["query"], access["erased"]) for access in seen(kind="searched")] == [(None, True), (None, True)]


def test_the_auditor_is_seen_too(seen: Any, candidate: UUID, client: httpx.Client) -> None:
    client.get(f"/v1/candidates/{candidate}").raise_for_status()
    seen(candidate=str(candidate))
    assert page(seen(candidate=str(candidate)))[0] == ("user:one-auditor", "viewed", "accesses")


def test_any_record_of_the_person_is_the_person(client: httpx.Client, post: Post, candidate: UUID, seen: Any) -> None:
    other = post("/v1/candidates", source="fair", name="Nora Blum")["stream"]
    client.get(f"/v1/candidates/{other}").raise_for_status()
    post(f"/v1/candidates/{candidate}/merge", absorbed=other, evidence=["same-email"])
    assert page(seen(candidate=str(candidate))) == [(ACTOR, "viewed", "profile")]
    assert [access["people"] for access in seen(candidate=other, kind="viewed", reader=ACTOR)] == [[other]]


def test_duplicates_applications_and_members_are_looks(
    client: httpx.Client, post: Post, candidate: UUID, seen: Any, fold: Fold
) -> None:
    job = post("/v1/requisitions", role="gardener")["stream"]
    application = post("/v1/applications", candidate=str(candidate), requisition=job)["stream"]
    community = post("/v1/communities", around="skill", topic="python")["stream"]
    post(f"/v1/candidates/{candidate}/communities/{community}/join")
    twin = post("/v1/candidates", emails=["a@example.org"])["stream"]
    other = post("/v1/candidates", emails=["a@example.org"])["stream"]
    at = {"min_position": fold()}
    client.get(f"/v1/applications/{application}").raise_for_status()
    client.get(f"/v1/communities/{community}/members", params=at).raise_for_status()
    assert len(client.get("/v1/duplicates", params=at).json()["pairs"]) == 1
    pairs, members, application_view = seen()
    assert (pairs["page"], pairs["people"]) == ("duplicates", sorted([twin, other]))
    assert (members["page"], members["people"]) == ("community-members", [str(candidate)])
    assert (application_view["page"], application_view["people"]) == ("application", [str(candidate)])


def test_pages_are_of_the_moment_of_the_first(
    client: httpx.Client, candidate: UUID, fold: Fold, client_as: ClientAs
) -> None:
    readers = (client, client_as(Role.RECRUITER), client_as(Role.PRIVACY_OFFICER))
    for reader, view in [(reader, view) for view in ("", "/timeline") for reader in readers][:5]:
        reader.get(f"/v1/candidates/{candidate}{view}").raise_for_status()
    parameters: dict[str, Any] = {"candidate": str(candidate), "limit": 2, "min_position": fold()}
    positions, cursor = [], ""
    while cursor is not None:
        answer = client.get("/v1/audit/accesses", params=parameters | ({"cursor": cursor} if cursor else {})).json()
        positions += [access["position"] for access in answer["accesses"]]
        cursor = answer["next"]
        fold()
    assert len(positions) == 5
    assert positions == sorted(positions, reverse=True)
    later = client.get(
        "/v1/audit/accesses", params={"as_of": f"position:{positions[-2]}", "candidate": str(candidate)}
    ).json()
    assert [access["position"] for access in later["accesses"]] == positions[-2:]
    assert problem(client.get("/v1/audit/accesses", params={"cursor": "x", "limit": 2})) == (
        422,
        "cursor-cannot-be-read",
    )


def test_it_is_for_auditors_and_privacy_officers_alone(client_as: ClientAs) -> None:
    for role in (Role.RECRUITER, Role.ANALYST, Role.ADMIN):
        assert problem(client_as(role).get("/v1/audit/accesses")) == (403, "role-may-not")


def test_what_cannot_be_recorded_is_not_answered(
    client: httpx.Client, candidate: UUID, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(log), "append_all", lambda *_: [psycopg.OperationalError("away")])
    answer = client.get(f"/v1/candidates/{candidate}")
    assert problem(answer) == (503, "log-cannot-be-reached")
    assert "Prado" not in answer.text


def test_who_saw_whom_is_not_among_the_changes(client: httpx.Client, candidate: UUID) -> None:
    client.get(f"/v1/candidates/{candidate}").raise_for_status()
    answer = client.get("/v1/changes", params={"types": "people-viewed.v1"})
    assert problem(answer) == (422, "event-type-is-unknown")
    lines = []
    with client.stream("GET", "/v1/changes") as stream:
        for line in stream.iter_lines():
            lines += [line] if line.startswith(("event: ", ": settled")) else []
            if line == ": settled 2":  # the look is in the log, and was passed over
                break
    assert lines == ["event: candidate-sourced.v1", ": settled 2"]


def test_a_view_is_one_record_an_hour_of_each_reader_and_page(services: Services, candidate: UUID, seen: Any) -> None:
    at = [datetime(2026, 5, 4, 9, 0, tzinfo=UTC)]
    readings = Readings(services.log, services.new_id, lambda: at[0], services.readings.view_stream)
    ana, ben = (Principal(name, frozenset({Role.RECRUITER})) for name in ("ana", "ben"))
    for minutes in (0, 1, 59, 60, 61, 119, 120):
        at[0] = datetime(2026, 5, 4, 9, 0, tzinfo=UTC) + timedelta(minutes=minutes)
        readings.viewed(ana, "profile", [candidate])
    readings.viewed(ben, "profile", [candidate])
    readings.viewed(ana, "timeline", [candidate])
    assert sorted(page(seen(candidate=str(candidate)))) == [
        *[("user:ana", "viewed", "profile")] * 3,
        ("user:ana", "viewed", "timeline"),
        ("user:ben", "viewed", "profile"),
    ]


def test_what_leaves_as_a_file_and_searches_are_recorded_each_time(
    client: httpx.Client, candidate: UUID, seen: Any, folding: None
) -> None:
    for _ in range(3):
        assert client.get(f"/v1/candidates/{candidate}").status_code == 200
        assert client.get("/v1/candidates", params={"q": "Prado"}).status_code == 200
        assert client.post(f"/v1/candidates/{candidate}/subject-access-report").status_code == 200
    kinds = [kind for _, kind, _ in page(seen())]
    assert (kinds.count("viewed"), kinds.count("searched"), kinds.count("exported")) == (1, 3, 3)
