"""Erases the people whose retention period is over. Each is checked once more, in the log, before the request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol
from uuid import UUID

from commands.workflows.erase_person import Erasure
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    HOLDS,
    Candidate,
    CandidateIsErased,
    LegalHoldStands,
    ProcessingRestricted,
    RestrictionLifted,
)
from domain.errors import ExplainedError
from domain.event import Event
from domain.retention import Rules, is_over, last_contact
from domain.streams import Loads, load_with_linked_records
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded

ACTOR = "clerk:retention"
GROUND = "retention-period-over"
READS: frozenset[type[Event]] = frozenset(
    (*ENTRIES, *ANSWERS, *HOLDS, ProcessingRestricted, RestrictionLifted, TouchpointRecorded, TouchpointCorrected)
)


class ReadModelsAreBehind(ExplainedError):
    """Read models behind

    The read models have not caught up with the log, so it is not certain who is due. Nothing was erased.

    Run `perennial project --once`, or wait for the projector.
    """


class DuePerson(Protocol):
    """A person whose retention period is over, by the rule of a jurisdiction."""

    @property
    def candidate(self) -> UUID: ...

    @property
    def jurisdiction(self) -> str: ...


class DuePeople(Protocol):
    """The read models' answer to who is due today."""

    def require_current(self) -> None:
        """Wait until the read models have folded the whole log. Errors: ReadModelsAreBehind."""
        ...

    def due(self) -> Iterable[DuePerson]:
        """Return everybody who is due."""
        ...

    def is_due(self, candidate: UUID) -> bool:
        """Return whether this person is due."""
        ...


class Erases(Protocol):
    """The workflow that erases a person."""

    def erase(self, candidate: UUID, *, by: str, ground: str, actor: str) -> Erasure: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A person who was due and is kept after all, because of an event that the list did not include."""

    candidate: UUID
    because: str


@dataclass(frozen=True, slots=True)
class RetentionWorkflow:
    """Erases the people whose retention period is over by the rules. Days are those of the zone."""

    log: Loads
    erasures: Erases
    people: DuePeople
    rules: Rules
    zone: tzinfo
    now: Callable[[], datetime]

    def erase_due(self) -> Iterator[Erasure | Kept]:
        """Erases everybody who is due today, one by one as the iterator advances. Errors: ReadModelsAreBehind."""
        self.people.require_current()
        for person in list(self.people.due()):
            yield self.erase(person)

    def erase(self, person: DuePerson) -> Erasure | Kept:
        """Erases the person, unless a newer event keeps them."""
        because = self.reason_to_keep(person)
        if because is not None:
            return Kept(person.candidate, because)
        try:
            return self.erasures.erase(person.candidate, by="retention", ground=GROUND, actor=ACTOR)
        except LegalHoldStands:
            return Kept(person.candidate, "legal-hold")
        except CandidateIsErased:
            return Kept(person.candidate, "erased-already")

    def reason_to_keep(self, person: DuePerson) -> str | None:
        """Returns why the log, or for applications the read models, keep the person; None: nothing does."""
        records = self.records_of(person.candidate)
        today = self.now().astimezone(self.zone).date()
        contact = last_contact(records)
        if contact is not None and not is_over(self.rules, person.jurisdiction, contact, today, self.zone):
            return "contact"
        if any(record.is_restricted(self.now()) for record in records):
            return "restriction"
        return None if self.people.is_due(person.candidate) else "changed"

    def last_contact(self, candidate: UUID) -> datetime | None:
        """Returns when the person last took part, by their own records."""
        return last_contact(self.records_of(candidate))

    def records_of(self, candidate: UUID) -> list[Candidate]:
        """Returns the state of each record of the person."""
        loaded = load_with_linked_records(self.log, {candidate: (CANDIDATE, READS)})
        return [stream.state for stream in loaded.values()]
