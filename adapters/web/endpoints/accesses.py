"""The audit of accesses: who viewed, searched or exported which people. The audit itself is recorded as an access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import Query
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import QUESTION_FIELDS, STREAM
from adapters.web.framework.openapi import QUESTION_ERRORS
from adapters.web.framework.paging import Cursor, PageRequest
from adapters.web.framework.plain import Answered, rendered
from adapters.web.framework.query_runner import AsOfText, MinPosition, QueryRunner
from adapters.web.framework.refusals import CursorCannotBeRead
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Moment, Whole
from adapters.web.services import Services
from domain.access import PeopleSearched
from domain.event import Erased, Personal
from projections.accesses import ACCESSES
from queries import accesses as queries
from queries.accesses import Access, Accesses, Kind, Sought
from queries.question import AsOf

LONGEST_PAGE, PAGE = 100, 50
ACTOR = r"^[a-z]+:[A-Za-z0-9._-]{1,64}$"


@dataclass(frozen=True, slots=True)
class PeopleAccess:
    """One request that showed people: `reader` was shown the records `people` on `page`.

    `query`: the terms of a search; null if it was no search, or if a person in its result was erased: then `erased` is
    true, and the terms can no longer be read. `export`: the id of an exported file; `holds`: what the file contains.
    """

    position: int
    at: datetime
    reader: str
    kind: Kind
    page: str
    people: Sequence[UUID]
    query: Personal[str | None]
    erased: bool
    export: UUID | None
    holds: Sequence[str]


@dataclass(frozen=True, slots=True)
class PeopleAccesses:
    """Accesses to people, newest first.

    `merged_into`: the main record of the person in the request, if it is another record. `next`: the `cursor` of the
    following page; null: this is the last.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    merged_into: UUID | None
    accesses: Sequence[PeopleAccess]
    next: str | None


READING: Mapping[str, Any] = {
    "reader": "user:ana",
    "kind": "searched",
    "page": "candidates",
    "people": [STREAM],
    "query": '{"words": "gardener"}',
    "erased": False,
    "export": None,
    "holds": [],
}


@dataclass(frozen=True, slots=True)
class AccessEndpoints:
    """The endpoint of the audit of accesses."""

    services: Services
    queries: QueryRunner

    async def accesses(
        self,
        who: Who,
        candidate: Annotated[
            UUID | None, Query(description="The person who was shown, by any of their records.")
        ] = None,
        reader: Annotated[str | None, Query(pattern=ACTOR, description="The reader.", examples=["user:ana"])] = None,
        kind: Annotated[Kind | None, Query(description="'viewed', 'searched' or 'exported'.")] = None,
        begins: Annotated[Moment | None, Query(alias="from", description="At this time or later.")] = None,
        ends: Annotated[Moment | None, Query(alias="to", description="Before this time.")] = None,
        cursor: Cursor = None,
        limit: Annotated[Whole, Query(ge=1, le=LONGEST_PAGE, description="How many, at most.")] = PAGE,
        as_of: AsOfText = None,
        min_position: MinPosition = None,
    ) -> Answered[PeopleAccesses]:
        """List who viewed, searched or exported which people, newest first.

        Every request that shows people is recorded before it is answered, including requests of programs and this one.
        All pages are as of the moment of the first.
        """
        sought = Sought(candidate, reader, kind, begins, ends)
        parameters = f"accesses {sought} {as_of}"
        page = PageRequest.of(self.services.key_file, parameters, cursor, self.queries.unless_now(as_of))
        (after,) = page.place or (None,)

        def question(connection: Connection[Any], resolved: AsOf) -> Accesses:
            return queries.accesses(connection, sought, resolved, after, limit)

        answer: Accesses = await self.queries.ask(ACCESSES, question, page.as_of, min_position)
        typed = await run_in_threadpool(self._typed, answer.accesses)
        shown = {person for access in answer.accesses if access.position in typed for person in access.people}
        shown |= set() if candidate is None else {candidate}
        await run_in_threadpool(self.services.readings.viewed, who, "accesses", shown)
        return await rendered(self._page(answer, typed, page))

    def _typed(self, accesses: Sequence[Access]) -> dict[int, Personal[str | None]]:
        """Return the terms of each search by position, decrypted if their key still exists."""
        streams = [access.stream for access in accesses if access.kind == "searched"]
        events = self.services.log.history_together(streams, 0, len(streams)) if streams else []
        return {event.position or 0: event.event.asked for event in events if isinstance(event.event, PeopleSearched)}

    def _page(self, answer: Accesses, typed: Mapping[int, Personal[str | None]], page: PageRequest) -> PeopleAccesses:
        """Return the page with the search terms and with the cursor of the next page."""
        names = [field.name for field in fields(answer) if field.name not in ("accesses", "next")]
        following = page.next(None if answer.next is None else [answer.next], answer.position)
        accesses = [people_access(access, typed) for access in answer.accesses]
        return PeopleAccesses(**{name: getattr(answer, name) for name in names}, accesses=accesses, next=following)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/audit/accesses",
            Action.AUDIT,
            accesses,
            example={
                **QUESTION_FIELDS,
                "definition": "accesses",
                "merged_into": None,
                "accesses": [READING],
                "next": None,
            },
            raises=(CursorCannotBeRead, *QUESTION_ERRORS),
        ),
    )


def people_access(access: Access, typed: Mapping[int, Personal[str | None]]) -> PeopleAccess:
    """Return the access with its search terms, and without its stream."""
    query = typed.get(access.position)
    members = {field.name: getattr(access, field.name) for field in fields(access) if field.name != "stream"}
    return PeopleAccess(**members, query=query, erased=isinstance(query, Erased))
