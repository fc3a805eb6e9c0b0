"""A block of intentions: later ones see earlier ones, refused ones harm no other, none is done twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

import pytest

from adapters.bootstrap import VERB_OF
from adapters.postgres.log.append import AlreadyReceived
from adapters.postgres.log.event_log import EventLog
from commands.attached import Attached, Offset
from commands.give_consent import GiveConsent
from commands.handle import Handled, Intention, Occasion, Result
from commands.handle_in_order import handle_in_order
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.request_send import RequestSend
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from domain.candidate import CandidateDoesNotExist
from domain.consent import ConsentWasWithdrawn

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def intention(*commands: Command, named: UUID | None = None) -> Intention:
    return Intention(Occasion(named or uuid4(), "import:test", NOW), lambda: commands)


def source(candidate: UUID) -> SourceCandidate:
    return SourceCandidate(candidate=candidate, name="Nora Blum", now=NOW)


def touch(candidate: UUID, kind: str = "email-replied") -> RecordTouchpoint:
    return RecordTouchpoint(candidate=candidate, touchpoint=uuid4(), kind=kind, now=NOW)


def length(log: EventLog) -> int:
    return log.recorder.barrier.head()


def handled(result: Result) -> Handled:
    assert isinstance(result, Handled), result
    return result


@pytest.mark.parametrize("times", [1, 300])
def test_later_ones_see_earlier_ones_and_each_knows_its_place(log: EventLog, times: int) -> None:
    """A few events are appended one by one, many by COPY."""
    alice = uuid4()
    results = handle_in_order(log, VERB_OF, [intention(source(alice)),
                                             *(intention(touch(alice)) for _ in range(times))])  # fmt: skip
    assert [handled(result).versions[alice] for result in results] == list(range(1, times + 2))
    stored = {event.id: event.position for event in log.history(alice)}
    assert [stored[handled(result).events[0].id] for result in results] == [
        handled(outcome).position for outcome in results
    ]


def test_a_refused_one_harms_no_other(log: EventLog) -> None:
    alice, unknown = uuid4(), uuid4()
    results = handle_in_order(log, VERB_OF, [intention(source(alice)), intention(touch(alice), touch(unknown)),
                                             intention(touch(alice))])  # fmt: skip
    assert isinstance(results[1], CandidateDoesNotExist)
    assert handled(results[2]).versions[alice] == 2
    assert len(log.history(alice)) == 2


def test_all_or_none(log: EventLog) -> None:
    alice, before = uuid4(), length(log)
    intentions = [intention(source(alice)), intention(touch(uuid4()))]
    results = handle_in_order(log, VERB_OF, intentions, all_or_none=True)
    assert isinstance(results[1], CandidateDoesNotExist)
    assert length(log) == before


@pytest.mark.parametrize("others", [0, 200])
def test_an_intention_that_names_itself_is_done_once(log: EventLog, others: int) -> None:
    alice, name = uuid4(), uuid4()
    intentions = [intention(source(alice), named=name), intention(source(alice), named=name)]
    intentions += [intention(source(uuid4())) for _ in range(others)]
    first = handle_in_order(log, VERB_OF, intentions, once=True)
    again = handle_in_order(log, VERB_OF, intentions[:1], once=True)
    assert [handled(result).before for result in (*first[:2], *again)] == [False, True, True]
    assert handled(again[0]).position == handled(first[0]).position == handled(first[1]).position
    assert [event.id for event in log.history(alice)] == [uuid5(name, "0")]


@pytest.mark.parametrize("events", [1, 200])
def test_an_offset_rises_with_the_block_or_nothing_is_written(log: EventLog, events: int) -> None:
    def attach(_: object) -> Attached:
        return Attached(offset=Offset("file", 7))

    def block() -> list[Intention]:
        return [intention(source(uuid4())) for _ in range(events)]

    handle_in_order(log, VERB_OF, block(), attach=attach)
    before = length(log)
    with pytest.raises(AlreadyReceived):
        handle_in_order(log, VERB_OF, block(), attach=attach)
    assert log.recorder.max_notification_id() == before


def test_a_conflict_is_retried_with_the_new_events(log: EventLog) -> None:
    alice, attempts = uuid4(), 0
    handle_in_order(log, VERB_OF, [intention(source(alice))])

    def attach(_: object) -> Attached:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            handle_in_order(log, VERB_OF, [intention(touch(alice))])
        return Attached()

    (result,) = handle_in_order(log, VERB_OF, [intention(touch(alice))], attach=attach)
    assert (handled(result).versions[alice], attempts) == (3, 2)


def test_the_records_of_one_person_are_loaded_together(log: EventLog) -> None:
    alice, bob, carol = uuid4(), uuid4(), uuid4()
    consent = GiveConsent(candidate=alice, purpose="talent_pool", channels=("email",), now=NOW, occurred_at=NOW - DAY)
    people = [intention(source(person)) for person in (alice, bob, carol)]
    merges = [
        intention(MergeCandidates(candidate=bob, absorbed=alice, evidence=(), now=NOW)),
        intention(MergeCandidates(candidate=carol, absorbed=bob, evidence=(), now=NOW)),
    ]
    send = RequestSend(candidate=carol, touchpoint=uuid4(), kind="email-sent", now=NOW)
    for result in handle_in_order(log, VERB_OF, [*people, intention(consent), *merges, intention(send)]):
        handled(result)
    stop, refused = handle_in_order(log, VERB_OF, [intention(touch(alice, "email-unsubscribed")), intention(send)])
    assert {event.stream for event in handled(stop).events} == {alice, bob, carol}
    assert isinstance(refused, ConsentWasWithdrawn)
