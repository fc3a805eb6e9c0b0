"""Auditors ask who looked at, searched for or exported whom; that they asked is recorded like any other look."""

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
    """One request that showed people: `reader` asked, on `page`, and was shown the records `people`.

    `asked`: what was typed and chosen in a search; null where there was none, or where it can be opened no more as
    somebody whom it found was erased: then `erased` is true. `export` names what left as a file, `holds` what is in it.
    """

    position: int
    at: datetime
    reader: str
    kind: Kind
    page: str
    people: Sequence[UUID]
    asked: Personal[str | None]
    erased: bool
    export: UUID | None
    holds: Sequence[str]


@dataclass(frozen=True, slots=True)
class PeopleAccesses:
    """Who saw whom, the newest first. `merged_into`: the record that speaks for the person who was asked for, where it
    is another one. `next`: the `cursor` of the following page; null: this is the last."""

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
    "asked": '{"words": "gardener"}',
    "erased": False,
    "export": None,
    "holds": [],
}


@dataclass(frozen=True, slots=True)
class AccessEndpoints:
    """The endpoint about who saw whom."""

    services: Services
    queries: QueryRunner

    async def accesses(
        self,
        who: Who,
        candidate: Annotated[UUID | None, Query(description="Whom they saw, in any record of the person.")] = None,
        reader: Annotated[str | None, Query(pattern=ACTOR, description="Who saw them.", examples=["user:ana"])] = None,
        kind: Annotated[Kind | None, Query(description="'viewed', 'searched' or 'exported'.")] = None,
        begins: Annotated[Moment | None, Query(alias="from", description="At this time or later.")] = None,
        ends: Annotated[Moment | None, Query(alias="to", description="Before this time.")] = None,
        cursor: Cursor = None,
        limit: Annotated[Whole, Query(ge=1, le=LONGEST_PAGE, description="How many, at most.")] = PAGE,
        as_of: AsOfText = None,
        min_position: MinPosition = None,
    ) -> Answered[PeopleAccesses]:
        """Who looked at, searched for or exported whom, the newest first.

        Every request that shows people is recorded before it is answered, also those of programs, and this one too.
        All pages are of the moment of the first.
        """
        sought = Sought(candidate, reader, kind, begins, ends)
        asked = f"accesses {sought} {as_of}"
        page = PageRequest.of(self.services.key_file, asked, cursor, self.queries.unless_now(as_of))
        (after,) = page.place or (None,)

        def question(connection: Connection[Any], known: AsOf) -> Accesses:
            return queries.accesses(connection, sought, known, after, limit)

        found: Accesses = await self.queries.ask(ACCESSES, question, page.as_of, min_position)
        typed = await run_in_threadpool(self._typed, found.accesses)
        shown = {person for one in found.accesses if one.position in typed for person in one.people}
        shown |= set() if candidate is None else {candidate}
        await run_in_threadpool(self.services.readings.viewed, who, "accesses", shown)
        return await rendered(self._told(found, typed, page))

    def _typed(self, found: Sequence[Access]) -> dict[int, Personal[str | None]]:
        """What was typed in each of the searches, by position, opened as far as its key lives."""
        streams = [one.stream for one in found if one.kind == "searched"]
        events = self.services.log.history_together(streams, 0, len(streams)) if streams else []
        return {event.position or 0: event.event.asked for event in events if isinstance(event.event, PeopleSearched)}

    def _told(self, found: Accesses, typed: Mapping[int, Personal[str | None]], page: PageRequest) -> PeopleAccesses:
        told = {one.name: getattr(found, one.name) for one in fields(found) if one.name not in ("accesses", "next")}
        following = page.next(None if found.next is None else [found.next], found.position)
        return PeopleAccesses(**told, accesses=[access_told(one, typed) for one in found.accesses], next=following)

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


def access_told(access: Access, typed: Mapping[int, Personal[str | None]]) -> PeopleAccess:
    asked = typed.get(access.position)
    told = {one.name: getattr(access, one.name) for one in fields(access) if one.name != "stream"}
    return PeopleAccess(**told, asked=asked, erased=isinstance(asked, Erased))
