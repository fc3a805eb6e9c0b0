"""Who looked at, searched for or exported whom, and when: what an auditor asks about our own people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from projections import linked_records
from projections.accesses import ACCESSES
from queries.question import AsOf

DEFINITION = "accesses"
VERSION = 1
Kind = Literal["viewed", "searched", "exported"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Access:
    """One request that showed people: by whom, on which page, and which records it showed.

    `stream` is where it is recorded. `export` names what left as a file, and `holds` what is in it.
    """

    position: int
    stream: UUID
    at: datetime
    reader: str
    kind: Kind
    page: str
    people: tuple[UUID, ...]
    export: UUID | None
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """Which accesses are asked for; None: any. `candidate` stands for every record of the person, `begins` <= when it
    was < `ends`."""

    candidate: UUID | None = None
    reader: str | None = None
    kind: Kind | None = None
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accesses:
    """Accesses, the newest first; `merged_into` is the record that speaks for the person, where another one was asked
    for. `next`: where the following page begins; null: this is the last."""

    definition: str
    version: int
    position: int
    as_of: datetime
    merged_into: UUID | None
    accesses: tuple[Access, ...]
    next: str | None


_RECORDS = linked_records.persons("accesses", "select %(candidate)s::uuid, %(position)s::bigint")
_ACCESSES = """
select position, stream, at, reader, kind, page, people, export, holds
from accesses.access
where position <= %(position)s
  and (%(records)s::uuid[] is null or people && %(records)s::uuid[])
  and (%(reader)s::text is null or reader = %(reader)s)
  and (%(kind)s::text is null or kind = %(kind)s)
  and (%(begins)s::timestamptz is null or at >= %(begins)s)
  and (%(ends)s::timestamptz is null or at < %(ends)s)
  and (%(after)s::bigint is null or position < %(after)s)
order by position desc
limit %(limit)s
"""


def accesses(
    connection: psycopg.Connection[Any], sought: Sought, as_of: AsOf, after: str | None = None, limit: int = 50
) -> Accesses:
    """At most `limit` accesses of those that are sought, `after` the `next` of the page before."""
    merged_into, records = _person(connection, sought.candidate, as_of)
    parameters = {"records": records, "reader": sought.reader, "kind": sought.kind, "begins": sought.begins,
             "ends": sought.ends, "after": after, "limit": limit + 1}  # fmt: skip
    page = [Access(*map(_settled, row)) for row in _ask(connection, _ACCESSES, parameters, as_of)]
    following = str(page[limit - 1].position) if len(page) > limit else None
    return Accesses(DEFINITION, VERSION, as_of.position, as_of.at, merged_into, tuple(page[:limit]), following)


def _person(
    connection: psycopg.Connection[Any], candidate: UUID | None, as_of: AsOf
) -> tuple[UUID | None, list[UUID] | None]:
    """Return the record that speaks for the person, if another one, and all of the person's; None: every person's."""
    if candidate is None:
        return None, None
    rows = _ask(connection, _RECORDS, {"candidate": candidate}, as_of)
    root = next((row[2] for row in rows), candidate)
    return None if root == candidate else root, [row[3] for row in rows] or [candidate]


def _settled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _ask(
    connection: psycopg.Connection[Any], question: str, parameters: dict[str, Any], as_of: AsOf
) -> list[tuple[Any, ...]]:
    statement = ACCESSES.render(question, ACCESSES.schema, as_of.zone)
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    return cursor.execute(statement.encode(), {**parameters, "position": as_of.position}).fetchall()
