"""One candidate, opened for reading: the profile, the time line and the consents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Query, Response
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from adapters.web.asking import Asker, AsOfText, MinPosition
from adapters.web.etag import etag
from adapters.web.plain import Answered, answered
from adapters.web.services import Services
from adapters.web.writing import Moment, Whole
from domain.candidate import (
    ENTRIES,
    CandidateDoesNotExist,
    CandidateReferred,
    CandidateSourced,
    ProfileFactLearned,
)
from domain.event import Aggregate, Erased, Event, Personal, Recorded
from projections.candidate_summary import CANDIDATE_SUMMARY
from projections.consent_state import CONSENT_STATE
from queries import candidate as summaries
from queries import consents as answers
from queries.candidate import CandidateSummary
from queries.consents import Consents
from queries.question import AsOf

At = Annotated[Moment | None, Query(description="When it was so; left out: at the time of as_of.")]
LONGEST_PAGE = 500
"""Events of a time line in one answer, at most."""


@dataclass(frozen=True, slots=True)
class ProfileFact:
    """What somebody told us about the candidate, newest value; null where it was erased."""

    fact: str
    learned_from: str
    value: Personal[str]


@dataclass(frozen=True, slots=True)
class Profile:
    """What we believe about a candidate; `erased`: the person was erased, so what was personal is null."""

    candidate: UUID | None = None
    source: str = "unknown"
    role: str = "unknown"
    location: str = "unknown"
    entered_at: datetime | None = None
    referrer: UUID | None = None
    outside_source: str | None = None
    outside_id: Personal[str | None] = None
    name: Personal[str | None] = None
    emails: Personal[tuple[str, ...]] = ()
    phones: Personal[tuple[str, ...]] = ()
    facts: Mapping[tuple[str, str], ProfileFact] = field(default_factory=dict)
    erased: bool = False


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event of a time line. `data`: its own fields; null where they were personal and have been erased."""

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
    erased: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of what happened with a candidate. `next`: the `after` of the following page; null: this is the last."""

    candidate: UUID
    events: Sequence[TimelineEvent]
    next: int | None


def evolve(profile: Profile, recorded: Recorded[Event]) -> Profile:
    """The profile after one more event of the candidate."""
    match recorded.event:
        case CandidateSourced() as event if profile.candidate is None:
            entered = entry(profile, recorded, event)
            return replace(entered, outside_source=event.outside_source, outside_id=event.outside_id)
        case CandidateReferred() as event if profile.candidate is None:
            return replace(entry(profile, recorded, event), referrer=event.referrer)
        case ProfileFactLearned() as event:
            learned = ProfileFact(event.fact, event.learned_from, event.value)
            return replace(profile, facts={**profile.facts, (event.fact, event.learned_from): learned})
        case _:
            return profile


def entry(profile: Profile, recorded: Recorded[Event], event: CandidateSourced | CandidateReferred) -> Profile:
    return replace(
        profile,
        candidate=recorded.stream,
        source=event.source,
        role=event.role,
        location=event.location,
        entered_at=recorded.at,
        name=event.name,
        emails=event.emails,
        phones=event.phones,
        erased=isinstance(event.name, Erased),
    )


PROFILE = Aggregate("profile", Profile(), evolve)
READS: frozenset[type[Event]] = frozenset((*ENTRIES, ProfileFactLearned))


@dataclass(frozen=True, slots=True)
class CandidatePages:
    """The endpoints about one candidate."""

    services: Services
    asker: Asker

    def profile(self, candidate: UUID) -> Response:
        """What we believe about a candidate, opened from the log; the ETag is the version of the stream."""
        profile, version = self._known(candidate)
        facts = [profile.facts[key] for key in sorted(profile.facts)]
        told = {one.name: getattr(profile, one.name) for one in fields(profile)}
        return answered({**told, "facts": facts, "version": version}, headers={"ETag": etag(version)})

    def timeline(
        self,
        candidate: UUID,
        after: Annotated[Whole, Query(ge=0, le=2**53, description="The `next` of the page before.")] = 0,
        limit: Annotated[Whole, Query(ge=1, le=LONGEST_PAGE, description="How many events, at most.")] = 100,
    ) -> Answered[Timeline]:
        """Everything that happened with a candidate, in the order in which we learned it, page by page.

        What was personal and has been erased is null, and the event says "erased": true.
        """
        self._known(candidate)
        found: list[Any] = list(self.services.log.events.get(candidate, gt=after, limit=limit + 1))
        events = [entry_of(recorded) for recorded in found[:limit]]
        following = found[limit - 1].version if len(found) > limit else None
        return answered(Timeline(candidate, events, following))

    async def summary(
        self, candidate: UUID, as_of: AsOfText = None, min_position: MinPosition = None
    ) -> Answered[CandidateSummary]:
        """How a candidate came to us, when we last heard from them and how far it went."""

        def question(connection: Connection[Any], known: AsOf) -> CandidateSummary | None:
            return summaries.candidate(connection, candidate, known)

        found: CandidateSummary | None = await self.asker.ask(CANDIDATE_SUMMARY, question, as_of, min_position)
        if found is None:
            raise CandidateDoesNotExist(candidate=candidate)
        return answered(found)

    async def consents(
        self,
        candidate: UUID,
        at: At = None,
        as_of: AsOfText = None,
        min_position: MinPosition = None,
    ) -> Answered[Consents]:
        """What a candidate allows us: the answer that holds for each purpose on each channel."""

        def question(connection: Connection[Any], known: AsOf) -> Consents:
            return answers.consents(connection, candidate, known, at)

        await run_in_threadpool(self._known, candidate)
        found: Consents = await self.asker.ask(CONSENT_STATE, question, as_of, min_position)
        return answered(found)

    def _known(self, candidate: UUID) -> tuple[Profile, int]:
        """The profile and the stream's version. Errors: CandidateDoesNotExist."""
        loaded = self.services.log.load(PROFILE, candidate, READS)
        profile = cast(Profile, loaded.state)
        if profile.candidate is None:
            raise CandidateDoesNotExist(candidate=candidate)
        return profile, loaded.version


def entry_of(recorded: Recorded[Event]) -> TimelineEvent:
    """One event of a time line: when, who, what; and whether anything of it was erased."""
    values = {one.name: getattr(recorded.event, one.name) for one in fields(recorded.event)}  # type: ignore[arg-type]  # a dataclass
    return TimelineEvent(
        version=recorded.version,
        position=recorded.position or 0,
        id=recorded.id,
        type=recorded.event.stored_name,
        at=recorded.at,
        occurred_at=recorded.occurred_at,
        occurred_how=recorded.occurred_how,
        recorded_at=recorded.recorded_at,
        actor=recorded.actor,
        data=values,
        erased=any(isinstance(value, Erased) for value in values.values()),
    )
