"""Members of a talent community, and communities of a person: at any time, as known at any position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from projections import linked_records
from projections.communities import COMMUNITIES
from queries.question import AsOf

DEFINITION = "community-members"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Member:
    """A candidate who is in the community: since when without a break, and who saw to it.

    Of a merged person the record that speaks for it, who is in while any of the records is: since the earliest.
    """

    candidate: UUID
    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Members:
    """The members at `valid_at`, page by page in the order of their ids; `n` in all.

    `next`: where the following page begins; null: this is the last.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    community: UUID
    around: str
    topic: str
    valid_at: datetime
    n: int
    members: tuple[Member, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Membership:
    """A talent community, since when the candidate is in it without a break, and who saw to it."""

    community: UUID
    around: str
    topic: str
    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Memberships:
    """The communities that a person is in at `valid_at`, in the order in which they came to them.

    `merged_into` is the record that speaks for the person, where another one was asked for.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    candidate: UUID
    merged_into: UUID | None
    valid_at: datetime
    communities: tuple[Membership, ...]


# A record is in while its last turn says so, since the first one of those that say so without a break.
_IN = """
    select distinct on (community, record) community, record, at as since, by, position
    from (
        select *, joined and lag(joined, 1, false) over course = false as begins,
               first_value(joined) over (partition by community, record order by at desc, position desc) as is_in
        from communities.turn
        where position <= %(position)s and at <= %(valid_at)s and {whose}
        window course as (partition by community, record order by at, position)
    ) turn
    where is_in and begins
    order by community, record, at desc, position desc
"""

_LINKED = linked_records.persons(
    "communities", "select record, %(position)s::bigint from held join communities.linked using (record)"
)
_MEMBERS = f"""
with held as ({_IN.format(whose="community = %(community)s")}), whose as (
    select record as person, record from held where not exists (
        select from communities.linked where linked.record = held.record)
    union all
    select person, asked from ({_LINKED}) known where asked = known.record
), member as (
    select distinct on (person) person, since, by from whose join held using (record) order by person, since, position
)
select community.around, community.topic, (select count(*) from member), page.person, page.since, page.by
from communities.community left join (
    select * from member where %(after)s::uuid is null or person > %(after)s::uuid order by person limit %(limit)s
) page on true
where community.community = %(community)s and community.position <= %(position)s
order by page.person
"""

_PERSON = linked_records.persons("communities", "select %(candidate)s::uuid, %(position)s::bigint")
_MEMBERSHIPS = f"""
with known as materialized ({_PERSON}), held as ({_IN.format(whose="record in (select record from known)")})
select nullif(person, asked), held.community, around, topic, since, by
from (select distinct person, asked from known) known left join (
    select distinct on (community) * from held join communities.community using (community)
    order by community, since, held.position
) held on true
order by since, community
"""


def members(
    connection: psycopg.Connection[Any],
    community: UUID,
    as_of: AsOf,
    valid_at: datetime | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Members | None:
    """At most `limit` members at `valid_at` (by default at the time of `as_of`), `after` the `next` of the page before.

    None where the community was not known at the position.
    """
    moment = valid_at or as_of.at
    parameters = {"community": community, "valid_at": moment, "after": after, "limit": limit + 1}
    rows = _ask(connection, _MEMBERS, parameters, as_of)
    if not rows:
        return None
    around, topic, n = rows[0][:3]
    page = [Member(*row[3:]) for row in rows if row[3] is not None]
    following = str(page[limit - 1].candidate) if len(page) > limit else None
    return Members(
        DEFINITION, VERSION, as_of.position, as_of.at, community, around, topic, moment, n,
        tuple(page[:limit]), following,
    )  # fmt: skip


def memberships(
    connection: psycopg.Connection[Any], candidate: UUID, as_of: AsOf, valid_at: datetime | None = None
) -> Memberships:
    """Return the communities of the person that the record is of, at `valid_at` (by default at the time of `as_of`)."""
    moment = valid_at or as_of.at
    rows = _ask(connection, _MEMBERSHIPS, {"candidate": candidate, "valid_at": moment}, as_of)
    page = tuple(Membership(*row[1:]) for row in rows if row[1] is not None)
    return Memberships(DEFINITION, VERSION, as_of.position, as_of.at, candidate, rows[0][0], moment, page)


def _ask(
    connection: psycopg.Connection[Any], question: str, parameters: Mapping[str, Any], as_of: AsOf
) -> list[tuple[Any, ...]]:
    statement = COMMUNITIES.render(question, COMMUNITIES.schema, as_of.zone)
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    return cursor.execute(statement.encode(), {**parameters, "position": as_of.position}).fetchall()
