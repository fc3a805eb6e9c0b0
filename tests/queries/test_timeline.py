"""A time line is the events of all records of a person in log order, whatever the size of its pages."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.candidate import CandidateDoesNotExist, ProfileFactLearned
from domain.event import ERASED
from queries.timeline import TimelineEvent, timeline
from tests.queries.memory_log import MemoryLog
from tests.queries.test_profile import entry, merge

RECORD, TWIN, STRANGER = (UUID(int=number) for number in range(1, 4))


def paged(log: MemoryLog, candidate: UUID, limit: int) -> list[TimelineEvent]:
    """Return all events, read page by page."""
    events: list[TimelineEvent] = []
    after: int | None = 0
    while after is not None:
        page = timeline(log, candidate, after, limit)
        assert len(page.events) == limit or page.next is None
        events, after = [*events, *page.events], page.next
    return events


@given(streams=st.lists(st.sampled_from([RECORD, TWIN, STRANGER]), max_size=20), limit=st.integers(1, 7))
def test_the_pages_are_every_event_of_the_person_once_in_log_order(streams: list[UUID], limit: int) -> None:
    log = MemoryLog()
    for number, record in enumerate((RECORD, TWIN, STRANGER)):
        log.append(record, entry(number))
    merge(log, RECORD, TWIN)
    for number, stream in enumerate(streams):
        log.append(stream, ProfileFactLearned("skill", "self", f"skill {number}"))
    theirs = [event for event in log.events if event.stream in (RECORD, TWIN)]
    for candidate in (RECORD, TWIN):
        events = paged(log, candidate, limit)
        assert [event.id for event in events] == [recorded_event.id for recorded_event in theirs]
        assert [(event.record, event.version) for event in events] == [
            (recorded_event.stream, recorded_event.version) for recorded_event in theirs
        ]


def test_an_erased_field_is_marked_and_nothing_is_withheld() -> None:
    log = MemoryLog()
    log.append(RECORD, entry(0))
    log.append(RECORD, ProfileFactLearned("skill", "self", ERASED))
    events = timeline(log, RECORD, 0, 10).events
    assert [event.erased for event in events] == [False, True]
    assert [event.withheld for event in events] == [(), ()]
    assert events[0].data["name"] == "Name 0"


def test_a_timeline_needs_a_candidate() -> None:
    with pytest.raises(CandidateDoesNotExist):
        timeline(MemoryLog(), RECORD, 0, 10)
