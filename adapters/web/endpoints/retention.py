"""The dry run of retention: whom its rules would erase. `perennial retention` or an erasure request erases them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar

from fastapi import Query
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import QUESTION_FIELDS
from adapters.web.framework.openapi import QUESTION_ERRORS
from adapters.web.framework.paging import Cursor, Limit, PageRequest
from adapters.web.framework.plain import Answered, rendered
from adapters.web.framework.query_runner import MinPosition, QueryRunner
from adapters.web.framework.refusals import CursorCannotBeRead
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Day
from adapters.web.services import Services
from projections.retention import RETENTION
from queries.question import AsOf
from queries.retention import READ_MODELS, Retention, Sought, Standing, retention

On = Annotated[Day | None, Query(description="The day; omitted: today.")]
ByStanding = Annotated[Standing | None, Query(description="'due' or 'kept'; omitted: both.")]


@dataclass(frozen=True, slots=True)
class RetentionEndpoints:
    """The endpoint about retention."""

    services: Services
    queries: QueryRunner

    async def retention(
        self,
        who: Who,
        on: On = None,
        standing: ByStanding = None,
        cursor: Cursor = None,
        limit: Limit = 100,
        min_position: MinPosition = None,
    ) -> Answered[Retention]:
        """List the people whom the rules of retention would erase on a day, and those who are kept longer, and why.

        It erases no one.
        """
        parameters = f"retention {on} {standing}"
        page = PageRequest.of(self.services.key_file, parameters, cursor)
        (after,) = page.place or (None,)
        for model in READ_MODELS:
            await self.queries.position_from(model.name, min_position or 0)
        sought = Sought(standing, None, after, limit)
        answer: Retention = await self.queries.ask(RETENTION, partial(self._retention, on, sought), None, min_position)
        people = [record for person in answer.people for record in person.records]
        await run_in_threadpool(self.services.readings.viewed, who, "retention", people)
        place = None if answer.next is None else [answer.next]
        return await rendered(replace(answer, next=page.next(place)))

    def _retention(self, on: date | None, sought: Sought, connection: Connection[Any], resolved: AsOf) -> Retention:
        today = AsOf(resolved.position, self.services.now(), resolved.zone)
        return retention(connection, today, self.services.retaining.rules, on, sought)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/due-erasures",
            Action.ERASE,
            retention,
            example={
                **QUESTION_FIELDS,
                "definition": "retention",
                "people": [{"standing": "due", "because": []}],
                "next": None,
            },
            raises=(CursorCannotBeRead, *QUESTION_ERRORS),
        ),
    )
