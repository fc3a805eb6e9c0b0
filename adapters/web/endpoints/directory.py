"""The endpoints of the directory: search, look-up by address, and possible duplicates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import Body, Query
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.access.principal import Principal
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.openapi import READ_MODEL_ERRORS
from adapters.web.framework.paging import Cursor, PageRequest
from adapters.web.framework.plain import Answered, rendered
from adapters.web.framework.query_runner import MinPosition, QueryRunner
from adapters.web.framework.refusals import ChannelIsAskedWithoutConsent, CursorCannotBeRead
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Code, Day, Whole
from adapters.web.services import Services
from domain.addresses import AddressCannotBeRead, AddressIsPlaceholder, ValueHoldsSeveralAddresses
from domain.days import day_begins
from domain.purposes import CONSENT_CHANNELS, PURPOSES
from projections.directory import DIRECTORY, EVIDENCE
from queries import directory as queries
from queries.directory import After, Directory, Facet, Person, Reading, Sort, Sought
from queries.duplicates import AfterPair, Duplicates, Pair, duplicates
from queries.question import AsOf

LONGEST_PAGE, PAGE = 200, 50
TEXT: Mapping[str, Any] = {"min_length": 1, "max_length": 200, "pattern": r"^[^\x00]+$"}

Limit = Annotated[Whole, Query(ge=1, le=LONGEST_PAGE, description="How many on a page.")]


def text(description: str) -> Any:
    return Query(description=description, **TEXT)


def one_of(codes: Iterable[str], description: str) -> Any:
    return Query(description=description, pattern=f"^({'|'.join(codes)})$")


@dataclass(frozen=True, slots=True)
class People:
    """A page of the people who match.

    `n` and the facets count all matches if `exact`, else at most the first 1000 that were read, so both are minimums.
    The first page has them; on later pages they are null. `readings`: how each text of the search was interpreted.
    `next`: the `cursor` of the following page; null: this is the last.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    n: int | None
    exact: bool
    facets: tuple[Facet, ...] | None
    readings: tuple[Reading, ...]
    people: tuple[Person, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class PeopleOfAddress:
    """The people who have the address: usually one person, or none."""

    definition: str
    version: int
    position: int
    as_of: datetime
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of records that may be one person, with the evidence.

    `next`: the `cursor` of the following page; null: this is the last.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    pairs: tuple[Pair, ...]
    next: str | None


class Address(BaseModel):
    """An address to look up. It is sent in the body, because proxies log URLs."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"kind": "email", "address": "a@b.example"}}
    )

    kind: Literal["email", "phone"]
    address: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]


@dataclass(frozen=True, slots=True)
class DirectoryEndpoints:
    """The endpoints of the directory."""

    services: Services
    queries: QueryRunner

    async def candidates(
        self,
        who: Who,
        q: Annotated[
            str | None, text("Words in the name, role, location, employer, skills or tags; all must match.")
        ] = None,
        role: Annotated[str | None, text("The current role, or that of their entry.")] = None,
        location: Annotated[str | None, text("Where they are, or want to work.")] = None,
        skill: Annotated[str | None, text("One of their skills.")] = None,
        tag: Annotated[str | None, text("One of their tags.")] = None,
        employer: Annotated[str | None, text("The current employer.")] = None,
        language: Annotated[str | None, text("One of their languages.")] = None,
        owner: Annotated[str | None, text("The colleague who owns the relationship.")] = None,
        community: Annotated[UUID | None, Query(description="A talent community that they are a member of.")] = None,
        source: Annotated[Code, Query(description="Where they came from.")] = None,
        consent: Annotated[str | None, one_of(PURPOSES, "A purpose that they consent to now.")] = None,
        channel: Annotated[str | None, one_of(CONSENT_CHANNELS, "The channel of that consent.")] = None,
        contacted_from: Annotated[Day | None, Query(description="Last contact on this day or later.")] = None,
        contacted_to: Annotated[Day | None, Query(description="Last contact before this day.")] = None,
        sort: Annotated[Sort, Query(description="'last-contact': newest first; or 'name'.")] = "last-contact",
        limit: Limit = PAGE,
        cursor: Cursor = None,
        min_position: MinPosition = None,
    ) -> Answered[People]:
        """Search the directory for people who match all parameters; a person with several records is one row.

        Case, accents, apostrophes, hyphens and kinds of blanks are ignored, in any script; names in Han, kana and
        Hangul match by one character or more. A word that no person has is corrected as a typo, and `readings` has the
        correction. People without any contact are sorted last by 'last-contact'.
        """
        if channel is not None and consent is None:
            raise ChannelIsAskedWithoutConsent
        sought = Sought(
            words=q, role=role, location=location, skill=skill, tag=tag, employer=employer, language=language,
            owner=owner, community=community, source=source, consent=consent, channel=channel,
            contacted_after=self._begin(contacted_from), contacted_before=self._begin(contacted_to),
        )  # fmt: skip
        parameters = question_text("candidates", sought, sort)
        page = PageRequest.of(self.services.key_file, parameters, cursor)
        after = None if page.place is None else after_of(*page.place)
        now = self.services.now()

        def question(connection: Connection[Any], resolved: AsOf) -> Directory:
            return queries.search(connection, sought, resolved, now, sort=sort, limit=limit, after=after)

        answer: Directory = await self.queries.ask(DIRECTORY, question, None, min_position)
        typed = {field.name: value for field in fields(sought) if (value := getattr(sought, field.name)) is not None}
        gone = await self._searched(who, "candidates", answer.people, typed)
        place = None if answer.next is None else [answer.next.key, str(answer.next.person)]
        members = members_of(answer) | {"people": without(answer.people, gone)}
        return await rendered(People(**members, next=page.next(place)))

    async def candidates_of_address(
        self, address: Annotated[Address, Body()], who: Who, min_position: MinPosition = None
    ) -> Answered[PeopleOfAddress]:
        """Find the people with an e-mail address or a phone number by its keyed hash, however it is written.

        A text that is not one address is refused.
        """
        form = self.services.log.addresses.only_form(address.kind, address.address, "address")
        blind = self.services.key_file.blind(address.kind, form)

        def question(connection: Connection[Any], resolved: AsOf) -> PeopleOfAddress:
            people = queries.lookup(connection, EVIDENCE[address.kind], blind)
            return PeopleOfAddress(queries.DEFINITION, queries.VERSION, resolved.position, resolved.at, people)

        answer: PeopleOfAddress = await self.queries.ask(DIRECTORY, question, None, min_position)
        gone = await self._searched(who, "candidate-lookups", answer.people, address.model_dump())
        return await rendered(replace(answer, people=without(answer.people, gone)))

    async def duplicates(
        self, who: Who, limit: Limit = PAGE, cursor: Cursor = None, min_position: MinPosition = None
    ) -> Answered[Pairs]:
        """List pairs of records that may be one person, by 'same-address', 'same-phone' or 'same-name-and-employer'.

        Nothing is merged. Pairs that were merged, or unmerged again, are not listed.
        """
        page = PageRequest.of(self.services.key_file, "duplicates", cursor)
        after = None if page.place is None else after_pair(*page.place)

        def question(connection: Connection[Any], resolved: AsOf) -> Duplicates:
            return duplicates(connection, resolved, limit=limit, after=after)

        answer: Duplicates = await self.queries.ask(DIRECTORY, question, None, min_position)
        shown = [person.candidate for pair in answer.pairs for person in (pair.first, pair.second)]
        await run_in_threadpool(self.services.readings.viewed, who, "duplicates", shown)
        gone = await run_in_threadpool(self.services.erasures.asked_for, shown)
        pairs = tuple(pair for pair in answer.pairs if gone.isdisjoint((pair.first.candidate, pair.second.candidate)))
        place = None if answer.next is None else [answer.next.key, str(answer.next.first), str(answer.next.second)]
        return await rendered(Pairs(**members_of(answer) | {"pairs": pairs}, next=page.next(place)))

    async def _searched(
        self, who: Principal, page: str, people: Iterable[Person], typed: Mapping[str, Any]
    ) -> set[UUID]:
        """Record the search, and return the people whose erasure is requested but not yet folded: they are not shown.

        `typed`: the parameters that were given.
        """
        shown, query = [person.candidate for person in people], json.dumps(typed, default=str, ensure_ascii=False)

        def record() -> set[UUID]:
            self.services.readings.searched(who, page, shown, query)
            # Read last: an erasure that was requested before the search was recorded has not destroyed the search.
            erasures = self.services.erasures
            if gone := erasures.asked_for(shown):
                erasures.destroy_searches(gone)
            return gone

        return await run_in_threadpool(record)

    def _begin(self, day: date | None) -> datetime | None:
        """Return the beginning of the day in the organisation's zone."""
        return None if day is None else day_begins(day, self.services.zone)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/candidates",
            Action.READ_PEOPLE,
            candidates,
            example={
                "n": 1,
                "exact": True,
                "facets": [{"kind": "role", "value": "gardener", "n": 1}],
                "readings": [],
                "next": None,
            },
            raises=(CursorCannotBeRead, ChannelIsAskedWithoutConsent, *READ_MODEL_ERRORS),
        ),
        Endpoint(
            "POST",
            "/v1/addresses/find",
            Action.READ_PEOPLE,
            candidates_of_address,
            raises=(AddressCannotBeRead, AddressIsPlaceholder, ValueHoldsSeveralAddresses, *READ_MODEL_ERRORS),
            body={"kind": "email", "address": "zoe@example.org"},
        ),
        Endpoint(
            "GET",
            "/v1/duplicates",
            Action.READ_PEOPLE,
            duplicates,
            example={"next": None},
            raises=(CursorCannotBeRead, *READ_MODEL_ERRORS),
        ),
    )


def question_text(route: str, sought: Sought, sort: Sort) -> str:
    """Return the search as text, which its cursors are bound to."""
    return json.dumps([route, sort, *(getattr(sought, field.name) for field in fields(sought))], default=str)


def without(people: Iterable[Person], gone: set[UUID]) -> tuple[Person, ...]:
    return tuple(person for person in people if person.candidate not in gone)


def members_of(answer: Directory | Duplicates) -> dict[str, Any]:
    return {field.name: getattr(answer, field.name) for field in fields(answer) if field.name != "next"}


def after_of(key: str, person: str) -> After:
    """Return the place in the directory that a cursor names."""
    return After(key, UUID(person))


def after_pair(key: str, first: str, second: str) -> AfterPair:
    """Return the place in the list of duplicates that a cursor names."""
    return AfterPair(key, UUID(first), UUID(second))
