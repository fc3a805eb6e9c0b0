"""A person as the log tells it: all the records that belong to them, and which of them gives their segments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    FACTS,
    MERGES,
    SEGMENTS,
    Candidate,
    CandidateReferred,
    CandidateSourced,
)
from domain.event import Aggregate, Event, Recorded
from domain.profile_facts import FactStatement
from domain.streams import Loads, load_with_linked_records


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a person: its entry, when that was, and its state under the domain's rules."""

    candidate: Candidate
    entered_at: datetime | None = None
    entry: CandidateSourced | CandidateReferred | None = None


def evolve(record: Record, recorded: Recorded[Event]) -> Record:
    """Return the record after one more of its events."""
    event = recorded.event
    if isinstance(event, CandidateSourced | CandidateReferred) and record.entry is None:
        record = replace(record, entry=event, entered_at=recorded.at)
    return replace(record, candidate=CANDIDATE.evolve(record.candidate, recorded))


def linked_records(record: Record) -> Collection[UUID]:
    """Return the records that merges link to this one."""
    return CANDIDATE.linked_records(record.candidate)


RECORD = Aggregate("record", lambda record: Record(Candidate(record)), evolve, linked_records)
READS: frozenset[type[Event]] = frozenset((*SEGMENTS, *FACTS, *MERGES))


@dataclass(frozen=True, slots=True)
class Person:
    """All records of the person to whom the `requested` record belongs, by id.

    `root` is the surviving record of all merges: its segments are the person's. `version` is that of the
    requested record.
    """

    requested: UUID
    version: int
    root: UUID
    records: Mapping[UUID, Record]

    @property
    def merged_into(self) -> UUID | None:
        """The surviving record, where another one was requested."""
        return None if self.root == self.requested else self.root

    @property
    def ids(self) -> list[UUID]:
        """The records, the surviving one first, then by the date of their entry."""
        return sorted(self.records, key=lambda record: (record != self.root, self.records[record].entered_at, record))

    def statements(self) -> list[FactStatement]:
        """Return every statement of a fact about the person, in log order."""
        statements = [item for record in self.records.values() for item in record.candidate.everything_told()]
        return sorted(statements, key=lambda statement: statement.position or 0)


def person_of(log: Loads, candidate: UUID) -> Person:
    """Load the person to whom the record belongs. Errors: CandidateDoesNotExist."""
    loaded = load_with_linked_records(log, {candidate: (RECORD, READS)})
    records: dict[UUID, Record] = {stream: stored.state for stream, stored in loaded.items()}
    records[candidate].candidate.require_record()
    root = candidate
    while (survivor := records[root].candidate.merged_into) is not None:
        root = survivor
    return Person(candidate, loaded[candidate].version, root, records)


def require_candidate(log: Loads, candidate: UUID) -> None:
    """Check that the record is a candidate's. Errors: CandidateDoesNotExist."""
    stored: Candidate = log.load_all({candidate: (CANDIDATE, frozenset(ENTRIES))})[candidate].state
    stored.require_record()
