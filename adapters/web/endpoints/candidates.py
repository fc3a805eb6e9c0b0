"""The endpoints about one candidate: profile, timeline and summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import Query
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.access.principal import Principal
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.etag import etag
from adapters.web.framework.examples import PROFILE, QUESTION_FIELDS, STREAM
from adapters.web.framework.openapi import QUESTION_ERRORS
from adapters.web.framework.paging import Limit
from adapters.web.framework.plain import Answered, answered, rendered
from adapters.web.framework.query_runner import AsOfText, MinPosition, QueryRunner
from adapters.web.framework.shapes import actor_to
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Moment, Whole
from adapters.web.services import Services
from domain.candidate import CandidateDoesNotExist
from domain.catalogue import EVENTS
from domain.codec import personal_in
from domain.event import Event
from projections.candidate_summary import CANDIDATE_SUMMARY
from queries import candidate as summaries
from queries.candidate import CandidateSummary
from queries.profile import Profile, profile
from queries.question import AsOf
from queries.timeline import Timeline, TimelineEvent, timeline

At = Annotated[Moment | None, Query(description="The time it was valid at; omitted: the time of as_of.")]
EVENT_TYPES: Mapping[str, type[Event]] = {event.stored_name: event for event in EVENTS}


EVENT: Mapping[str, Any] = {
    "record": STREAM,
    "version": 2,
    "position": 1190,
    "id": "6b2f5b5e-33a1-5a0e-9c0b-1de0f7a4c001",
    "type": "profile-fact-learned.v1",
    "at": "2026-05-04T09:30:00.120000Z",
    "occurred_at": None,
    "occurred_how": "unknown",
    "recorded_at": "2026-05-04T09:30:00.120000Z",
    "actor": "user:ana",
    "data": {"fact": "current-employer", "learned_from": "self", "value": None},
    "texts": {},
    "withheld": [],
    "erased": True,
}


@dataclass(frozen=True, slots=True)
class CandidateEndpoints:
    """The endpoints about one candidate."""

    services: Services
    queries: QueryRunner

    def profile(self, candidate: UUID, who: Who) -> Answered[Profile]:
        """Return the profile of a candidate with the sources of its facts; of a merged person, from all records.

        It is read from the log. The ETag is the version of the requested record.
        """
        answer = profile(self.services.log, candidate)
        self.services.readings.viewed(who, "profile", answer.records)
        return answered(answer, headers={"ETag": etag(answer.version)})

    def timeline(
        self,
        candidate: UUID,
        who: Who,
        cursor: Annotated[Whole, Query(ge=0, le=2**53, description="The `next` of the previous page.")] = 0,
        limit: Limit = 100,
    ) -> Answered[Timeline]:
        """List the events of a candidate in the order of their recording; of a merged person, those of all records.

        Erased personal values are null, and the event has "erased": true. `cursor` is a log position: events written
        meanwhile appear on later pages. A role that may not read people gets the codes, dates and ids of each event and
        nothing personal.
        """
        answer = timeline(self.services.log, candidate, cursor, limit)
        self.services.readings.viewed(who, "timeline", answer.records)
        return answered(replace(answer, events=[redacted(event, who) for event in answer.events]))

    async def summary(
        self, candidate: UUID, who: Who, as_of: AsOfText = None, min_position: MinPosition = None
    ) -> Answered[CandidateSummary]:
        """Return how a candidate entered, their last contact, and how far they got in applications."""

        def question(connection: Connection[Any], resolved: AsOf) -> CandidateSummary | None:
            return summaries.candidate(connection, candidate, resolved)

        answer: CandidateSummary | None = await self.queries.ask(CANDIDATE_SUMMARY, question, as_of, min_position)
        if answer is None:
            raise CandidateDoesNotExist(candidate=candidate)
        await run_in_threadpool(self.services.readings.viewed, who, "summary", [candidate])
        return await rendered(answer)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/candidates/{candidate}",
            Action.READ_PEOPLE,
            profile,
            example=PROFILE,
            raises=(CandidateDoesNotExist,),
        ),
        Endpoint(
            "GET",
            "/v1/candidates/{candidate}/summary",
            Action.READ_PSEUDONYMS,
            summary,
            example={
                **QUESTION_FIELDS,
                "version": 3,
                "definition": "candidate-summary",
                "candidate": STREAM,
                "contacts": 3,
                "engagements": 5,
            },
            raises=(CandidateDoesNotExist, *QUESTION_ERRORS),
        ),
        Endpoint(
            "GET",
            "/v1/candidates/{candidate}/timeline",
            Action.READ_PSEUDONYMS,
            timeline,
            example={"candidate": STREAM, "merged_into": None, "records": [STREAM], "events": [EVENT], "next": 1190},
            raises=(CandidateDoesNotExist,),
        ),
    )


def redacted(event: TimelineEvent, who: Principal) -> TimelineEvent:
    """Return the event as the reader may see it: without personal fields for a role that may not read people."""
    if who.may(Action.READ_PEOPLE):
        return event
    made_as: Any = EVENT_TYPES[event.type]  # mypy takes the hash of an instance for that of the class
    withheld = sorted({*personal_in(made_as), *(("texts",) if event.texts else ())})
    data = {name: value for name, value in event.data.items() if name not in withheld}
    return replace(event, actor=actor_to(who, event.actor), data=data, texts={}, withheld=withheld)
