"""One candidate, opened for reading: the profile, the time line and the summary."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.access.principal import Principal
from adapters.web.framework.etag import etag
from adapters.web.framework.plain import Answered, answered, rendered
from adapters.web.framework.query_runner import AsOfText, MinPosition, QueryRunner
from adapters.web.framework.shapes import actor_to
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Moment, Whole
from adapters.web.services import Services
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    FACTS,
    MERGES,
    Candidate,
    CandidateDoesNotExist,
    CandidateReferred,
    CandidateSourced,
)
from domain.codec import personal_in, texts_of
from domain.codes import text_of
from domain.event import ERASED, Aggregate, Erased, Event, Personal, Recorded
from domain.profile_facts import Belief, FactStatement, believed
from domain.streams import Loads, load_with_linked_records
from projections.candidate_summary import CANDIDATE_SUMMARY
from queries import candidate as summaries
from queries.candidate import CandidateSummary
from queries.question import AsOf

At = Annotated[Moment | None, Query(description="When it was so; left out: at the time of as_of.")]
LONGEST_PAGE = 500
"""Events of a time line in one answer, at most."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who told us a value, when that was so, and which event of which record says it; null where it was erased."""

    value: Personal[str]
    learned_from: str
    at: datetime
    record: UUID
    event: UUID
    position: int


@dataclass(frozen=True, slots=True)
class ProfileFact:
    """A value that we believe, and why: what decided it, who says the same, and what else was told and is not believed.

    Of a fact of one value the most trusted source wins, of equally trusted ones the newest; of the others, such as
    'skill', each value stands that some source told and did not take back.
    """

    fact: str
    value: Personal[str]
    because: Provenance
    confirmed_by: Sequence[Provenance]
    overruled: Sequence[Provenance]


@dataclass(frozen=True, slots=True)
class Profile:
    """What we believe about a person, out of all their records.

    `candidate` is the record that speaks for the person, the one whose entry gives source, role and location;
    `merged_into` names it where another record was asked for. `erased`: the person was erased, so what was personal is
    null. `version` is that of the record that was asked for. `source_text` and its like: the text that a code was made
    of; null where it came as a code.
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


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event of a time line: of which of the person's records, and that record's version by it.

    `data`: its own fields; null where they were personal and have been erased. `texts`: by field the text that a code
    in `data` was made of; a code that came as one has none. To a role that may not read people the personal ones are
    left out, `withheld` names them, and `actor` says only what kind of actor it was.
    """

    record: UUID
    version: int
    position: int
    id: UUID
    type: str
    at: datetime
    occurred_at: datetime | None
    occurred_how: str
    recorded_at: datetime
    actor: str
    data: Mapping[str, Any]
    texts: Mapping[str, Personal[str]]
    withheld: Sequence[str]
    erased: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of what happened with a person, in whichever of their records. `candidate` and `merged_into` are as in
    the profile. `next`: the `cursor` of the following page; null: this is the last."""

    candidate: UUID
    merged_into: UUID | None
    records: Sequence[UUID]
    events: Sequence[TimelineEvent]
    next: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a person: how it came to us, and what the rules know of it."""

    candidate: Candidate
    entered_at: datetime | None = None
    entry: CandidateSourced | CandidateReferred | None = None


def evolve(record: Record, recorded: Recorded[Event]) -> Record:
    """The record after one more of its events."""
    event = recorded.event
    if isinstance(event, CandidateSourced | CandidateReferred) and record.entry is None:
        record = replace(record, entry=event, entered_at=recorded.at)
    return replace(record, candidate=CANDIDATE.evolve(record.candidate, recorded))


def linked_records(record: Record) -> Collection[UUID]:
    return CANDIDATE.linked_records(record.candidate)


RECORD = Aggregate("record", lambda record: Record(Candidate(record)), evolve, linked_records)
READS: frozenset[type[Event]] = frozenset((*ENTRIES, *FACTS, *MERGES))


@dataclass(frozen=True, slots=True)
class Person:
    """All records of the person that a record belongs to, that record's version, and the one that speaks for all."""

    asked: UUID
    version: int
    root: UUID
    records: Mapping[UUID, Record]

    @property
    def merged_into(self) -> UUID | None:
        return None if self.root == self.asked else self.root

    @property
    def ids(self) -> list[UUID]:
        """The records, the speaking one first, then in the order in which they came to us."""
        return sorted(self.records, key=lambda record: (record != self.root, self.records[record].entered_at, record))

    def told(self) -> list[FactStatement]:
        """Everything that was told of the person, in log order."""
        return sorted(
            (one for record in self.records.values() for one in record.candidate.everything_told()),
            key=lambda one: one.position or 0,
        )


