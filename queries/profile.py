"""What do we believe about this candidate, and which statement decides each value?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.candidate import CandidateDoesNotExist, CandidateReferred, CandidateSourced
from domain.codes import text_of
from domain.event import ERASED, Erased, Personal
from domain.profile_facts import Belief, FactStatement, believed
from domain.streams import Loads
from queries.person import Person, person_of


@dataclass(frozen=True, slots=True)
class Provenance:
    """The source of a value, when it was so, and the record and event that state it; the value is null once erased."""

    value: Personal[str]
    learned_from: str
    at: datetime
    record: UUID
    event: UUID
    position: int


@dataclass(frozen=True, slots=True)
class ProfileFact:
    """A value that we believe: the statement that decides it, those that agree, and those that are overruled.

    Of a fact with one value the most trusted source wins, among equally trusted ones the newest. Of the others, such as
    'skill', each value stands that a source stated and did not take back.
    """

    fact: str
    value: Personal[str]
    because: Provenance
    confirmed_by: Sequence[Provenance]
    overruled: Sequence[Provenance]


@dataclass(frozen=True, slots=True)
class Profile:
    """What we believe about a person, out of all their records.

    `candidate` is the record that speaks for the person, the one that gives source, role and location;
    `merged_into` names it where another record was requested. `erased`: the person was erased, so what was personal is
    null. `version` is that of the requested record. `source_text`, `role_text` and `location_text`: the text that the
    code was made of; null where it came as a code.
    """

    candidate: UUID
    merged_into: UUID | None
    records: Sequence[UUID]
    source: str
    source_text: Personal[str | None]
    role: str
    role_text: Personal[str | None]
    location: str
    location_text: Personal[str | None]
    entered_at: datetime
    referrer: UUID | None
    outside_source: str | None
    outside_id: Personal[str | None]
    name: Personal[str | None]
    emails: Personal[Sequence[str]]
    phones: Personal[Sequence[str]]
    facts: Sequence[ProfileFact]
    erased: bool
    version: int


def profile(log: Loads, candidate: UUID) -> Profile:
    """Read the profile of the person to whom the record belongs. Errors: CandidateDoesNotExist."""
    return profile_of(person_of(log, candidate))


def profile_of(person: Person) -> Profile:
    """Return the person's profile: of each fact the value that the rule of trust decides."""
    root, statements = person.records[person.root], person.statements()
    entry, beliefs = root.entry, believed(statements)
    if entry is None or root.entered_at is None:
        raise CandidateDoesNotExist(candidate=person.root)
    return Profile(
        candidate=person.root,
        merged_into=person.merged_into,
        records=person.ids,
        source=root.candidate.source,
        source_text=text_of(root.candidate.source),
        role=root.candidate.role,
        role_text=text_of(root.candidate.role),
        location=root.candidate.location,
        location_text=text_of(root.candidate.location),
        entered_at=root.entered_at,
        referrer=entry.referrer if isinstance(entry, CandidateReferred) else None,
        outside_source=entry.outside_source if isinstance(entry, CandidateSourced) else None,
        outside_id=entry.outside_id if isinstance(entry, CandidateSourced) else None,
        name=next((belief.value for belief in beliefs if belief.fact == "name"), None),
        emails=values_of("email", beliefs),
        phones=values_of("phone", beliefs),
        facts=[fact_of(belief) for belief in beliefs],
        erased=root.candidate.erased or any(isinstance(statement.value, Erased) for statement in statements),
        version=person.version,
    )


def values_of(fact: str, beliefs: Sequence[Belief]) -> Personal[Sequence[str]]:
    """Return the readable values of a fact; ERASED where it has values and none is readable."""
    values = [belief.value for belief in beliefs if belief.fact == fact]
    readable = [value for value in values if not isinstance(value, Erased)]
    return ERASED if values and not readable else readable


def fact_of(belief: Belief) -> ProfileFact:
    """Return the belief as the profile lists it."""
    return ProfileFact(
        fact=belief.fact,
        value=belief.value,
        because=provenance_of(belief.because),
        confirmed_by=[provenance_of(statement) for statement in belief.confirmed_by],
        overruled=[provenance_of(statement) for statement in belief.overruled],
    )


def provenance_of(statement: FactStatement) -> Provenance:
    """Return where the stated value comes from."""
    return Provenance(
        statement.value,
        statement.learned_from,
        statement.at,
        statement.record,
        statement.event,
        statement.position or 0,
    )
