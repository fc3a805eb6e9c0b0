"""A request to erase, to withdraw or to restrict gets in, however many write about the same person at that moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import pytest

import commands.handle
import commands.handle_in_order
from adapters.bootstrap import VERB_OF
from adapters.postgres.log.event_log import WORTH_A_COPY, EventLog
from commands.handle import Handled, Intention, Occasion, handle
from commands.handle_in_order import handle_in_order
from commands.log import ConcurrencyConflict
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.refuse_consent import RefuseConsent
from commands.request_erasure import RequestErasure
from commands.restrict_processing import RestrictProcessing
from commands.set_legal_hold import SetLegalHold
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import CandidateDoesNotExist, CandidateIsErased, ErasureRequested
from domain.errors import Refused

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WRITERS = 8


def ask(log: EventLog, command: Command) -> Handled:
    return handle(log, VERB_OF, Occasion(uuid4(), "api:test", NOW), partial(tuple, [command]))


def reply(candidate: UUID) -> RecordTouchpoint:
    return RecordTouchpoint(candidate=candidate, touchpoint=uuid4(), kind="email-replied", now=NOW)


@pytest.fixture
def person(log: EventLog) -> list[UUID]:
    """Two records of one person, the speaking one first."""
    records = [uuid4(), uuid4()]
    for number, record in enumerate(records):
        ask(log, SourceCandidate(candidate=record, source="fair", emails=(f"n{number}@example.org",), now=NOW))
    ask(log, MergeCandidates(candidate=records[0], absorbed=records[1], evidence=("stated",), now=NOW))
    return records


REQUESTS: dict[str, Callable[[UUID], Command]] = {
    "withdraw": lambda candidate: WithdrawConsent(candidate=candidate, purpose="talent_pool", now=NOW),
    "refuse": lambda candidate: RefuseConsent(candidate=candidate, purpose="events", now=NOW),
    "unsubscribe": lambda candidate: RecordTouchpoint(
        candidate=candidate, touchpoint=uuid4(), kind="email-unsubscribed", purpose="talent_pool", now=NOW
    ),
    "restrict": lambda candidate: RestrictProcessing(candidate=candidate, ground="objection", now=NOW),
    "hold": lambda candidate: SetLegalHold(candidate=candidate, matter=f"m-{uuid4()}"[:20].lower(), now=NOW),
}


def test_it_gets_in_at_the_first_conflict_among_writers_that_never_rest(
    log: EventLog, person: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that conflicts once is refused, so that nothing but precedence can have let the requests in."""
    monkeypatch.setattr(commands.handle, "ATTEMPTS", 1)
    over = threading.Event()
    conflicts: list[int] = []

    def write() -> int:
        written = 0
        while not over.is_set():
            try:
                ask(log, reply(person[written % 2]))
                written += 1
            except ConcurrencyConflict:
                conflicts.append(1)
            except CandidateIsErased:
                break
        return written

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        writers = [pool.submit(write) for _ in range(WRITERS)]
        try:
            done = [ask(log, make(person[number % 2])) for number in range(4) for make in REQUESTS.values()]
            assert all(isinstance(outcome, Handled) for outcome in done)
        finally:
            over.set()
        written = sum(writer.result() for writer in writers)
    assert conflicts, "the writers met no conflict: nothing was tried"
    versions = [event.version for event in log.history(person[0])]
    assert versions == list(range(1, len(versions) + 1))
    touchpoints = [
        event
        for record in person
        for event in log.history(record)
        if event.event.stored_name == "touchpoint-recorded.v1"
    ]
    assert len(touchpoints) == written + 4, "each reply, and each unsubscribe in the record that it names"


@pytest.mark.parametrize("lines", [3, 3 * WORTH_A_COPY])
def test_a_block_that_holds_a_withdrawal_gets_in_at_its_second_try(
    log: EventLog, person: list[UUID], monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    """As an import writes it: among many touchpoints, while others write about the same person and never rest."""
    monkeypatch.setattr(commands.handle, "ATTEMPTS", 1)
    monkeypatch.setattr(commands.handle_in_order, "ATTEMPTS", 2)
    over = threading.Event()

    def write() -> int:
        conflicts = 0
        while not over.is_set():
            try:
                ask(log, reply(person[0]))
            except ConcurrencyConflict:
                conflicts += 1
        return conflicts

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write) for _ in range(WRITERS)]
        try:
            for _ in range(3):
                withdrawal = REQUESTS["withdraw"](person[0])
                replies = [reply(person[number % 2]) for number in range(lines)]
                results = handle_in_order(
                    log, VERB_OF, [intended(command) for command in (*replies, withdrawal, reply(uuid4()))]
                )
                assert all(isinstance(result, Handled) for result in results[:-1])
                assert isinstance(results[-1], CandidateDoesNotExist), "what is refused harms no other line"
        finally:
            over.set()
        assert sum(writer.result() for writer in writers), "the writers met no conflict: nothing was tried"


def test_a_block_waits_for_who_goes_first(log: EventLog, person: list[UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked out, it does not spend its tries while the lock is held."""
    monkeypatch.setattr(commands.handle_in_order, "ATTEMPTS", 2)
    block = [intended(reply(person[0])) for _ in range(2 * WORTH_A_COPY)]
    with ThreadPoolExecutor(1) as pool:
        with log.precedence(person):
            later = pool.submit(handle_in_order, log, VERB_OF, block)
            with pytest.raises(TimeoutError):
                later.result(timeout=0.5)
        assert all(isinstance(result, Handled) for result in later.result())


def intended(command: Command) -> Intention:
    return Intention(Occasion(uuid4(), "import:test", NOW), partial(tuple, [command]))


def test_an_erasure_is_recorded_in_every_record_and_nothing_after_it(
    log: EventLog, person: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands.handle, "ATTEMPTS", 1)

    def write(number: int) -> None:
        while True:
            try:
                ask(log, reply(person[number % 2]))
            except ConcurrencyConflict:
                continue
            except Refused:
                return

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, number) for number in range(WRITERS)]
        ask(log, RequestErasure(candidate=person[1], now=NOW))
        for writer in writers:
            writer.result()
    for record in person:
        assert isinstance(log.history(record)[-1].event, ErasureRequested)


def test_two_that_go_first_do_not_wait_for_each_other(log: EventLog, person: list[UUID]) -> None:
    """In whichever order they name the records."""
    begin = threading.Barrier(2)

    def hold(streams: list[UUID]) -> int:
        begin.wait()
        for _ in range(20):
            with log.precedence(streams):
                pass
        return 20

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(hold, streams) for streams in (person, person[::-1])]
        assert [holder.result() for holder in both] == [20, 20]


def test_while_another_has_precedence_an_append_of_another_session_fails_and_is_tried_again(
    log: EventLog, person: list[UUID]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with log.precedence(person):
            later = pool.submit(ask, log, reply(person[0]))
            first = ask(log, reply(person[0]))
        assert later.result().position > first.position
