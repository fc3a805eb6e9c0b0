"""Who looked at, searched for or exported whom: each request leaves one event, in a stream of its own.

The row's actor is the reader. What a reader typed is sealed under the stream's own key, which dies with any of the
people that the search found.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.event import Clear, Event, Personal


@dataclass(frozen=True, slots=True)
class PeopleViewed(Event):
    """A user viewed these candidates. `page`: which view of them, such as 'profile' or 'timeline'."""

    stored_name = "people-viewed.v1"

    page: Clear[str]
    people: Clear[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PeopleSearched(Event):
    """A user searched and was shown these candidates. `asked`: the search as it was sent."""

    stored_name = "people-searched.v1"

    page: Clear[str]
    people: Clear[tuple[str, ...]]
    asked: Personal[str | None]


@dataclass(frozen=True, slots=True)
class PeopleExported(Event):
    """Data of these candidates left Perennial as a file. `holds` says what is in it, such as 'personal' or 'proofs'."""

    stored_name = "people-exported.v1"

    export: Clear[UUID]
    page: Clear[str]
    people: Clear[tuple[str, ...]]
    holds: Clear[tuple[str, ...]]
