"""Everything that was sent is listed with the consent that allowed it, and what had none is an exception."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from adapters.access.policy import Role
from adapters.proof.dispatch_rule import DispatchRule
from adapters.proof.logged_event import LoggedEvent as Heard
from tests.adapters.web.conftest import ClientAs, Post, problem

PATH = "/v1/audit/dispatches"
YEAR = datetime.now(UTC).year - 1  # a consent of then still holds, whenever this runs
LoggedEvent = dict[str, Any]


def logged(client: httpx.Client, **parameters: Any) -> LoggedEvent:
    answer: LoggedEvent = client.get(PATH, params=parameters).raise_for_status().json()
    return answer


@pytest.fixture
def consent(post: Post, candidate: UUID) -> str:
    given = post(f"/v1/candidates/{candidate}/consents", purpose="talent_pool", channels=["email"],
                 occurred_at=f"{YEAR}-03-01T09:00:00Z")  # fmt: skip
    event: str = given["events"][0]["id"]
    return event


@pytest.fixture
def reported(post: Post, candidate: UUID, consent: str) -> Callable[..., LoggedEvent]:
    """Something that another system says it sent."""

    def reported(kind: str, day: str, person: UUID | str = candidate, **more: Any) -> LoggedEvent:
        return post(f"/v1/candidates/{person}/touchpoints", kind=kind, occurred_at=f"{day}T09:00:00Z",
                    reported_by="mailer", **more)  # fmt: skip

    return reported


def test_a_dispatch_names_the_consent_that_allowed_it_and_where_both_are_proved(
    client: httpx.Client, post: Post, candidate: UUID, consent: str, fold: Callable[[], int]
) -> None:
    sent = post(f"/v1/candidates/{candidate}/sends", kind="email-sent")
    post(f"/v1/candidates/{candidate}/touchpoints", kind="email-replied")
    fold()
    answer = logged(client)
    (line,) = answer["dispatches"]
    event = sent["events"][0]["id"]
    assert line == line | {
        "touchpoint": sent["ids"]["touchpoint"], "candidate": str(candidate), "record": str(candidate),
        "kind": "email-sent", "channel": "email", "purpose": "talent_pool", "standing": "authorised",
        "consent": consent, "reported_by": "perennial", "event": event, "corrected_by": None,
        "position": sent["position"], "proof": f"/v1/events/{event}/proof",
        "consent_proof": f"/v1/events/{consent}/proof", "consent_receipt": f"/v1/consents/{consent}/receipt",
    }  # fmt: skip
    assert answer["totals"] == {"dispatches": 1, "authorised": 1, "not_needed": 0, "exceptions": 0}
    assert [command.split()[:2] for command in answer["proved_by"]] == [
        ["perennial", "audit-bundle"], ["perennial", "verify"],
    ]  # fmt: skip


def test_what_was_reported_without_a_consent_is_an_exception_until_it_is_corrected(
    client: httpx.Client, post: Post, candidate: UUID, reported: Callable[..., LoggedEvent], fold: Callable[[], int]
) -> None:
    reported("email-sent", f"{YEAR}-04-01")
    early = reported("email-sent", f"{YEAR}-02-01")
    text = reported("text-sent", f"{YEAR}-04-02")
    letter = reported("letter-sent", f"{YEAR}-04-03")
    before = fold()
    exceptions = logged(client, exceptions="true")
    assert exceptions["totals"] == {"dispatches": 4, "authorised": 1, "not_needed": 0, "exceptions": 3}
    ids = [command["ids"]["touchpoint"] for command in (letter, text, early)]
    assert [dispatch["touchpoint"] for dispatch in exceptions["dispatches"]] == ids
    assert {(dispatch["consent"], dispatch["reported_by"]) for dispatch in exceptions["dispatches"]} == {
        (None, "mailer")
    }
    path = f"/v1/candidates/{candidate}/touchpoints/{{}}/correct"
    moved = post(path.format(ids[2]), kind="email-sent", at=f"{YEAR}-04-05T09:00:00Z")
    post(path.format(ids[1]), kind="note-written")
    post(path.format(ids[0]))
    fold()
    after = logged(client)
    assert after["totals"] == {"dispatches": 2, "authorised": 1, "not_needed": 0, "exceptions": 1}
    newest = after["dispatches"][0]
    assert (newest["touchpoint"], newest["corrected_by"]) == (ids[2], moved["events"][0]["id"])
    assert (newest["event"], newest["standing"]) == (early["events"][0]["id"], "exception"), "it cites no consent"
    assert logged(client, as_of=f"position:{before}")["totals"] == exceptions["totals"]


def test_the_offline_rule_finds_the_same_exceptions_in_the_same_log(
    client: httpx.Client, post: Post, candidate: UUID, reported: Callable[..., LoggedEvent], fold: Callable[[], int],
    database: str,
) -> None:  # fmt: skip
    post(f"/v1/candidates/{candidate}/sends", kind="email-sent")
    for kind, day in (("email-sent", f"{YEAR}-02-01"), ("email-sent", f"{YEAR}-04-01"), ("call-made", f"{YEAR}-04-02")):
        reported(kind, day)
    post(f"/v1/candidates/{candidate}/consents/talent_pool/withdraw", occurred_at=f"{YEAR}-05-01T09:00:00Z")
    reported("email-sent", f"{YEAR}-04-30")
    late = reported("email-sent", f"{YEAR}-05-02")
    sent = reported("email-sent", f"{YEAR}-04-29")["ids"]["touchpoint"]
    moved = f"/v1/candidates/{candidate}/touchpoints/{sent}/correct"
    post(moved, kind="email-sent", at=f"{YEAR}-04-28T09:00:00Z")
    assert len(agreed(client, database, fold)) == 3
    post(moved, kind="email-sent", at=f"{YEAR}-05-03T09:00:00Z")
    assert len(agreed(client, database, fold)) == 4
    assert late["events"][0]["id"] in agreed(client, database, fold)
    called = reported("call-answered", f"{YEAR}-04-10")["ids"]["touchpoint"]
    turned = post(f"/v1/candidates/{candidate}/touchpoints/{called}/correct", kind="email-sent")
    assert turned["events"][0]["id"] in agreed(client, database, fold), "alive as the consent was, it was not cited"


@pytest.mark.parametrize("two_step", [False, True], ids=["in one batch", "in several"])
def test_an_id_that_was_used_twice_hides_nothing_and_parks_no_stream(
    client: httpx.Client, post: Post, candidate: UUID, reported: Callable[..., LoggedEvent], fold: Callable[[], int],
    database: str, two_step: bool,
) -> None:  # fmt: skip
    used, other = str(uuid4()), post("/v1/candidates", source="import", name="Nora Blum")["stream"]
    for person, day in ((candidate, f"{YEAR}-02-01"), (candidate, f"{YEAR}-02-02"), (other, f"{YEAR}-02-03")):
        reported("email-sent", day, person, touchpoint=used)
        if two_step:
            fold()
    post(f"/v1/candidates/{candidate}/touchpoints/{used}/correct", kind="email-sent", at=f"{YEAR}-02-04T09:00:00Z")
    assert len(agreed(client, database, fold)) == 3
    post(f"/v1/candidates/{candidate}/touchpoints/{used}/correct")
    assert len(agreed(client, database, fold)) == 2
    assert {projection["parked"] for projection in client.get("/v1/projections").json()["projections"]} == {0}


def test_the_offline_rule_agrees_on_renewed_consents_and_on_restrictions(
    client: httpx.Client, post: Post, candidate: UUID, reported: Callable[..., LoggedEvent], fold: Callable[[], int],
    database: str,
) -> None:  # fmt: skip
    person = f"/v1/candidates/{candidate}"
    yes = {"purpose": "talent_pool", "channels": ["email"]}
    post(f"{person}/consents", **yes, occurred_at=f"{YEAR}-04-01T09:00:00Z", valid_until=f"{YEAR}-05-01T09:00:00Z")
    renewed = post(f"{person}/consents", **yes, occurred_at=f"{YEAR}-05-02T09:00:00Z")["events"][0]["id"]
    post(f"{person}/sends", kind="email-sent", occurred_at=f"{YEAR}-04-02T09:00:00Z")
    assert agreed(client, database, fold) == set(), "allowed by one at its date, by the other when it was asked for"
    moved = reported("email-sent", f"{YEAR}-04-20")["ids"]["touchpoint"]
    post(f"{person}/touchpoints/{moved}/correct", kind="email-sent", at=f"{YEAR}-04-21T09:00:00Z")
    assert agreed(client, database, fold) == set()
    short = {"occurred_at": f"{YEAR}-04-05T09:00:00Z", "valid_until": f"{YEAR}-04-06T09:00:00Z"}
    post(f"{person}/consents", **yes, **short)
    post(f"{person}/touchpoints/{moved}/correct", kind="email-sent", at=f"{YEAR}-04-22T09:00:00Z")
    assert len(agreed(client, database, fold)) == 1, "the newest answer by then had ended"
    sent = reported("email-sent", f"{YEAR}-05-03")
    fold()
    assert logged(client)["dispatches"][0]["consent"] == renewed
    post(f"{person}/restrict", ground="disputed", occurred_at=f"{YEAR}-05-04T09:00:00Z")
    moved = sent["ids"]["touchpoint"]
    post(f"{person}/touchpoints/{moved}/correct", kind="email-sent", at=f"{YEAR}-05-05T09:00:00Z")
    assert len(agreed(client, database, fold)) == 2, "nothing was to be sent then"
    post(f"{person}/touchpoints/{moved}/correct", kind="email-sent", at=f"{YEAR}-05-03T10:00:00Z")
    assert len(agreed(client, database, fold)) == 1


def test_no_report_in_our_name_bypasses_the_gate(client: httpx.Client, candidate: UUID) -> None:
    body = {"kind": "email-sent", "occurred_at": f"{YEAR}-04-01T09:00:00Z", "reported_by": "perennial"}
    path = f"/v1/candidates/{candidate}/touchpoints"
    assert problem(client.post(path, json=body)) == (422, "own-send-is-requested")
    assert client.post(path, json={**body, "kind": "email-replied"}).status_code == 201


def agreed(client: httpx.Client, database: str, fold: Callable[[], int]) -> set[str]:
    """The events of the exceptions, as the report and the rule that is replayed offline both name them."""
    fold()
    report, rule = logged(client, exceptions="true"), DispatchRule()
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select position, stream_id::text, stream_version, event_id::text, type,"
            " coalesce(occurred_at, recorded_at), recorded_at, actor, clear from event order by position"
        ).fetchall()
    for index, (position, stream, version, event, type_, at, recorded_at, actor, clear) in enumerate(rows):
        rule.hear(Heard(index, position, stream, version, event, type_, at, recorded_at, actor, "", "", (), clear))
    exceptions = {exception.event for exception in rule.exceptions}
    assert {dispatch["corrected_by"] or dispatch["event"] for dispatch in report["dispatches"]} == exceptions
    assert report["totals"]["dispatches"] == rule.believed
    return exceptions


def test_dispatches_are_asked_by_day_person_and_purpose_and_come_page_by_page(
    client: httpx.Client, post: Post, candidate: UUID, consent: str, reported: Callable[..., LoggedEvent],
    fold: Callable[[], int],
) -> None:  # fmt: skip
    other = post("/v1/candidates", source="event", name="Nora Blum")["stream"]
    days = [f"{YEAR}-04-{day:02}" for day in range(1, 6)]
    for day in days:
        reported("email-sent", day)
    reported("newsletter-sent", f"{YEAR}-04-02", other)
    post(f"/v1/candidates/{candidate}/merge", absorbed=other, evidence=["stated"])
    fold()
    first = logged(client, limit=4)
    reported("email-sent", f"{YEAR}-04-06")
    fold()
    second = logged(client, limit=4, cursor=first["next"])
    assert [dispatch["at"][:10] for page in (first, second) for dispatch in page["dispatches"]] == [
        *reversed(days[2:]), f"{YEAR}-04-02", f"{YEAR}-04-02", f"{YEAR}-04-01",
    ]  # fmt: skip
    assert second["totals"] == first["totals"]
    assert logged(client, **{"from": f"{YEAR}-04-02", "to": f"{YEAR}-04-04"})["totals"]["dispatches"] == 3
    (letter,) = logged(client, purpose="newsletter")["dispatches"]
    assert (letter["record"], letter["candidate"]) == (other, str(candidate))
    assert logged(client, candidate=other)["totals"]["dispatches"] == 7
    assert problem(client.get(PATH, params={"candidate": str(uuid4())})) == (404, "candidate-does-not-exist")
    assert problem(client.get(PATH, params={"purpose": "events", "cursor": first["next"]})) == (
        422,
        "cursor-cannot-be-read",
    )
    assert problem(client.get(PATH, params={"from": f"{YEAR}-04-02", "to": f"{YEAR}-04-02"})) == (
        422,
        "period-is-empty",
    )


def test_auditors_see_dispatches_and_recruiters_do_not(client_as: ClientAs, fold: Callable[[], int]) -> None:
    fold()
    assert logged(client_as(Role.AUDITOR))["totals"]["dispatches"] == 0
    assert problem(client_as(Role.RECRUITER).get(PATH)) == (403, "role-may-not")
