"""What did we send, to whom, and which consent allowed it; and what was sent elsewhere without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from projections import linked_records
from projections.dispatches import DISPATCHES
from queries.question import AsOf

DEFINITION = "dispatches"
VERSION = 1
Standing = Literal["authorised", "not-needed", "exception"]


@dataclass(frozen=True, slots=True)
class Sought:
    """Which dispatches: of `begins` <= at < `ends`, of all records of a candidate, for a purpose; None: of any."""

    begins: datetime | None = None
    ends: datetime | None = None
    candidate: UUID | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class After:
    """Where a page ended: the dispatch that it ended with, and when that was."""

    at: datetime
    touchpoint: UUID


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Something that we sent, and whether we might.

    `event` recorded it and stands at `position`, unless `corrected_by` names a later event that says what it really
    was: then `position` is that one's. `record` is where it stands, `candidate` the record that speaks for the person.
    `consent`: the event that it cites as what allowed it.
    """

    touchpoint: UUID
    candidate: UUID
    record: UUID
    at: datetime
    kind: str
    channel: str
    purpose: str | None
    standing: Standing
    consent: UUID | None
    reported_by: str
    event: UUID
    corrected_by: UUID | None
    position: int


@dataclass(frozen=True, slots=True)
class Totals:
    """All dispatches that were asked for: authorised by a consent, of a kind that needs none, and the exceptions, which
    were reported from elsewhere without one."""

    dispatches: int
    authorised: int
    not_needed: int
    exceptions: int


@dataclass(frozen=True, slots=True)
class Dispatches:
    """A page of what was sent, the newest first, and the totals of all pages together.

    `next`: where the following page begins; None: this is the last.
    """

    position: int
    as_of: datetime
    totals: Totals
    dispatches: tuple[Dispatch, ...]
    next: After | None


_RECORDS = linked_records.persons("dispatches", "select %(candidate)s::uuid, %(position)s::bigint")
_SOUGHT = """
    known <= %(position)s and until > %(position)s
    and (%(begins)s::timestamptz is null or at >= %(begins)s) and (%(ends)s::timestamptz is null or at < %(ends)s)
    and (%(purpose)s::text is null or purpose = %(purpose)s)
    and (%(records)s::uuid[] is null or record = any (%(records)s))
"""
_TOTALS = f"""
select count(*), count(*) filter (where standing = 'authorised'), count(*) filter (where standing = 'not-needed'),
       count(*) filter (where standing = 'exception')
from dispatches.dispatch where {_SOUGHT}
"""
_LINKED = linked_records.persons(
    "dispatches", "select distinct record, %(position)s::bigint from page join dispatches.linked using (record)"
)
_PAGE = f"""
with page as materialized (
    select * from dispatches.dispatch
    where {_SOUGHT} and (not %(exceptions)s or standing = 'exception')
          and (%(at)s::timestamptz is null or (at, touchpoint) < (%(at)s, %(touchpoint)s::uuid))
    order by at desc, touchpoint desc limit %(limit)s
)
select touchpoint, coalesce(person, page.record), page.record, at, kind, channel, purpose, standing, consent,
       reported_by, event_id, corrected_by, known
from page left join (select distinct asked, person from ({_LINKED}) known_of) person on person.asked = page.record
order by at desc, touchpoint desc
"""


def dispatches(
    connection: psycopg.Connection[Any],
    as_of: AsOf,
    sought: Sought,
    *,
    exceptions: bool = False,
    after: After | None = None,
    limit: int = 100,
) -> Dispatches:
    """At most `limit` dispatches, of the exceptions alone where asked; the totals are of all that is sought."""
    parameters: dict[str, Any] = {
        "position": as_of.position, "begins": sought.begins, "ends": sought.ends, "purpose": sought.purpose,
        "candidate": sought.candidate, "records": None, "exceptions": exceptions, "limit": limit + 1,
        "at": after and after.at, "touchpoint": after and after.touchpoint,
    }  # fmt: skip
    if sought.candidate is not None:
        parameters["records"] = [record for *_, record in _ask(connection, _RECORDS, parameters)]
    totals = Totals(*_ask(connection, _TOTALS, parameters)[0])
    listed = [Dispatch(*row) for row in _ask(connection, _PAGE, parameters)]
    page = tuple(listed[:limit])
    following = After(page[-1].at, page[-1].touchpoint) if len(listed) > limit else None
    return Dispatches(as_of.position, as_of.at, totals, page, following)


def _ask(connection: psycopg.Connection[Any], question: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    statement = DISPATCHES.render(question, DISPATCHES.schema, "UTC")
    return psycopg.Cursor(connection, row_factory=tuple_row).execute(statement.encode(), parameters).fetchall()