@dataclass(frozen=True, slots=True)
class CandidateEndpoints:
    """The endpoints about one candidate."""

    services: Services
    queries: QueryRunner

    def profile(self, candidate: UUID, who: Who) -> Answered[Profile]:
        """What we believe about a candidate and why, opened from the log; of a merged person out of all records.

        The ETag is the version of the record that was asked for.
        """
        person = self._person(candidate)
        told = profile_of(person)
        self.services.readings.viewed(who, "profile", person.ids)
        return answered(told, headers={"ETag": etag(person.version)})

    def timeline(
        self,
        candidate: UUID,
        who: Who,
        cursor: Annotated[Whole, Query(ge=0, le=2**53, description="The `next` of the page before.")] = 0,
        limit: Annotated[Whole, Query(ge=1, le=LONGEST_PAGE, description="How many events, at most.")] = 100,
    ) -> Answered[Timeline]:
        """Everything that happened with a candidate, in the order in which we learned it, page by page.

        Of a merged person that of all records, each event with its own. What was personal and has been erased is null,
        and the event says "erased": true. `cursor` is a log position: what is written meanwhile comes on later pages.
        A role that may not read people gets the codes, dates and ids of each event and nothing personal.
        """
        person = self._person(candidate)
        found = self.services.log.history_together(person.ids, cursor, limit + 1)
        events = [entry_of(recorded, who) for recorded in found[:limit]]
        following = events[-1].position if len(found) > limit else None
        self.services.readings.viewed(who, "timeline", person.ids)
        return answered(Timeline(person.root, person.merged_into, person.ids, events, following))

    async def summary(
        self, candidate: UUID, who: Who, as_of: AsOfText = None, min_position: MinPosition = None
    ) -> Answered[CandidateSummary]:
        """How a candidate came to us, when we last heard from them and how far it went."""

        def question(connection: Connection[Any], known: AsOf) -> CandidateSummary | None:
            return summaries.candidate(connection, candidate, known)

        found: CandidateSummary | None = await self.queries.ask(CANDIDATE_SUMMARY, question, as_of, min_position)
        if found is None:
            raise CandidateDoesNotExist(candidate=candidate)
        await run_in_threadpool(self.services.readings.viewed, who, "summary", [candidate])
        return await rendered(found)

    def _person(self, candidate: UUID) -> Person:
        return person_of(self.services.log, candidate)


def person_of(log: Loads, candidate: UUID) -> Person:
    """The person whose record it is. Errors: CandidateDoesNotExist."""
    loaded = load_with_linked_records(log, {candidate: (RECORD, READS)})
    records: dict[UUID, Record] = {stream: known.state for stream, known in loaded.items()}
    records[candidate].candidate.require_record()
    root = candidate
    while (above := records[root].candidate.merged_into) is not None:
        root = above
    return Person(candidate, loaded[candidate].version, root, records)


def profile_of(person: Person) -> Profile:
    """The person's profile by the stated rule."""
    root = person.records[person.root]
    entry, beliefs = root.entry, believed(person.told())
    if entry is None or root.entered_at is None:
        raise CandidateDoesNotExist(candidate=person.root)
    return Profile(
        candidate=person.root,
        merged_into=person.merged_into,
        records=person.ids,
        source=entry.source,
        source_text=text_of(entry.source),
        role=entry.role,
        role_text=text_of(entry.role),
        location=entry.location,
        location_text=text_of(entry.location),
        entered_at=root.entered_at,
        referrer=entry.referrer if isinstance(entry, CandidateReferred) else None,
        outside_source=entry.outside_source if isinstance(entry, CandidateSourced) else None,
        outside_id=entry.outside_id if isinstance(entry, CandidateSourced) else None,
        name=next((belief.value for belief in beliefs if belief.fact == "name"), None),
        emails=values_of("email", beliefs),
        phones=values_of("phone", beliefs),
        facts=[fact_of(belief) for belief in beliefs],
        erased=root.candidate.erased or any(isinstance(one.value, Erased) for one in person.told()),
        version=person.version,
    )


def values_of(fact: str, beliefs: Sequence[Belief]) -> Personal[Sequence[str]]:
    """The values of a fact that can be read; ERASED where there were some and none can."""
    values = [belief.value for belief in beliefs if belief.fact == fact]
    readable = [value for value in values if not isinstance(value, Erased)]
    return ERASED if values and not readable else readable


def fact_of(belief: Belief) -> ProfileFact:
    return ProfileFact(
        fact=belief.fact,
        value=belief.value,
        because=provenance_of(belief.because),
        confirmed_by=[provenance_of(one) for one in belief.confirmed_by],
        overruled=[provenance_of(one) for one in belief.overruled],
    )


def provenance_of(told: FactStatement) -> Provenance:
    return Provenance(told.value, told.learned_from, told.at, told.record, told.event, told.position or 0)


def entry_of(recorded: Recorded[Event], who: Principal) -> TimelineEvent:
    """One event of a time line as the reader may see it: when, who, what; and whether anything of it was erased."""
    values = {one.name: getattr(recorded.event, one.name) for one in fields(recorded.event)}
    made_as: Any = type(recorded.event)  # mypy takes the hash of an instance for that of the class
    texts, may_read = texts_of(recorded.event), who.may(Action.READ_PEOPLE)
    withheld = () if may_read else sorted({*personal_in(made_as), *(("texts",) if texts else ())})
    return TimelineEvent(
        record=recorded.stream,
        version=recorded.version,
        position=recorded.position or 0,
        id=recorded.id,
        type=recorded.event.stored_name,
        at=recorded.at,
        occurred_at=recorded.occurred_at,
        occurred_how=recorded.occurred_how,
        recorded_at=recorded.recorded_at,
        actor=actor_to(who, recorded.actor),
        data={name: value for name, value in values.items() if name not in withheld},
        texts=texts if may_read else {},
        withheld=withheld,
        erased=any(isinstance(value, Erased) for value in (*values.values(), *texts.values())),
    )
