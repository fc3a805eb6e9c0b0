"""Everybody's way through every job that they were considered for, as known at a position: a candidacy each."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from projections import kin
from projections.applications import APPLICATIONS
from queries.question import AsOf, Period, Segment

BEGINNINGS = ("prospect", "submitted", "transferred-in")
MOVES = (*BEGINNINGS, "stage", "moved-back")
ENDINGS = ("rejected", "withdrawn", "hired", "transferred")
STANDINGS = (*MOVES, *ENDINGS, "unrejected", "unhired")
"""The steps that say where an application stands; offers and referrals leave it there."""


def listed(steps: Collection[str]) -> str:
    """Steps as SQL literals: they are names of ours."""
    return ", ".join(f"'{step}'" for step in steps)


IN_PERIOD = "day >= %(begins)s and day < %(ends)s"

LINE = "at, position, step = 'transferred-in'"
"""The order in which an application's steps were so; a transfer's two steps come at one moment."""

_LINKED = "select record, %(position)s::bigint from touched join applications.linked using (record)"

# All records of those who took one of the asked steps in the period: what was done then may have been done before on
# another record, or be undone since. `linked` spares the many who have one record the way through the links.
PEOPLE = f"""
touched (record) as materialized (
    select distinct candidate from applications.step
    where {IN_PERIOD} and position <= %(position)s and step = any (%(steps)s::text[])
), everybody (person, record) as (
    select record, record from touched where not exists (
        select from applications.linked where linked.record = touched.record
    )
    union
    select person, record from ({
    kin.persons(
        "applications", "select record, %(position)s::bigint from touched join applications.linked using (record)"
    )
}) known
), people as materialized (
    select person, everybody.record from everybody
    left join applications.entry on entry.record = person and entry.position <= %(position)s
    where (%(source)s::text is null or coalesce(source, 'unknown') = %(source)s)
          and (%(role)s::text is null or coalesce(role, 'unknown') = %(role)s)
          and (%(location)s::text is null or coalesce(location, 'unknown') = %(location)s)
)"""

# A transfer divides an application: what comes after it is for another job. Each part is for the job that it was last
# submitted for or transferred to, as far as we know; else for the one that was named first. While no job is known, the
# application is a job of its own.
# A hire is undone when an un-hire of the same part came after it.
WAYS = f"""
{PEOPLE}, told as (
    select person, step.*, count(*) filter (where step = 'transferred-in') over line as part,
           bool_or(step = 'submitted') over line as submitted
    from people join applications.step on candidate = record and position <= %(position)s
    window line as (partition by application order by {LINE})
), way as materialized (
    select *, coalesce(first_value(requisition) over named, application) as job,
           step = 'hired' and bool_or(step = 'unhired') over later as undone
    from told
    window named as (
        partition by application, part
        order by requisition is null,
                 case when step in ('submitted', 'transferred-in') then -position else position end
    ), later as (partition by application, part order by {LINE} rows between current row and unbounded following)
)"""


# Of several hires of one candidacy the first that stands is the hire.
HIRES = """
hired as (
    select distinct on (person, job) person, job, application, part, day from way
    where step = 'hired' and not undone order by person, job, at, position
)"""


def ask(
    connection: psycopg.Connection[Any],
    statement: str,
    period: Period,
    as_of: AsOf,
    segment: Segment,
    steps: Collection[str],
    **more: Any,
) -> list[Any]:
    """The rows of the statement, which reads `way` of WAYS: of those with one of `steps` in the period."""
    asked = {"begins": period.begins, "ends": period.ends, "position": as_of.position, "today": as_of.day}
    asked |= {name: getattr(segment, name) for name in ("source", "role", "location")}
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    rendered = APPLICATIONS.render(statement, APPLICATIONS.schema, as_of.zone)
    return cursor.execute(rendered.encode(), asked | {"steps": list(steps)} | more, prepare=False).fetchall()
