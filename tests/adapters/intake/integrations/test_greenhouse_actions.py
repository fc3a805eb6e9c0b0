"""All that Greenhouse can say: reversals, offers, merges, changes of people and jobs, or a reason to keep it only."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest

from adapters.bootstrap import VERB_OF
from adapters.intake.integrations import greenhouse
from adapters.intake.integrations.inbound import Inbox, Received
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.intake.integrations.reconciling import Sweep, Swept
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.deliveries import Deliveries
from domain.application import ApplicationRejected
from domain.requisition import REQUISITION, OpeningFilled, OpeningOpened, OpeningReopened
from queries.jobs import JOB as JOB_PAGE
from queries.jobs import OF_JOB, page_of_job
from tests.adapters.intake.integrations.bodies import (
    DECLINED,
    EVERY_ACTION,
    HIRED,
    JOB,
    JOB_CLOSED,
    JOB_CREATED,
    JOB_GROWN,
    MERGED,
    NEW,
    OFFER_DELETED,
    OFFERED,
    REJECTED,
    ROSA,
    SECRET,
    STAGE,
    UNHIRED,
    UNREJECTED,
    UPDATED,
    application,
    delivery,
    signed,
)

GREENHOUSE = INTEGRATIONS["greenhouse"]
Receive = Callable[[bytes], Received]
Stream = Callable[[str, object], UUID]


@pytest.fixture
def inbox(log: EventLog, key_file: KeyFile) -> Inbox:
    return Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("Europe/Stockholm"))


@pytest.fixture
def receive(inbox: Inbox) -> Receive:
    return lambda body: inbox.receive(GREENHOUSE, [SECRET], signed(body), body, datetime.now(UTC))


@pytest.fixture
def sweep(inbox: Inbox, log: EventLog) -> Sweep:
    return Sweep(inbox, log, VERB_OF, Deliveries(log.recorder.datastore), log.open_delivery, lambda: datetime.now(UTC))


@pytest.fixture
def stream(key_file: KeyFile) -> Stream:
    return lambda kind, outside_id: key_file.stream_of("greenhouse", kind, str(outside_id))


def kinds(log: EventLog, stream: UUID) -> Counter[str]:
    return Counter(recorded.event.stored_name.removesuffix(".v1") for recorded in log.history(stream))


def applied(receive: Receive, *bodies: bytes) -> None:
    for body in bodies:
        assert receive(body).outcome == "applied"


def test_each_of_the_29_actions_is_used_or_kept_with_a_reason() -> None:
    read = (greenhouse.OF_APPLICATIONS, greenhouse.OF_PEOPLE, greenhouse.OF_ERASURES, greenhouse.OF_OFFERS)
    used = [action for actions in (*read, greenhouse.OF_JOBS) for action in actions]
    assert len(EVERY_ACTION) == len(set(EVERY_ACTION)) == 29
    assert sorted([*used, *greenhouse.KEPT]) == sorted([*EVERY_ACTION, "ping"])


def test_a_rejection_is_taken_back(log: EventLog, receive: Receive, stream: Stream) -> None:
    applied(receive, NEW, REJECTED, UNREJECTED, STAGE)
    counts = kinds(log, stream("application", 9001))
    assert (counts["application-rejected"], counts["application-unrejected"]) == (1, 1)


def test_a_hire_is_undone_and_its_opening_goes_on(log: EventLog, receive: Receive, stream: Stream) -> None:
    applied(receive, JOB_CREATED, NEW, HIRED, UNHIRED)
    counts = kinds(log, stream("application", 9001))
    assert (counts["candidate-hired"], counts["candidate-unhired"]) == (1, 1)
    reads = frozenset((OpeningOpened, OpeningFilled, OpeningReopened))
    openings = log.load(REQUISITION, stream("requisition", 77), reads).state.openings
    assert set(openings.values()) == {None}


def test_an_offer_is_made_when_it_is_sent_and_ends_by_its_status(
    log: EventLog, receive: Receive, stream: Stream
) -> None:
    unsent = delivery("offer_created", application_id=9001, job_id=77, sent_on=None, offer_status="Created")
    applied(receive, JOB_CREATED, NEW)
    assert receive(unsent).reason == "offer-was-not-sent"
    applied(receive, OFFERED, DECLINED, HIRED)
    counts = kinds(log, stream("application", 9001))
    assert (counts["offer-made"], counts["offer-declined"], counts["offer-accepted"]) == (2, 1, 1)


def test_a_deleted_offer_is_taken_back(log: EventLog, receive: Receive, stream: Stream) -> None:
    applied(receive, JOB_CREATED, NEW, OFFERED, OFFER_DELETED)
    assert receive(OFFER_DELETED + b" ").outcome == "duplicate"
    assert kinds(log, stream("application", 9001))["offer-rescinded"] == 1


def test_what_is_said_of_a_person_is_learned_once(log: EventLog, receive: Receive, stream: Stream) -> None:
    applied(receive, NEW, UPDATED)
    before = kinds(log, stream("candidate", 501))
    assert before["profile-fact-learned"] >= 6  # name, role, employer, link and two tags
    applied(receive, again(UPDATED))
    assert kinds(log, stream("candidate", 501)) == before


def test_an_update_of_an_unknown_person_waits_for_their_application(
    log: EventLog, receive: Receive, stream: Stream
) -> None:
    assert receive(UPDATED).outcome == "waiting"
    applied(receive, NEW)
    counts = kinds(log, stream("candidate", 501))
    assert counts["candidate-sourced"] == 1
    assert counts["profile-fact-learned"] >= 6


@pytest.mark.parametrize("order", list(itertools.permutations((MERGED, NEW, STAGE))))
def test_a_merge_joins_the_records_in_any_order(
    log: EventLog, receive: Receive, stream: Stream, order: tuple[bytes, ...]
) -> None:
    assert receive(order[0]).outcome == ("waiting" if order[0] is MERGED else "applied")
    for body in (*order[1:], *map(again, order)):
        receive(body)
    assert kinds(log, stream("candidate", 640)) == {}
    applied(receive, survivor_applies(640))
    for record in (stream("candidate", 501), stream("candidate", 640)):
        counts = kinds(log, record)
        assert (counts["candidate-sourced"], counts["candidates-merged"]) == (1, 1)


def test_a_merge_of_a_record_that_was_merged_here_already_joins_the_people(
    log: EventLog, receive: Receive, stream: Stream
) -> None:
    third = delivery("merge_candidate", person={"id": 640, "new_candidate_id": 700})
    direct = delivery("merge_candidate", person={"id": 501, "new_candidate_id": 700})
    applied(receive, NEW, survivor_applies(640), survivor_applies(700), MERGED, third, direct)
    assert kinds(log, stream("candidate", 700))["candidates-merged"] == 1


def test_a_job_grows_gets_its_team_and_is_closed(log: EventLog, receive: Receive, stream: Stream) -> None:
    applied(receive, JOB_CREATED, JOB_GROWN, again(JOB_GROWN), JOB_CLOSED, again(JOB_CLOSED))
    counts = kinds(log, stream("requisition", 77))
    assert (counts["opening-opened"], counts["requisition-closed"], counts["opening-cancelled"]) == (3, 1, 0)
    assert (counts["hiring-manager-assigned"], counts["recruiter-assigned"]) == (1, 1)


def test_a_hire_that_arrives_after_its_job_was_closed_still_fills_its_seat(
    log: EventLog, receive: Receive, stream: Stream
) -> None:
    applied(receive, JOB_CREATED, NEW, JOB_CLOSED, HIRED)
    page = page_of_job(stream("requisition", 77), log.load(JOB_PAGE, stream("requisition", 77), OF_JOB).state, 0)
    assert {seat.opening: seat.state for seat in page.openings} == {
        stream("opening", "77/G-1"): "cancelled",
        stream("opening", "77/G-2"): "filled",
    }


def again(body: bytes) -> bytes:
    """The same, sent at another time: it says something else, and so is no repetition."""
    document = json.loads(body)
    return json.dumps(document | {"payload": document["payload"] | {"noted": "later"}}).encode()


def survivor_applies(number: int) -> bytes:
    person = {**ROSA, "id": number, "email_addresses": []}
    return delivery("new_prospect_application", application=application(id=number, candidate=person, prospect=True))


EVERYTHING = (JOB_CREATED, NEW, STAGE, REJECTED, UNREJECTED, OFFERED, DECLINED, UPDATED, MERGED, HIRED, UNHIRED)


def test_a_sweep_over_what_is_complete_adds_nothing(log: EventLog, receive: Receive, sweep: Sweep) -> None:
    for body in EVERYTHING:
        receive(body)
    before = log.recorder.max_notification_id()
    assert {swept.outcome for swept in sweep.sweep(GREENHOUSE)} <= {"complete", "kept"}
    assert log.recorder.max_notification_id() == before


def test_a_sweep_applies_what_came_too_early_once(
    log: EventLog, database: str, receive: Receive, sweep: Sweep, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as forgetful:
        forgetful.setattr(Inbox, "follow", lambda *_: None)  # as if the process had died before it looked
        assert receive(OFFERED).reason == "application-is-not-known-yet"
        applied(receive, JOB_CREATED, NEW)
    (offered, *others) = sweep.sweep(GREENHOUSE)
    assert (offered.outcome, offered.events) == ("mended", 2), "the offer, and that it was followed"
    assert others == [Swept("complete"), Swept("complete")]
    assert [swept.outcome for swept in sweep.sweep(GREENHOUSE)] == ["complete"] * 3
    assert kinds(log, stream("application", 9001))["offer-made"] == 1
    with psycopg.connect(database) as connection:
        rows = connection.execute("select outcome, reason, position from delivery order by received_at").fetchall()
    assert rows[0] == ("applied", None, offered.position)


def test_a_sweep_after_a_mapping_was_mended_adds_only_what_is_missing(
    log: EventLog, receive: Receive, sweep: Sweep, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ignorant:
        ignorant.delitem(greenhouse.OF_APPLICATIONS, "unreject_candidate")
        for body in (JOB_CREATED, NEW, REJECTED, UNREJECTED):
            receive(body)
    assert kinds(log, stream("application", 9001))["application-unrejected"] == 0
    outcomes = [swept.outcome for swept in sweep.sweep(GREENHOUSE)]
    assert outcomes == ["complete", "complete", "complete", "mended"]
    counts = kinds(log, stream("application", 9001))
    assert (counts["application-rejected"], counts["application-unrejected"]) == (1, 1)
    assert [swept.outcome for swept in sweep.sweep(GREENHOUSE)] == ["complete"] * 4


def test_a_sweep_does_not_repeat_what_was_undone_since(
    log: EventLog, receive: Receive, sweep: Sweep, stream: Stream
) -> None:
    applied(receive, NEW, REJECTED, UNREJECTED)
    assert {swept.outcome for swept in sweep.sweep(GREENHOUSE)} == {"complete"}
    history = log.history(stream("application", 9001))
    (rejected,) = [recorded for recorded in history if isinstance(recorded.event, ApplicationRejected)]
    assert rejected.occurred_at == datetime(2026, 2, 20, 8, tzinfo=UTC)


def test_a_sweep_passes_over_the_erased(database: str, receive: Receive, sweep: Sweep, stream: Stream) -> None:
    applied(receive, NEW)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select destroy_person_key(%s)", (stream("candidate", 501),))
    assert list(sweep.sweep(GREENHOUSE)) == [Swept("unreadable", "erased")]


def test_a_person_who_applies_brings_what_the_delivery_says_of_them(
    log: EventLog, receive: Receive, stream: Stream
) -> None:
    body = application(candidate=ROSA | {"title": "Arborist", "tags": ["nights"]}, jobs=[JOB])
    applied(receive, delivery("new_candidate_application", application=body))
    assert kinds(log, stream("candidate", 501))["profile-fact-learned"] == 4  # name, e-mail address, title and tag
