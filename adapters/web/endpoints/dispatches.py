"""The audit of dispatches: every message sent, with the consent that permitted it, and those sent without one."""

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
"""The commands by which an auditor verifies the exceptions, or that there are none, without a database."""


@dataclass(frozen=True, slots=True)
class DispatchLine(Dispatch):
    """A dispatch, and whether a consent permitted it.

    `event` recorded it at `position`; if `corrected_by` names a later event that corrects it, `position` is that of the
    correction. `record`: the record of the dispatch. `candidate`: the person's main record. `consent`: the event of the
    consent that it cites, with its proof and its receipt.
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
    """A page of dispatches, newest first, and the totals of all that match.

    An exception is a dispatch that another system reported and that no consent it cites covers. `proved_by`: the
    commands that verify the exceptions, or that there are none, offline. `next`: the `cursor` of the following page;
    null: this is the last.
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
    """The endpoint of the audit of dispatches."""

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
        """List every dispatch after all corrections, with the consent that permitted it.

        All pages are as of the moment of the first.
        """
        if candidate is not None:
            await run_in_threadpool(require_candidate, self.services.log, candidate)
        if begins is not None and ends is not None:
            Period(begins, ends)
        sought = Sought(self._begin(begins), self._begin(ends), candidate, purpose)
        parameters = f"dispatches {sought} {exceptions} {as_of}"
        page = PageRequest.of(self.services.key_file, parameters, cursor, self.queries.unless_now(as_of))
        after = None if page.place is None else after_of(*page.place)

        def question(connection: Connection[Any], resolved: AsOf) -> Dispatches:
            return dispatches(connection, resolved, sought, exceptions=exceptions, after=after, limit=limit)

        answer: Dispatches = await self.queries.ask(DISPATCHES, question, page.as_of, min_position)
        people = [dispatch.candidate for dispatch in answer.dispatches]
        await run_in_threadpool(self.services.readings.viewed, who, "dispatches", people)
        return await rendered(report_of(answer, page))

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


def report_of(answer: Dispatches, page: PageRequest) -> DispatchReport:
    """Return the page of the report, with the cursor of the next one."""
    place = None if answer.next is None else [answer.next.at.isoformat(), str(answer.next.touchpoint)]
    return DispatchReport(
        DEFINITION,
        VERSION,
        answer.position,
        answer.as_of,
        answer.totals,
        PROVED_BY,
        [linked(DispatchLine, dispatch) for dispatch in answer.dispatches],
        page.next(place, answer.position),
    )
