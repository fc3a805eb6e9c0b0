"""The directory over HTTP: people are searched, found by an address, and shown in pairs that may be one person."""

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
    """People who match, page by page.

    `n` and the facets count all who match where `exact`; else the first 1000 that were met or fewer, so both are 'at
    least'. They come with the first page; on those that follow they are null. `readings` say how each written part of
    the question was read. `next`: the `cursor` of the following page; null: this is the last.
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
    """Who has the address: usually one person, or nobody."""

    definition: str
    version: int
    position: int
    as_of: datetime
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of people who may be one, and the evidence. `next`: the `cursor` of the following page; null: the last."""

    definition: str
    version: int
    position: int
    as_of: datetime
    pairs: tuple[Pair, ...]
    next: str | None


class Address(BaseModel):
    """An address to look somebody up by. It is in the body, as a URL is written down on the way."""

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
            str | None, text("Words of the name, role, location, employer, skills or tags; all of them.")
        ] = None,
        role: Annotated[str | None, text("The current role, or the one they came to us for.")] = None,
        location: Annotated[str | None, text("Where they are, or would work.")] = None,
        skill: Annotated[str | None, text("One of their skills.")] = None,
        tag: Annotated[str | None, text("One of their tags.")] = None,
        employer: Annotated[str | None, text("The current employer.")] = None,
        language: Annotated[str | None, text("One of their languages.")] = None,
        owner: Annotated[str | None, text("Who of us keeps the relationship.")] = None,
        community: Annotated[UUID | None, Query(description="A talent community they are in.")] = None,
        source: Annotated[Code, Query(description="Where they came from.")] = None,
        consent: Annotated[str | None, one_of(PURPOSES, "A purpose that they allow now.")] = None,
        channel: Annotated[str | None, one_of(CONSENT_CHANNELS, "The channel that the consent is asked for.")] = None,
        contacted_from: Annotated[Day | None, Query(description="Last contact on this day or later.")] = None,
        contacted_to: Annotated[Day | None, Query(description="Last contact before this day.")] = None,
        sort: Annotated[Sort, Query(description="'last-contact': the newest first; 'name'.")] = "last-contact",
        limit: Limit = PAGE,
        cursor: Cursor = None,
        min_position: MinPosition = None,
    ) -> Answered[People]:
        """People of the directory who match all that is asked, one row a person, however many records they have.

        Capitals, accents, apostrophes, hyphens and kinds of blanks do not count, in any script; names in Han, kana and
        Hangul are found by one sign or more. What is written as nobody has it is taken as a typo, and the answer's
        `readings` say as what. Somebody who was never in contact has no last contact, and is sorted last by it.
        """
        if channel is not None and consent is None:
            raise ChannelIsAskedWithoutConsent
        sought = Sought(
            words=q, role=role, location=location, skill=skill, tag=tag, employer=employer, language=language,
            owner=owner, community=community, source=source, consent=consent, channel=channel,
            contacted_after=self._begin(contacted_from), contacted_before=self._begin(contacted_to),
        )  # fmt: skip
        asked = asked_as("candidates", sought, sort)
        page = PageRequest.of(self.services.key_file, asked, cursor)
        after = None if page.place is None else after_of(*page.place)
        now = self.services.now()

        def question(connection: Connection[Any], known: AsOf) -> Directory:
            return queries.search(connection, sought, known, now, sort=sort, limit=limit, after=after)

        found: Directory = await self.queries.ask(DIRECTORY, question, None, min_position)
        typed = {one.name: value for one in fields(sought) if (value := getattr(sought, one.name)) is not None}
        gone = await self._searched(who, "candidates", found.people, typed)
        place = None if found.next is None else [found.next.key, str(found.next.person)]
        told = told_of(found) | {"people": without(found.people, gone)}
        return await rendered(People(**told, next=page.next(place)))

    async def candidates_of_address(
        self, address: Annotated[Address, Body()], who: Who, min_position: MinPosition = None
    ) -> Answered[PeopleOfAddress]:
        """Who has an e-mail address or a phone number, found by a keyed hash of it, however the address is written.

        A text that is not one address is refused.
        """
        form = self.services.log.addresses.only_form(address.kind, address.address, "address")
        blind = self.services.key_file.blind(address.kind, form)

        def question(connection: Connection[Any], known: AsOf) -> PeopleOfAddress:
            people = queries.lookup(connection, EVIDENCE[address.kind], blind)
            return PeopleOfAddress(queries.DEFINITION, queries.VERSION, known.position, known.at, people)

        found: PeopleOfAddress = await self.queries.ask(DIRECTORY, question, None, min_position)
        gone = await self._searched(who, "candidate-lookups", found.people, address.model_dump())
        return await rendered(replace(found, people=without(found.people, gone)))

    async def duplicates(
        self, who: Who, limit: Limit = PAGE, cursor: Cursor = None, min_position: MinPosition = None
    ) -> Answered[Pairs]:
        """Pairs of people who may be one, with what they share: 'same-address', 'same-phone', 'same-name-and-employer'.

        Nobody is merged by it. Pairs that were merged do not show, nor those that were parted again.
        """
        page = PageRequest.of(self.services.key_file, "duplicates", cursor)
        after = None if page.place is None else after_pair(*page.place)

        def question(connection: Connection[Any], known: AsOf) -> Duplicates:
            return duplicates(connection, known, limit=limit, after=after)

        found: Duplicates = await self.queries.ask(DIRECTORY, question, None, min_position)
        shown = [one.candidate for pair in found.pairs for one in (pair.first, pair.second)]
        await run_in_threadpool(self.services.readings.viewed, who, "duplicates", shown)
        gone = await run_in_threadpool(self.services.erasures.asked_for, shown)
        pairs = tuple(one for one in found.pairs if gone.isdisjoint((one.first.candidate, one.second.candidate)))
        place = None if found.next is None else [found.next.key, str(found.next.first), str(found.next.second)]
        return await rendered(Pairs(**told_of(found) | {"pairs": pairs}, next=page.next(place)))

    async def _searched(
        self, who: Principal, page: str, people: Iterable[Person], typed: Mapping[str, Any]
    ) -> set[UUID]:
        """Records the search; `typed`: what was asked, and nothing of what was left out. Gives those of the people who
        are to be erased, which the directory has not heard of yet: they are shown no more."""
        found, asked = [person.candidate for person in people], json.dumps(typed, default=str, ensure_ascii=False)

        def record() -> set[UUID]:
            self.services.readings.searched(who, page, found, asked)
            # Looked for last: an erasure that was asked for before the search was recorded may have found none of it.
            erasures = self.services.erasures
            if gone := erasures.asked_for(found):
                erasures.destroy_searches(gone)
            return gone

        return await run_in_threadpool(record)

    def _begin(self, day: date | None) -> datetime | None:
        """When the day begins where the organisation is."""
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


def asked_as(route: str, sought: Sought, sort: Sort) -> str:
    """The question as text: a cursor belongs to one."""
    return json.dumps([route, sort, *(getattr(sought, one.name) for one in fields(sought))], default=str)


def without(people: Iterable[Person], gone: set[UUID]) -> tuple[Person, ...]:
    return tuple(person for person in people if person.candidate not in gone)


def told_of(found: Directory | Duplicates) -> dict[str, Any]:
    return {one.name: getattr(found, one.name) for one in fields(found) if one.name != "next"}


def after_of(key: str, person: str) -> After:
    """Return the place in the directory that a cursor names."""
    return After(key, UUID(person))


def after_pair(key: str, one: str, other: str) -> AfterPair:
    """Return the place in the list of duplicates that a cursor names."""
    return AfterPair(key, UUID(one), UUID(other))
