"""A delivery is known again by what it says, whatever its id; and what one says that differs anywhere is news."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import UUID

import pytest

from adapters.intake.integrations.inbound import Received
from adapters.postgres.log.event_log import EventLog
from domain.application import APPLICATION, STANDING, CandidateHired
from tests.adapters.intake.integrations.bodies import (
    ACCEPTED,
    HIRED,
    JOB_CREATED,
    MERGED,
    NEW,
    OFFERED,
    REJECTED,
    STAGE,
    UNHIRED,
    UNREJECTED,
    UPDATED,
    application,
    delivery,
)
from tests.adapters.intake.integrations.test_greenhouse import Receive, inbox, kinds, receive, rows, stream

__all__ = ["inbox", "receive", "stream"]  # fixtures
Stream = Callable[[str, object], UUID]
STORY = (JOB_CREATED, NEW, STAGE, REJECTED, UNREJECTED, OFFERED, UPDATED, MERGED, HIRED, UNHIRED)


def positions(database: str) -> list[object]:
    return [row["position"] for row in rows(database, "select position from event order by position")]


@pytest.mark.parametrize("number", range(len(STORY)))
def test_a_delivery_repeated_under_another_id_adds_nothing(database: str, receive: Receive, number: int) -> None:
    ids = count()
    for body in STORY:
        receive(body, f"e{next(ids)}")
    before = positions(database)
    assert receive(STORY[number], "another") == Received("duplicate")
    assert positions(database) == before


def test_a_rejection_that_was_taken_back_is_not_repeated(log: EventLog, receive: Receive, stream: Stream) -> None:
    outcomes = [receive(body, f"e{n}").outcome for n, body in enumerate((NEW, REJECTED, UNREJECTED, REJECTED))]
    assert outcomes == ["applied", "applied", "applied", "duplicate"]
    assert log.load(APPLICATION, stream("application", 9001), frozenset(STANDING)).state.ending is None


def hired(noted_at: str) -> bytes:
    details = application(offer={"id": 4, "resolved_at": ACCEPTED}, last_activity_at=noted_at)
    return delivery("hire_candidate", application=details)


def test_who_is_hired_anew_on_the_old_day_is_hired(log: EventLog, receive: Receive, stream: Stream) -> None:
    first, second = hired("2026-03-02T08:00:00Z"), hired("2026-04-02T08:00:00Z")
    outcomes = [receive(body, f"e{n}").outcome for n, body in enumerate((NEW, first, UNHIRED, first, second))]
    assert outcomes == ["applied", "applied", "applied", "duplicate", "applied"]
    state = log.load(APPLICATION, stream("application", 9001), frozenset(STANDING)).state
    assert state.ending is CandidateHired
    assert kinds(log, stream("application", 9001))["candidate-hired.v1"] == 2


def test_an_id_that_names_another_body_keeps_it_and_uses_it_not(database: str, receive: Receive) -> None:
    assert receive(NEW, "e1").outcome == "applied"
    before = positions(database)
    for _ in range(2):
        again = receive(REJECTED, "e1")
    assert again.outcome == "duplicate"
    kept = rows(database, "select outcome, reason, body <> '' as whole from delivery where delivery_id like 'e1:%'")
    assert kept == [{"outcome": "kept", "reason": "event-id-names-another-body", "whole": True}]
    assert positions(database) == before
    assert receive(REJECTED, "e2").outcome == "applied", "under an id of its own it is used"


def test_one_body_under_many_ids_at_once_counts_once(database: str, receive: Receive) -> None:
    receive(NEW, "e0")
    with ThreadPoolExecutor(8) as threads:
        outcomes = Counter(
            received.outcome for received in threads.map(lambda n: receive(REJECTED, f"r{n}"), range(16))
        )
    assert outcomes == {"applied": 1, "duplicate": 15}
    counts = Counter(row["type"] for row in rows(database, "select type from event"))
    assert counts["application-rejected.v1"] == 1


def test_the_fingerprint_is_keyed_and_goes_with_what_was_said(
    log: EventLog, database: str, receive: Receive, stream: Stream
) -> None:
    receive(NEW, "e1")
    (kept,) = rows(database, "select fingerprint from delivery")
    assert len(kept["fingerprint"]) == 64
    with log.recorder.datastore.get_connection() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute("update delivery set body = '' where delivery_id = 'e1'")
