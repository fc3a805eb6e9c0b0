"""What came before its cause waits, sealed for its person, and is applied when the cause comes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from adapters.bootstrap import VERB_OF
from adapters.intake.integrations import inbound as inbound_module
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.intake.integrations.waiting import Waiting
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from commands.handle import Occasion, handle
from commands.hire_candidate import HireCandidate
from commands.request_erasure import RequestErasure
from commands.source_candidate import SourceCandidate
from domain.application import APPLICATION, STANDING
from tests.adapters.intake.integrations.bodies import (
    DECLINED,
    HIRED,
    JOB_CLOSED,
    JOB_CREATED,
    MERGED,
    NEW,
    OFFERED,
    REJECTED,
    ROSA,
    UNHIRED,
    UNREJECTED,
    application,
    delivery,
)
from tests.adapters.intake.integrations.test_greenhouse import NOW, Receive, inbox, kinds, receive, rows, stream

__all__ = ["inbox", "receive", "stream"]  # fixtures
Stream = Callable[[str, object], UUID]
MOVED_ON = delivery(
    "candidate_stage_change",
    application=application(last_activity_at="2026-02-25T08:00:00Z", current_stage={"id": 3, "name": "Offer"}),
)


def other(number: int) -> bytes:
    person = ROSA | {"id": number, "email_addresses": []}
    return delivery("new_prospect_application", application=application(id=number, candidate=person, prospect=True))


EARLY = [
    pytest.param((NEW, UNREJECTED), (REJECTED,), "application-is-not-rejected", id="unreject before its reject"),
    pytest.param((NEW, UNHIRED), (JOB_CREATED, HIRED), "candidate-is-not-hired", id="unhire before its hire"),
    pytest.param((NEW, REJECTED, MOVED_ON), (UNREJECTED,), "application-has-ended", id="a stage before the unreject"),
    pytest.param((OFFERED,), (JOB_CREATED, NEW), "application-is-not-known-yet", id="an offer before its application"),
    pytest.param((NEW, MERGED), (other(640),), "candidate-is-not-known-yet", id="a merge before its survivor"),
    pytest.param((JOB_CLOSED,), (JOB_CREATED,), "job-is-not-known-yet", id="a closing before the job"),
]


@pytest.mark.parametrize(("early", "causes", "reason"), EARLY)
def test_what_comes_before_its_cause_waits_and_is_applied_with_it(
    database: str, receive: Receive, early: tuple[bytes, ...], causes: tuple[bytes, ...], reason: str
) -> None:
    for body in early[:-1]:
        assert receive(body).outcome == "applied"
    before = rows(database, "select count(*) as n from event")
    waits = receive(early[-1])
    assert (waits.outcome, waits.reason, waits.events) == ("waiting", reason, 0)
    assert rows(database, "select count(*) as n from event") == before
    for body in causes:
        assert receive(body).outcome == "applied"
    left = rows(database, "select outcome, reason, waits_for from delivery where outcome <> 'applied' or reason <> ''")
    assert left == []


def test_one_cause_brings_on_all_that_waited_in_the_order_of_their_times(
    log: EventLog, receive: Receive, stream: Stream
) -> None:
    for body in (DECLINED, OFFERED):
        assert receive(body).outcome == "waiting"
    for body in (JOB_CREATED, NEW):
        receive(body)
    counts = kinds(log, stream("application", 9001))
    assert (counts["offer-made.v1"], counts["offer-declined.v1"]) == (1, 1)


def test_what_waits_is_sealed_for_its_person_and_goes_with_them(
    log: EventLog, database: str, receive: Receive, stream: Stream
) -> None:
    receive(NEW, "e1")
    assert receive(UNREJECTED, "e2").outcome == "waiting"
    (waits,) = rows(database, "select people, delivery::text as everything from delivery where outcome = 'waiting'")
    assert waits["people"] == [stream("candidate", 501)]
    assert "Rosa" not in waits["everything"]
    ask_to_erase(log, stream("candidate", 501))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select erase_deliveries(%s)", (stream("candidate", 501),))
    (emptied,) = rows(database, "select outcome, reason, body, fingerprint from delivery where delivery_id = 'e2'")
    assert emptied == {"outcome": "kept", "reason": "erased", "body": b"", "fingerprint": None}


def test_what_waited_for_an_erased_person_is_judged_then_and_emptied(
    log: EventLog, database: str, receive: Receive, stream: Stream
) -> None:
    receive(other(501), "e1")
    assert receive(OFFERED, "e2").outcome == "waiting", "nothing says yet whose offer it is"
    ask_to_erase(log, stream("candidate", 501))
    assert receive(NEW, "e3").reason == "erased"
    (emptied,) = rows(database, "select outcome, reason, body from delivery where delivery_id = 'e2'")
    assert emptied == {"outcome": "kept", "reason": "erased", "body": b""}


def ask_to_erase(log: EventLog, candidate: UUID) -> None:
    command = RequestErasure(candidate=candidate, now=datetime.now(UTC))
    handle(log, VERB_OF, Occasion(uuid4(), "user:priya", command.now), lambda: (command,))


def test_a_cause_that_no_delivery_brought_is_found_by_the_worker(
    log: EventLog, database: str, inbox: Inbox, receive: Receive, stream: Stream
) -> None:
    receive(NEW)
    assert receive(UNHIRED).outcome == "waiting"
    waiting = Waiting(inbox, INTEGRATIONS, lambda: NOW)
    command = HireCandidate(
        application=stream("application", 9001), now=NOW, occurred_at=datetime(2026, 3, 2, tzinfo=UTC)
    )
    handle(log, VERB_OF, Occasion(uuid4(), "user:ana", NOW), lambda: (command,))
    assert waiting.look() == 1
    assert log.load(APPLICATION, stream("application", 9001), frozenset(STANDING)).state.ending is None
    assert kinds(log, stream("application", 9001))["candidate-unhired.v1"] == 1
    assert waiting.look() == 0


def test_a_delivery_that_waits_is_applied_once_though_two_find_its_cause(
    log: EventLog, database: str, inbox: Inbox, receive: Receive, stream: Stream
) -> None:
    receive(NEW)
    receive(UNREJECTED)
    (waiting,) = log.deliveries.waiting_for([stream("application", 9001)])
    receive(REJECTED)
    before = rows(database, "select count(*) as n from event")
    assert inbox.retry(INTEGRATIONS["greenhouse"], waiting, NOW) == frozenset()
    assert rows(database, "select count(*) as n from event") == before


def test_how_many_wait_is_bounded(database: str, receive: Receive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound_module, "MOST_WAITING_FOR_ONE", 2)
    document: dict[str, Any] = json.loads(UNREJECTED)
    outcomes = [receive(json.dumps(document | {"payload": document["payload"] | {"n": n}}).encode()) for n in range(4)]
    assert [(received.outcome, received.reason) for received in outcomes[1:]] == [
        ("waiting", "application-is-not-rejected"),
        ("kept", "too-many-deliveries-wait"),
        ("kept", "too-many-deliveries-wait"),
    ]


def test_a_person_found_otherwise_is_cause_enough(
    log: EventLog, inbox: Inbox, receive: Receive, stream: Stream, key_file: KeyFile
) -> None:
    receive(NEW)
    assert receive(MERGED).outcome == "waiting"
    command = SourceCandidate(candidate=stream("candidate", 640), name="Ada Berg", now=NOW)
    handle(log, VERB_OF, Occasion(uuid4(), "user:ana", NOW), lambda: (command,))
    assert Waiting(inbox, INTEGRATIONS, lambda: NOW).look() == 1
    assert kinds(log, stream("candidate", 640))["candidates-merged.v1"] == 1
