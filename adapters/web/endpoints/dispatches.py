"""Everything we sent, each with the consent that allowed it, and what was sent elsewhere without one: for auditors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import Query
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.web.endpoints import links
from adapters.web.endpoints.consents import linked
from adapters.web.endpoints.directory import one_of
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import QUESTION_FIELDS
from adapters.web.framework.openapi import QUESTION_ERRORS
from adapters.web.framework.paging import Cursor, Limit, PageRequest
from adapters.web.framework.plain import Answered, rendered
from adapters.web.framework.query_runner import AsOfText, MinPosition, QueryRunner
from adapters.web.framework.refusals import CursorCannotBeRead
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Day, Truth
from adapters.web.services import Services
from domain.candidate import CandidateDoesNotExist
from domain.days import day_begins
from domain.purposes import PURPOSES
from projections.dispatches import DISPATCHES
from queries.dispatches import DEFINITION, VERSION, After, Dispatch, Dispatches, Sought, Totals, dispatches
from queries.person import require_candidate
from queries.question import AsOf, Period, PeriodIsEmpty

PROVED_BY = (
    "perennial audit-bundle --since 0 --out bundle.json",
    "perennial verify bundle.json --dispatches",
)
"""How somebody who does not trust us finds the same exceptions, or that there are none, without a database."""


@dataclass(frozen=True, slots=True)
class DispatchLine(Dispatch):
    """Something that we sent, and whether we might.

    `event` recorded it and stands at `position`, unless `corrected_by` names a later event that says what it really
    was: then `position` is that one's. `record` is where it stands, `candidate` the record that speaks for the person.
    `consent`: the event that it cites as what allowed it, with its proof and its receipt.
    """

    @property
    def proof(self) -> str:
        return links.proof(self.event)

    @property
    def consent_proof(self) -> str | None:
        return None if self.consent is None else links.proof(self.consent)

    @property
    def consent_receipt(self) -> str | None:
        return None if self.consent is None else links.receipt(self.consent)


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """A page of what was sent, the newest first, and the totals of everything that was asked for.

    An exception was reported from elsewhere and no consent that it cites covers it. `proved_by`: the commands by which
    the exceptions, or that there are none, are proved offline. `next`: the `cursor` of the following page; null: this
    is the last.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    totals: Totals
    proved_by: Sequence[str]
    dispatches: Sequence[DispatchLine]
    next: str | None


@dataclass(frozen=True, slots=True)
class DispatchEndpoints:
    """The endpoint about what was sent."""

    services: Services
    queries: QueryRunner

    async def audit_dispatches(
        self,
        who: Who,
        begins: Annotated[Day | None, Query(alias="from", description="Sent on this day or later.")] = None,
        ends: Annotated[Day | None, Query(alias="to", description="Sent before this day.")] = None,
        candidate: Annotated[UUID | None, Query(description="Sent to this person, in whichever record.")] = None,
        purpose: Annotated[str | None, one_of(PURPOSES, "Sent for this purpose.")] = None,
        exceptions: Annotated[Truth, Query(description="List the exceptions alone; the totals stay.")] = False,
        cursor: Cursor = None,
        limit: Limit = 100,
        as_of: AsOfText = None,
        min_position: MinPosition = None,
    ) -> Answered[DispatchReport]:
        """Everything that we sent, as it stands after all corrections, with the consent that allowed it.

        All pages are of the moment of the first, whatever is written meanwhile.
        """
        if candidate is not None:
            await run_in_threadpool(require_candidate, self.services.log, candidate)
        if begins is not None and ends is not None:
            Period(begins, ends)
        sought = Sought(self._begin(begins), self._begin(ends), candidate, purpose)
        asked = f"dispatches {sought} {exceptions} {as_of}"
        page = PageRequest.of(self.services.key_file, asked, cursor, self.queries.unless_now(as_of))
        after = None if page.place is None else after_of(*page.place)

        def question(connection: Connection[Any], known: AsOf) -> Dispatches:
            return dispatches(connection, known, sought, exceptions=exceptions, after=after, limit=limit)

        found: Dispatches = await self.queries.ask(DISPATCHES, question, page.as_of, min_position)
        people = [one.candidate for one in found.dispatches]
        await run_in_threadpool(self.services.readings.viewed, who, "dispatches", people)
        return await rendered(report_of(found, page))

    def _begin(self, day: date | None) -> datetime | None:
        return None if day is None else day_begins(day, self.services.zone)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/audit/dispatches",
            Action.AUDIT,
            audit_dispatches,
            example={
                **QUESTION_FIELDS,
                "definition": "dispatches",
                "dispatches": [{"kind": "email-sent", "reported_by": "perennial", "corrected_by": None}],
                "next": None,
            },
            raises=(CandidateDoesNotExist, CursorCannotBeRead, PeriodIsEmpty, *QUESTION_ERRORS),
        ),
    )


def after_of(at: str, touchpoint: str) -> After:
    """Return the place in the report that a cursor names."""
    return After(datetime.fromisoformat(at), UUID(touchpoint))


def report_of(found: Dispatches, page: PageRequest) -> DispatchReport:
    """Return the page of the report, with the cursor of the next one."""
    place = None if found.next is None else [found.next.at.isoformat(), str(found.next.touchpoint)]
    return DispatchReport(
        DEFINITION,
        VERSION,
        found.position,
        found.as_of,
        found.totals,
        PROVED_BY,
        [linked(DispatchLine, dispatch) for dispatch in found.dispatches],
        page.next(place, found.position),
    )
