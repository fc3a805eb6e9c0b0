"""The table in docs/greenhouse.md says what becomes of each action; each row is held against what does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from adapters.bootstrap import VERB_OF
from adapters.intake.integrations.inbound import Inbox, Received
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from commands.cancel_opening import CancelOpening
from commands.handle import Occasion, handle
from domain.candidate import CANDIDATE, ENTRIES, FACTS
from domain.profile_facts import believed
from domain.requisition import (
    OPENINGS,
    REQUISITION,
    OpeningCancelled,
    OpeningFilled,
    RequisitionOpened,
    RequisitionRenamed,
)
from queries.jobs import JOB as JOB_PAGE
from queries.jobs import OF_JOB, page_of_job
from tests.adapters.intake.integrations.bodies import (
    ANONYMISED,
    DELETED,
    EVERY_ACTION,
    HIRED,
    JOB,
    JOB_CLOSED,
    JOB_CREATED,
    MERGED,
    NEW,
    OFFER_DELETED,
    OFFERED,
    PROSPECT,
    REJECTED,
    ROSA,
    SEATS,
    SECRET,
    STAGE,
    UNHIRED,
    UNREJECTED,
    UPDATED,
    delivery,
    offer,
    signed,
)

TABLE = Path(__file__).parents[4] / "docs" / "greenhouse.md"
Receive = Callable[[bytes], Received]


class Line(NamedTuple):
    """A row of the table: the events that may come of the action, and the reasons for which it may be kept."""

    events: set[str]
    reasons: set[str]


def table() -> dict[str, Line]:
    rows = re.findall(r"^\| `(\w+)` \|(.*?)\|.*?\|(.*?)\|$", TABLE.read_text(), re.MULTILINE)
    codes = re.compile(r"`([a-z-]+)`")
    return {name: Line(set(codes.findall(becomes)), set(codes.findall(kept))) for name, becomes, kept in rows}


def again(body: bytes, part: str, **more: Any) -> bytes:
    """The same body with something else in one part of it."""
    document = json.loads(body)
    document["payload"][part] = document["payload"][part] | more
    return json.dumps(document).encode()


NEWER = ROSA | {"last_name": "Lind-Berg", "updated_at": "2026-03-01T08:00:00Z"}
TEAM = {"hiring_managers": [{"user_id": 11}], "recruiters": [{"user_id": 22}]}
WITH_SEATS, WITH_TEAM = JOB | {"openings": SEATS}, JOB | {"openings": SEATS, "hiring_team": TEAM}
TAKEN = offer("offer_updated", "Accepted", resolved_at="2026-02-27T08:00:00Z")
GONE = offer("offer_updated", "Gone")
PERSON = {"person": {"id": 501}, "candidate": {"id": 501}, "application": {"id": 9001, "candidate": {"id": 501}}}
MOVED = again(STAGE, "application", candidate=NEWER)
UPDATED_APPLICATION = MOVED.replace(b"candidate_stage_change", b"application_updated")
OF_SURVIVOR = again(NEW, "application", id=9640, candidate={"id": 640})
STORIES: dict[str, list[tuple[list[bytes], bytes]]] = {
    "new_candidate_application": [
        ([], again(NEW, "application", candidate=ROSA | {"tags": ["nights"]})),
        ([NEW], again(NEW, "application", candidate=NEWER)),
    ],
    "new_prospect_application": [
        ([], again(PROSPECT, "application", candidate=ROSA | {"tags": ["a"]}, current_stage={"id": 1, "name": "Talk"}))
    ],
    "application_updated": [([NEW], UPDATED_APPLICATION)],
    "candidate_stage_change": [([NEW], again(STAGE, "application", candidate=NEWER))],
    "reject_candidate": [([NEW], again(REJECTED, "application", candidate=NEWER))],
    "unreject_candidate": [([NEW, REJECTED], again(UNREJECTED, "application", candidate=NEWER))],
    "hire_candidate": [
        ([NEW], again(HIRED, "application", candidate=NEWER)),
        ([NEW, JOB_CREATED], again(HIRED, "application", opening={"opening_id": "G-2", "opened_at": "2026-01-14"})),
    ],
    "unhire_candidate": [([NEW, HIRED], again(UNHIRED, "application", candidate=NEWER))],
    "update_candidate": [([NEW], UPDATED)],
    "merge_candidate": [([NEW, OF_SURVIVOR], MERGED)],
    "offer_created": [([NEW], OFFERED), ([NEW], offer("offer_created", "Created", None))],
    "offer_approved": [([NEW], offer("offer_approved", "Created")), ([NEW], offer("offer_approved", "Created", None))],
    "offer_updated": [
        ([NEW], TAKEN),
        ([NEW], offer("offer_updated", "Rejected", resolved_at="2026-02-27T08:00:00Z")),
        ([NEW, TAKEN], offer("offer_updated", "Rejected", resolved_at="2026-02-28T08:00:00Z")),
        ([NEW, offer("offer_updated", "Rejected", resolved_at="2026-03-09T08:00:00Z")], TAKEN),
        ([NEW], GONE),
    ],
    "offer_deleted": [([NEW, OFFERED], OFFER_DELETED)],
    "job_created": [
        ([], delivery("job_created", job=WITH_TEAM)),
        ([], delivery("job_created", job=JOB | {"status": "draft"})),
    ],
    "job_approved": [
        ([], delivery("job_approved", job=WITH_TEAM)),
        ([], delivery("job_approved", job=JOB | {"status": "draft"})),
    ],
    "job_updated": [
        ([NEW], delivery("job_updated", job=WITH_TEAM | {"name": "Gardener", "opened_at": "2026-01-13T08:00:00Z"})),
        ([JOB_CREATED], JOB_CLOSED),
        ([JOB_CREATED], delivery("job_updated", job=JOB | {"openings": [SEATS[0] | {"opened_at": "2026-01-14"}]})),
        ([JOB_CREATED, JOB_CLOSED], delivery("job_updated", job=WITH_SEATS)),
        ([], delivery("job_updated", job=JOB | {"status": "draft"})),
    ],
}
STORIES |= {
    "candidate_anonymized": [([NEW], ANONYMISED)],
    "delete_candidate": [([NEW], DELETED)],
}
UNUSED = (
    *("delete_application", "job_deleted", "department_deleted", "office_deleted"),
    *("interview_deleted", "scorecard_deleted", "job_interview_stage_deleted"),
    *("job_post_created", "job_post_updated", "job_post_deleted"),
)
STORIES |= {action: [([NEW], delivery(action, **PERSON))] for action in UNUSED}


@pytest.fixture
def receive(log: EventLog, key_file: KeyFile) -> Receive:
    inbox = Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("Europe/Stockholm"))
    return lambda body: inbox.receive(INTEGRATIONS["greenhouse"], [SECRET], signed(body), body, datetime.now(UTC))


def test_the_table_has_each_of_the_29_actions_once() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", TABLE.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(EVERY_ACTION) == sorted(STORIES)


@pytest.mark.parametrize("action", EVERY_ACTION)
def test_what_becomes_of_an_action_is_what_its_row_says(database: str, key_file: KeyFile, action: str) -> None:
    """Its stories together make every event and every reason of the row, and nothing else."""
    line, events, reasons = table()[action], set[str](), set[str]()
    for number, (before, last) in enumerate(STORIES[action]):
        with EventLog(database, key_file) as log:
            inbox = Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("Europe/Stockholm"))

            def take(body: bytes) -> Received:
                own = renumbered(body, number)  # noqa: B023 - it is called in this round alone
                now = datetime.now(UTC)
                return inbox.receive(INTEGRATIONS["greenhouse"], [SECRET], signed(own), own, now)  # noqa: B023 - as above

            for body in before:
                assert take(body).outcome == "applied"
            head = log.recorder.max_notification_id() or 0
            received = take(last)
            reasons |= {received.reason} - {None}  # type: ignore[arg-type]  # mypy keeps the None that is taken out
            notifications = log.recorder.select_notifications(head, 1_000, inclusive_of_start=False)
            events |= {notification.topic.rpartition(".")[0] for notification in notifications}
            assert len(notifications) == received.events
    assert (events, reasons) == (line.events, line.reasons)


def renumbered(body: bytes, story: int) -> bytes:
    """The same delivery about other people and jobs, so that one story knows nothing of another."""
    return re.sub(rb"\b(501|9001|77|640)\b", lambda match: match[0] + b"%d" % story, body).replace(
        b"rosa@", b"rosa%d@" % story
    )


def test_an_offer_is_made_and_declined_once(log: EventLog, receive: Receive, key_file: KeyFile) -> None:
    stream = key_file.stream_of("greenhouse", "application", "9001")
    declined: dict[str, Any] = {"resolved_at": "2026-02-27T08:00:00Z"}
    receive(JOB_CREATED)
    receive(NEW)
    for body in (
        offer("offer_updated", "Rejected", **declined),
        OFFERED,
        offer("offer_updated", "Rejected", **declined, start_date="2026-05-01"),
        offer("offer_updated", "Rejected", **(declined | {"version": 2})),
        offer("offer_approved", "Created"),
    ):
        assert receive(body).outcome in ("applied", "duplicate")
    assert names(log, stream, "offer") == ["offer-made.v1", "offer-declined.v1"]
    again_sent = offer("offer_created", "Created", "2026-03-02", version=3)
    taken = offer("offer_updated", "Accepted", "2026-03-02", version=3, resolved_at="2026-03-04T08:00:00Z")
    for body in (again_sent, taken, taken + b" ", HIRED, OFFERED + b"  "):
        assert receive(body).outcome in ("applied", "duplicate")
    assert names(log, stream, "offer") == ["offer-made.v1", "offer-declined.v1", "offer-made.v1", "offer-accepted.v1"]


def names(log: EventLog, stream: Any, beginning: str) -> list[str]:
    names_of_events = [recorded.event.stored_name for recorded in log.history(stream)]
    return [name for name in names_of_events if name.startswith(beginning)]


OPENED_AGAIN = delivery("job_updated", job=WITH_SEATS | {"updated_at": "2026-03-12T08:00:00Z"})


def test_a_closed_job_opens_again_with_the_openings_that_are_free(
    log: EventLog, receive: Receive, key_file: KeyFile
) -> None:
    stream = key_file.stream_of("greenhouse", "requisition", "77")
    for body in (JOB_CREATED, NEW, HIRED, JOB_CLOSED, OPENED_AGAIN, OPENED_AGAIN + b" "):
        assert receive(body).outcome in ("applied", "duplicate")
    page = page_of_job(stream, log.load(JOB_PAGE, stream, OF_JOB).state, 0)
    first, second = (key_file.stream_of("greenhouse", "opening", f"77/G-{number}") for number in (1, 2))
    assert {seat.opening: seat.state for seat in page.openings} == {first: "open", second: "filled"}
    names_of_events = names(log, stream, "requisition-")
    assert names_of_events == ["requisition-opened.v1", "requisition-closed.v1", "requisition-reopened.v1"]


def test_the_openings_that_an_earlier_release_gave_up_are_open_again_with_their_job(
    log: EventLog, receive: Receive, key_file: KeyFile
) -> None:
    """It cancelled each of them, as of the time at which the job was closed."""
    stream = key_file.stream_of("greenhouse", "requisition", "77")
    first, second = (key_file.stream_of("greenhouse", "opening", f"77/G-{number}") for number in (1, 2))
    for body in (JOB_CREATED, NEW, HIRED):
        assert receive(body).outcome == "applied"
    closed_at = datetime(2026, 3, 10, 8, tzinfo=UTC)
    now = datetime(2026, 6, 1, 9, tzinfo=UTC)
    given_up = CancelOpening(requisition=stream, opening=first, reason="job-closed", occurred_at=closed_at, now=now)
    handle(log, VERB_OF, Occasion(UUID(int=1), "integration:greenhouse", now), lambda: (given_up,))
    edited_before = delivery("job_updated", job=WITH_SEATS | {"updated_at": "2026-03-09T08:00:00Z"})
    for body, ended in ((edited_before, OpeningCancelled), (OPENED_AGAIN, None)):
        assert receive(body).outcome == "applied"
        openings = log.load(REQUISITION, stream, frozenset(OPENINGS)).state.openings
        assert openings == {first: ended, second: OpeningFilled}


def test_an_older_body_does_not_take_a_newer_name_back(log: EventLog, receive: Receive, key_file: KeyFile) -> None:
    bodies = [
        delivery("job_updated", job=JOB | {"name": name, "updated_at": at})
        for name, at in (("Gardener", "2026-03-02T08:00:00Z"), ("Grower", "2026-02-02T08:00:00Z"))
    ]
    for body in (JOB_CREATED, *bodies):
        receive(body)
    stream = key_file.stream_of("greenhouse", "requisition", "77")
    state = log.load(REQUISITION, stream, frozenset((RequisitionOpened, RequisitionRenamed))).state
    assert [turn.value for turn in state.title.turns] == ["Head Gardener", "Grower", "Gardener"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_name_holds_from_the_bodys_own_time(
    log: EventLog, receive: Receive, key_file: KeyFile, order: tuple[int, int]
) -> None:
    mail = [{"value": "rosa@berg.example", "type": "personal"}]
    newest = ROSA | {"last_name": "Lind-Berg", "email_addresses": mail}
    bodies = [
        again(STAGE, "application", candidate=ROSA | {"last_name": "Berg"}, last_activity_at="2026-02-10T08:00:00Z"),
        again(STAGE, "application", candidate=newest, last_activity_at="2026-02-20T08:00:00Z"),
    ]
    receive(NEW)
    for number in order:
        assert receive(bodies[number]).outcome == "applied"
    rosa = key_file.stream_of("greenhouse", "candidate", "501")
    facts = believed(log.load(CANDIDATE, rosa, frozenset((*ENTRIES, *FACTS))).state.everything_told())
    assert [fact.value for fact in facts if fact.fact == "name"] == ["Rosa Lind-Berg"]
    assert {fact.value for fact in facts if fact.fact == "email"} == {"rosa@lind.example", "rosa@berg.example"}
