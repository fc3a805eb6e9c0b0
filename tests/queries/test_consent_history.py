"""The history of a person's consents has every request and answer of all records, each with its links."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.consent import ConsentRefused
from domain.event import Event
from queries.consent_history import YES, consent_history, history_of
from queries.consents import Consents
from tests.given import consented, withdrawn
from tests.queries import fake_links
from tests.queries.memory_log import START, MemoryLog
from tests.queries.test_profile import entry, merge

RECORD, TWIN, STRANGER = (UUID(int=number) for number in range(1, 4))
ANSWERS: tuple[Event, ...] = (
    consented("talent_pool"),
    consented("events", "email"),
    withdrawn("talent_pool"),
    ConsentRefused("events", ("email",), "notice", "1", "form", "self", None),
)


@st.composite
def answered(draw: st.DrawFn) -> MemoryLog:
    """A log of a merged person and a stranger, with answers to consents in all their records."""
    log = MemoryLog()
    for number, record in enumerate((RECORD, TWIN, STRANGER)):
        log.append(record, entry(number))
    merge(log, RECORD, TWIN)
    for stream, answer in draw(
        st.lists(st.tuples(st.sampled_from([RECORD, TWIN, STRANGER]), st.sampled_from(ANSWERS)), max_size=10)
    ):
        log.append(stream, answer)
    return log


def states(log: MemoryLog, position: int) -> Consents:
    """What the read model gives for the person at the position, with no state."""
    at = START + timedelta(days=1000)
    return Consents("consent-state", 4, position, at, RECORD, None, (RECORD, TWIN), at, ())


@given(log=answered(), back=st.integers(0, 12))
def test_the_trail_has_each_answer_of_the_person_that_was_recorded_by_the_position(log: MemoryLog, back: int) -> None:
    position = max(len(log.events) - back, 0)
    answer = consent_history(log, states(log, position), fake_links)
    own = [
        recorded_event
        for recorded_event in log.events[:position]
        if recorded_event.stream in (RECORD, TWIN) and isinstance(recorded_event.event, ANSWER)
    ]
    assert [line.event for line in answer.trail] == [recorded_event.id for recorded_event in own]
    assert (answer.position, answer.records) == (position, (RECORD, TWIN))


@given(answered())
def test_each_line_links_to_its_proof_and_each_consent_to_its_receipt(log: MemoryLog) -> None:
    for line in consent_history(log, states(log, len(log.events)), fake_links).trail:
        assert line.proof == fake_links.proof(line.event)
        assert line.receipt == (fake_links.receipt(line.event) if line.what in YES else None)


@given(answered())
def test_a_history_read_from_any_record_is_that_of_the_person(log: MemoryLog) -> None:
    history, other = history_of(log, RECORD), history_of(log, TWIN)
    assert set(history.records) == set(other.records) == {RECORD, TWIN}
    assert {event.id for event in history.events} == {event.id for event in other.events}
    assert history.position == max(event.position or 0 for event in history.events)


ANSWER = tuple({type(answer) for answer in ANSWERS})
