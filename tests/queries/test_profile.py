"""A profile speaks for all records of a person, the same from whichever of them it is read."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.candidate import (
    CandidateDoesNotExist,
    CandidatesMerged,
    CandidateSourced,
    CandidatesUnmerged,
    ProfileFactLearned,
)
from domain.event import ERASED
from queries.profile import profile
from tests.queries.memory_log import MemoryLog

RECORDS = tuple(UUID(int=number) for number in range(1, 5))


def entry(number: int) -> CandidateSourced:
    return CandidateSourced(f"source-{number}", "gardener", "lisbon", None, None, f"Name {number}", (), ())


def merge(log: MemoryLog, survivor: UUID, absorbed: UUID) -> None:
    for stream in (survivor, absorbed):
        log.append(stream, CandidatesMerged(survivor, absorbed, ("same-email",), None))


@st.composite
def merged(draw: st.DrawFn) -> tuple[MemoryLog, UUID]:
    """A log in which all records are one person, merged in any order into one root, with skills spread over them."""
    log, roots = MemoryLog(), list(RECORDS)
    for number, record in enumerate(RECORDS):
        log.append(record, entry(number))
    while len(roots) > 1:
        record = draw(st.sampled_from(RECORDS))
        log.append(record, ProfileFactLearned("skill", "self", draw(st.sampled_from(["roses", "oaks", "ferns"]))))
        absorbed = roots.pop(draw(st.integers(0, len(roots) - 1)))
        merge(log, draw(st.sampled_from(roots)), absorbed)
    return log, roots[0]


@given(merged())
def test_every_record_of_a_person_gives_the_same_profile(case: tuple[MemoryLog, UUID]) -> None:
    log, root = case
    spoken = profile(log, root)
    assert (spoken.candidate, spoken.merged_into, set(spoken.records)) == (root, None, set(RECORDS))
    assert (spoken.source, spoken.records[0]) == (f"source-{RECORDS.index(root)}", root)
    for record in RECORDS:
        own = profile(log, record)
        assert own.version == len(log.history(record))
        assert own.merged_into == (None if record == root else root)
        assert replace(own, version=spoken.version, merged_into=None) == spoken


@given(merged())
def test_a_value_stands_once_with_a_statement_of_it(case: tuple[MemoryLog, UUID]) -> None:
    log, root = case
    stated = {event.id: event.event.value for event in log.events if isinstance(event.event, ProfileFactLearned)}
    skills = [fact for fact in profile(log, root).facts if fact.fact == "skill"]
    assert sorted(str(fact.value) for fact in skills) == sorted({str(value) for value in stated.values()})
    for fact in skills:
        assert {stated[source.event] for source in (fact.because, *fact.confirmed_by)} == {fact.value}


@given(merged())
def test_an_unmerged_record_speaks_for_itself_alone(case: tuple[MemoryLog, UUID]) -> None:
    log, root = case
    other = next(record for record in RECORDS if record != root)
    last = next(
        recorded_event.event
        for recorded_event in reversed(log.events)
        if isinstance(recorded_event.event, CandidatesMerged)
    )
    for stream in (last.survivor, last.absorbed):
        log.append(stream, CandidatesUnmerged(last.survivor, last.absorbed, None))
    apart = profile(log, last.absorbed)
    assert apart.merged_into is None
    assert set(apart.records).isdisjoint(profile(log, root).records)
    assert other in {*apart.records, *profile(log, root).records}


def test_an_erased_value_makes_the_profile_erased() -> None:
    log = MemoryLog()
    log.append(RECORDS[0], replace(entry(0), name=None, emails=ERASED))
    answer = profile(log, RECORDS[0])
    assert answer.erased
    assert answer.emails is ERASED


def test_a_record_without_an_entry_is_no_candidate() -> None:
    with pytest.raises(CandidateDoesNotExist):
        profile(MemoryLog(), RECORDS[0])
