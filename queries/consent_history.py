"""What does a candidate allow us, and how did it come to that: every request and answer, with what was sent for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.candidate import CANDIDATE, ENTRIES, MERGES, Candidate
from domain.event import Aggregate, Event, Recorded
from domain.streams import Loads, load_with_linked_records
from queries.consent_trail import ANSWERING, SENDS, Line, Sent, trail
from queries.consents import Consents, ConsentState
from queries.links import Links

YES = ("given", "renewed")
"""What a line says that gives a consent."""


@dataclass(frozen=True, slots=True)
class SentLine(Sent):
    """A message that cites the answer, as we believe of it: what it was and when, the event that says so, and where
    the proof of that event is."""

    proof: str


@dataclass(frozen=True, slots=True)
class TrailLine(Line):
    """One request or answer. `renewed`: given while an earlier consent to the same was living; `erased`: taken back
    because the person was erased. `withheld` is no answer: since the merge with `merged_with`, one of the records
    allows it and the other denied it; `lifted_at`: when an un-merge ended that.

    `answered_by` is who answered and `recorded_by` who recorded it. `everywhere`: a withdrawal that left nothing of
    the purpose. `because_of`: the touchpoint that a withdrawal came with; `consent`: the consent that expired.
    came_from, evidence and note are personal: null where there is none, or where `unreadable` says it was erased.
    `sent`: what was sent because of it. `receipt`: of a consent, where its receipt is.
    """

    sent: tuple[SentLine, ...]
    proof: str
    receipt: str | None


@dataclass(frozen=True, slots=True)
class ConsentTrail:
    """All answers that held at `valid_at`, and every request and answer up to then, in that order.

    A purpose and channel not listed in `states` was not answered. The answers of all `records` of the person count
    together. `merged_into` is the record that speaks for the person, where another one was requested.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    candidate: UUID
    merged_into: UUID | None
    records: tuple[UUID, ...]
    valid_at: datetime
    states: tuple[ConsentState, ...]
    trail: tuple[TrailLine, ...]


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """The part of one record in the trail, and its state under the domain's rules."""

    candidate: Candidate
    events: tuple[Recorded[Event], ...] = ()


def evolve(history: RecordHistory, recorded: Recorded[Event]) -> RecordHistory:
    """Return the history after one more event of the record."""
    if isinstance(recorded.event, (*ANSWERING, *SENDS, *MERGES)):
        history = replace(history, events=(*history.events, recorded))
    return replace(history, candidate=CANDIDATE.evolve(history.candidate, recorded))


def linked_records(history: RecordHistory) -> Collection[UUID]:
    """Return the records that merges link to this one."""
    return CANDIDATE.linked_records(history.candidate)


RECORD_HISTORY = Aggregate("consent-history", lambda record: RecordHistory(Candidate(record)), evolve, linked_records)
READS: frozenset[type[Event]] = frozenset((*ENTRIES, *MERGES, *ANSWERING, *SENDS))


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """The records of a person, and the events of the trail out of all of them."""

    records: tuple[UUID, ...] = ()
    events: tuple[Recorded[Event], ...] = ()

    @property
    def position(self) -> int:
        """The log position of the newest of the events; 0 where there is none."""
        return max((recorded.position or 0 for recorded in self.events), default=0)


def history_of(log: Loads, record: UUID) -> PersonHistory:
    """Read the history of the person to whom the record belongs."""
    loaded = load_with_linked_records(log, {record: (RECORD_HISTORY, READS)})
    events = [recorded for stored in loaded.values() for recorded in stored.state.events]
    return PersonHistory(tuple(loaded), tuple(events))


def consent_history(log: Loads, states: Consents, links: Links) -> ConsentTrail:
    """Read the trail that led to these states of a candidate's consents, as known at their position."""
    loaded = log.load_all(dict.fromkeys(states.records, (RECORD_HISTORY, READS)))
    events = [recorded for stored in loaded.values() for recorded in stored.state.events]
    return ConsentTrail(**values_of(states), trail=trail_lines(events, states.position, states.valid_at, links))


def trail_lines(
    events: Iterable[Recorded[Event]], position: int, valid_at: datetime, links: Links
) -> tuple[TrailLine, ...]:
    """Return the trail of these events of one person, each line with its links."""
    return tuple(trail_line(line, links) for line in trail(events, position, valid_at))


def trail_line(line: Line, links: Links) -> TrailLine:
    """Return the line with its links, and those of what was sent because of it."""
    sent = tuple(SentLine(**values_of(item), proof=links.proof(item.event)) for item in line.sent)
    receipt = links.receipt(line.event) if line.what in YES else None
    return TrailLine(**{**values_of(line), "sent": sent}, proof=links.proof(line.event), receipt=receipt)


def values_of(answer: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by name."""
    return {field.name: getattr(answer, field.name) for field in fields(answer)}
