"""How a consent stands and how it came to that, line by line: at any time, as known at any position, of any record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from adapters.access.policy import Role
from tests.adapters.web.conftest import ClientAs, Post, problem

YEAR = datetime.now(UTC).year - 1  # a consent of then still holds, whenever this runs
MARCH, APRIL, MAY, JUNE = (f"{YEAR}-{month:02}-01T09:00:00Z" for month in range(3, 7))
NOTICE = {"notice": "talent-pool", "notice_version": "3", "notice_sha256": "9f" * 32, "language": "en"}
Content = dict[str, Any]


def trail(client: httpx.Client, candidate: UUID | str, **parameters: str | int) -> list[Content]:
    answer = client.get(f"/v1/candidates/{candidate}/consents", params=parameters)
    lines: list[Content] = answer.raise_for_status().json()["trail"]
    return lines


def event_of(written: Content) -> str:
    event: str = written["events"][0]["id"]
    return event


@pytest.fixture
def path(candidate: UUID) -> str:
    return f"/v1/candidates/{candidate}/consents"


def test_consents_are_answered_at_a_time_and_as_known_at_a_position(
    client: httpx.Client, post: Post, path: str, candidate: UUID, fold: Callable[[], int]
) -> None:
    given = post(path, purpose="talent_pool", channels=["email"], occurred_at=MARCH)["position"]
    post(f"{path}/talent_pool/withdraw", occurred_at=JUNE)
    fold()

    def found(**parameters: str | int) -> tuple[set[str], list[str]]:
        answer = client.get(path, params=parameters).json()
        return {state["status"] for state in answer["states"]}, [line["what"] for line in answer["trail"]]

    assert found() == ({"withdrawn"}, ["given", "withdrawn"])
    assert found(as_of=f"position:{given}") == ({"given"}, ["given"])
    assert found(at=APRIL) == ({"given"}, ["given"])
    assert found(at=f"{YEAR}-02-01T09:00:00Z") == (set(), [])
    assert problem(client.get(path, params={"at": f"{YEAR}-02-01T09:00:00"})) == (422, "request-is-malformed")


def test_a_line_says_what_was_read_who_answered_who_wrote_it_down_and_from_where(
    client: httpx.Client, post: Post, path: str, candidate: UUID, fold: Callable[[], int]
) -> None:
    given = post(path, purpose="talent_pool", channels=["text", "email"], jurisdiction="de", method="web-form",
                 occurred_at=MARCH, valid_until=f"{YEAR + 1}-03-01T09:00:00Z", evidence="token 4711",
                 came_from="203.0.113.0", **NOTICE)  # fmt: skip
    fold()
    (line,) = trail(client, candidate)
    event = event_of(given)
    assert line == line | {
        "what": "given", "event": event, "record": str(candidate), "position": given["position"], "at": MARCH,
        "purpose": "talent_pool", "purpose_iri": "https://w3id.org/dpv#PersonnelHiring", "channels": ["email", "text"],
        "basis": "consent", "jurisdiction": "de", "method": "web-form", "answered_by": "self",
        "recorded_by": "user:tester", "valid_until": f"{YEAR + 1}-03-01T09:00:00Z", "evidence": "token 4711",
        "came_from": "203.0.113.0", "unreadable": False, "sent": [],
        "notice": {"id": "talent-pool", "version": "3", "sha256": "9f" * 32, "language": "en"},
        "proof": f"/v1/events/{event}/proof", "receipt": f"/v1/consents/{event}/receipt",
    }  # fmt: skip


def test_the_trail_tells_of_asking_renewing_refusing_and_what_was_sent(
    client: httpx.Client, post: Post, path: str, candidate: UUID, fold: Callable[[], int]
) -> None:
    post(f"{path}/talent_pool/request", channels=["email"], occurred_at=MARCH, note="at the fair", **NOTICE)
    first = post(path, purpose="talent_pool", channels=["email"], occurred_at=APRIL)
    renewed = post(path, purpose="talent_pool", channels=["email", "text"], occurred_at=MAY)
    post(f"{path}/newsletter/refuse", channels=["email"], occurred_at=MAY)
    sends = f"/v1/candidates/{candidate}/touchpoints"
    early = post(sends, kind="email-sent", occurred_at=f"{YEAR}-04-02T09:00:00Z")
    never = post(sends, kind="email-sent", occurred_at=f"{YEAR}-05-02T09:00:00Z")
    late = post(sends, kind="text-sent", occurred_at=f"{YEAR}-05-03T09:00:00Z")
    before = fold()
    post(f"{sends}/{never['ids']['touchpoint']}/correct")
    fold()
    lines = trail(client, candidate)
    assert [line["what"] for line in lines] == ["requested", "given", "renewed", "refused"]
    requested, given, again, refused = lines
    assert (requested["note"], requested["notice"]["version"], requested["receipt"]) == ("at the fair", "3", None)
    assert (given["event"], again["event"]) == (event_of(first), event_of(renewed))
    assert (refused["purpose"], refused["receipt"]) == ("newsletter", None)
    (sent,) = given["sent"]
    assert sent == sent | {"touchpoint": early["ids"]["touchpoint"], "kind": "email-sent",
                           "at": f"{YEAR}-04-02T09:00:00Z", "position": early["position"],
                           "proof": f"/v1/events/{event_of(early)}/proof"}  # fmt: skip
    assert [dispatch["touchpoint"] for dispatch in again["sent"]] == [late["ids"]["touchpoint"]], "one never happened"
    assert len(trail(client, candidate, as_of=f"position:{before}")[2]["sent"]) == 2
    assert trail(client, candidate, at=f"{YEAR}-05-02T10:00:00Z")[2]["sent"] == []


def test_a_withdrawal_says_by_which_message_and_how_far_it_goes(
    client: httpx.Client, post: Post, path: str, candidate: UUID, fold: Callable[[], int]
) -> None:
    post(path, purpose="talent_pool", channels=["email", "text"], occurred_at=MARCH)
    unsubscribed = post(f"/v1/candidates/{candidate}/touchpoints", kind="email-unsubscribed", purpose="talent_pool")
    post(f"{path}/talent_pool/withdraw", method="phone", reason="found a job")
    fold()
    _, by_mail, by_phone = trail(client, candidate)
    assert (by_mail["what"], by_mail["because_of"]) == ("withdrawn", unsubscribed["ids"]["touchpoint"])
    assert (by_mail["channels"], by_mail["everywhere"]) == (["email"], False)
    assert (by_phone["note"], by_phone["method"], by_phone["everywhere"]) == ("found a job", "phone", True)


def test_a_merged_persons_trail_is_that_of_all_records_as_known_then(
    client: httpx.Client, post: Post, path: str, candidate: UUID, fold: Callable[[], int]
) -> None:
    other = post("/v1/candidates", source="event", name="Nora Blum")["stream"]
    post(path, purpose="talent_pool", channels=["email"], occurred_at=MARCH)
    apart = post(f"/v1/candidates/{other}/consents", purpose="events", channels=["email"], occurred_at=APRIL)[
        "position"
    ]
    post(f"/v1/candidates/{candidate}/merge", absorbed=other, evidence=["stated"])
    merged = fold()
    for record in (candidate, other):
        assert [line["record"] for line in trail(client, record)] == [str(candidate), other]
    assert [line["record"] for line in trail(client, candidate, as_of=f"position:{apart}")] == [str(candidate)]
    post(f"/v1/candidates/{candidate}/unmerge", absorbed=str(other))
    fold()
    assert [line["record"] for line in trail(client, other)] == [other]
    assert len(trail(client, other, as_of=f"position:{merged}")) == 2


def test_of_an_erased_person_the_trail_stays_and_the_personal_is_null(
    client: httpx.Client, post: Post, path: str, candidate: UUID, database: str, fold: Callable[[], int]
) -> None:
    post(
        path, purpose="talent_pool", channels=["email"], occurred_at=MARCH, evidence="token 4711", came_from="10.0.0.0"
    )
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select destroy_person_key(%s)", (candidate,))
    fold()
    (line,) = trail(client, candidate)
    assert (line["evidence"], line["came_from"], line["unreadable"]) == (None, None, True)
    assert (line["what"], line["basis"], line["at"]) == ("given", "consent", MARCH)


def test_consents_that_end_soon_come_page_by_page_as_of_the_first(
    client: httpx.Client, post: Post, fold: Callable[[], int]
) -> None:
    people = [post("/v1/candidates", source="event", name="Nora Blum")["stream"] for _ in range(4)]
    for number, person in enumerate(people):
        ends = (datetime.now(UTC) + timedelta(days=31 + number)).isoformat()
        purpose = "events" if number == 3 else "talent_pool"
        post(f"/v1/candidates/{person}/consents", purpose=purpose, channels=["email", "text"], valid_until=ends)
    fold()
    parameters: Content = {"within": 40, "limit": 2}
    first = client.get("/v1/expiring-consents", params=parameters).raise_for_status().json()
    post(f"/v1/candidates/{people[2]}/consents/talent_pool/withdraw")
    post(f"/v1/candidates/{people[0]}/consents", purpose="talent_pool", channels=["email"])
    fold()
    second = client.get("/v1/expiring-consents", params={**parameters, "cursor": first["next"]}).json()
    assert [consent["candidate"] for page in (first, second) for consent in page["consents"]] == people
    assert (first["n"], second["n"], second["next"], first["position"]) == (4, 4, None, second["position"])
    now = client.get("/v1/expiring-consents", params={**parameters, "purpose": "talent_pool"}).json()["consents"]
    assert [(consent["candidate"], consent["channels"]) for consent in now] == [
        (people[0], ["text"]), (people[1], ["email", "text"]),
    ]  # fmt: skip
    assert now[0]["receipt"] == f"/v1/consents/{now[0]['event']}/receipt"
    assert client.get("/v1/expiring-consents").json()["consents"] == []
    assert problem(client.get("/v1/expiring-consents", params={"cursor": "far"})) == (422, "cursor-cannot-be-read")
    assert problem(client.get("/v1/expiring-consents", params={"purpose": "spam"})) == (422, "request-is-malformed")


@pytest.mark.parametrize("role", [Role.RECRUITER, Role.AUDITOR, Role.PRIVACY_OFFICER])
def test_every_role_that_may_read_consents_sees_the_evidence_and_is_recorded(
    role: Role,
    client: httpx.Client,
    client_as: ClientAs,
    post: Post,
    path: str,
    candidate: UUID,
    fold: Callable[[], int],
) -> None:
    post(path, purpose="talent_pool", channels=["email"], evidence="token 4711")
    fold()
    assert trail(client_as(role), candidate)[0]["evidence"] == "token 4711"
    fold()
    seen = client.get("/v1/audit/accesses", params={"candidate": str(candidate)}).json()
    assert (f"user:one-{role}", "consents") in {(access["reader"], access["page"]) for access in seen["accesses"]}


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_no_other_role_reads_consents(role: Role, client_as: ClientAs, candidate: UUID, path: str) -> None:
    for page in (path, "/v1/expiring-consents", f"/v1/consents/{uuid4()}/receipt"):
        assert problem(client_as(role).get(page)) == (403, "role-may-not")


def test_an_erasure_is_the_last_line_of_the_trail_and_the_consent_can_still_be_shown(
    client: httpx.Client, post: Post, path: str, candidate: UUID, fold: Callable[[], int]
) -> None:
    given = post(path, purpose="talent_pool", channels=["email"], occurred_at=MARCH, evidence="token 4711")
    sent = post(f"/v1/candidates/{candidate}/sends", kind="email-sent")
    post(f"/v1/candidates/{candidate}/erase", by="self", ground="art-17")
    fold()
    first, last = trail(client, candidate)
    assert (first["evidence"], first["unreadable"]) == (None, True)
    assert [dispatch["touchpoint"] for dispatch in first["sent"]] == [sent["ids"]["touchpoint"]]
    assert (last["what"], last["method"], last["everywhere"]) == ("erased", "erasure", True)
    states = client.get(path).json()["states"]
    assert {(state["status"], state["event"]) for state in states} == {("withdrawn", last["event"])}
    receipt = client.get(f"/v1/consents/{event_of(given)}/receipt").json()
    assert [(consent["status"], consent["event"]) for consent in receipt["standing"]] == [("erased", last["event"])]
    (dispatch,) = client.get("/v1/audit/dispatches").json()["dispatches"]
    assert (dispatch["consent"], dispatch["standing"]) == (event_of(given), "authorised")
