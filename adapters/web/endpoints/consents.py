"""The endpoints about consents: their state, their history, and which of them end soon."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from fastapi import Query
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.web.endpoints import links
from adapters.web.endpoints.candidates import At
from adapters.web.endpoints.directory import one_of
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import QUESTION_FIELDS, STREAM, TRAIL_LINE
from adapters.web.framework.openapi import QUESTION_ERRORS
from adapters.web.framework.paging import Cursor, Limit, PageRequest
from adapters.web.framework.plain import Answered, answered, rendered
from adapters.web.framework.query_runner import AsOfText, MinPosition, QueryRunner
from adapters.web.framework.refusals import CursorCannotBeRead
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Whole
from adapters.web.services import Services
from domain.candidate import CandidateDoesNotExist
from domain.purposes import PURPOSES
from projections.consent_state import CONSENT_STATE
from queries import consents as states
from queries.consent_history import ConsentTrail, consent_history
from queries.consents import Consents
from queries.expiring import DEFINITION, VERSION, After, Expiring, ExpiringConsent, expiring
from queries.person import require_candidate
from queries.question import AsOf

LONGEST_DAYS = 3660
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EndingConsent(ExpiringConsent):
    """A consent that is in effect and ends soon, with the channels on which it decides and its end.

    `candidate`: the person's main record. `record`: the record in which the consent is.
    """

    @property
    def proof(self) -> str:
        return links.proof(self.event)

    @property
    def receipt(self) -> str:
        return links.receipt(self.event)


@dataclass(frozen=True, slots=True)
class EndingConsents:
    """A page of the consents that end after `as_of` and not after `until`, soonest first; `n` in all.

    `next`: the `cursor` of the following page; null: this is the last.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    until: datetime
    n: int
    consents: tuple[EndingConsent, ...]
    next: str | None


STATE = {
    "purpose": "talent_pool",
    "channel": "email",
    "status": "given",
    "since": "2026-05-04T09:30:00.120000Z",
    "valid_until": None,
    "event": "6b2f5b5e-33a1-5a0e-9c0b-1de0f7a4c001",
}


@dataclass(frozen=True, slots=True)
class ConsentEndpoints:
    """The endpoints about consents."""

    services: Services
    queries: QueryRunner

    async def consents(
        self, candidate: UUID, who: Who, at: At = None, as_of: AsOfText = None, min_position: MinPosition = None
    ) -> Answered[ConsentTrail]:
        """Return the consent in effect for each purpose on each channel, and the trail of all consents.

        The trail has every request and answer: its wording, who recorded it and from where, until when it is valid,
        what was sent because of it, and the path of its proof. For a merged person it has the lines of all records.
        `at` names the moment of the state, `as_of` that of our knowledge.
        """

        def question(connection: Connection[Any], resolved: AsOf) -> Consents:
            return states.consents(connection, candidate, resolved, at)

        await run_in_threadpool(require_candidate, self.services.log, candidate)
        answer: Consents = await self.queries.ask(CONSENT_STATE, question, as_of, min_position)
        return await run_in_threadpool(self._answered, answer, who)

    async def consents_expiring(
        self,
        who: Who,
        within: Annotated[
            Whole, Query(ge=1, le=LONGEST_DAYS, description="Within this number of days after as_of.")
        ] = 30,
        purpose: Annotated[str | None, one_of(PURPOSES, "Consents to this purpose alone.")] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
        as_of: AsOfText = None,
        min_position: MinPosition = None,
    ) -> Answered[EndingConsents]:
        """List the consents that end soon, soonest first, so that they can be renewed in time.

        All pages are as of the moment of the first.
        """
        parameters = f"consents-expiring {within} {purpose} {as_of}"
        page = PageRequest.of(self.services.key_file, parameters, cursor, self.queries.unless_now(as_of))
        after = None if page.place is None else after_of(*page.place)

        def question(connection: Connection[Any], resolved: AsOf) -> Expiring:
            return expiring(connection, resolved, timedelta(within), purpose, after, limit)

        answer: Expiring = await self.queries.ask(CONSENT_STATE, question, page.as_of, min_position)
        await run_in_threadpool(
            self.services.readings.viewed, who, "consents-expiring", [consent.candidate for consent in answer.consents]
        )
        return await rendered(ending_consents(answer, page))

    def _answered(self, states: Consents, who: Who) -> Answered[ConsentTrail]:
        """Record the access, and return the answer."""
        answer = consent_history(self.services.log, states, links)
        self.services.readings.viewed(who, "consents", answer.records)
        return answered(answer)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/candidates/{candidate}/consents",
            Action.READ_CONSENTS,
            consents,
            example={
                **QUESTION_FIELDS,
                "version": 3,
                "candidate": STREAM,
                "merged_into": None,
                "valid_at": QUESTION_FIELDS["as_of"],
                "states": [STATE],
                "trail": [TRAIL_LINE],
            },
            raises=(CandidateDoesNotExist, *QUESTION_ERRORS),
        ),
        Endpoint(
            "GET",
            "/v1/expiring-consents",
            Action.READ_CONSENTS,
            consents_expiring,
            example={
                **QUESTION_FIELDS,
                "definition": "consents-expiring",
                "consents": [{"channels": ["email"]}],
                "next": None,
            },
            raises=(CursorCannotBeRead, *QUESTION_ERRORS),
        ),
    )


def after_of(valid_until: str, event: str) -> After:
    """Return the place in the list that a cursor names."""
    return After(datetime.fromisoformat(valid_until), UUID(event))


def ending_consents(answer: Expiring, page: PageRequest) -> EndingConsents:
    """Return the page, with the cursor of the next one."""
    place = None if answer.next is None else [answer.next.valid_until.isoformat(), str(answer.next.event)]
    return EndingConsents(
        DEFINITION,
        VERSION,
        answer.position,
        answer.as_of,
        answer.until,
        answer.n,
        tuple(linked(EndingConsent, consent) for consent in answer.consents),
        page.next(place, answer.position),
    )


def linked(kind: type[T], answer: Any) -> T:
    """Return the same answer as the kind that adds its links."""
    return kind(**{field.name: getattr(answer, field.name) for field in fields(answer)})
