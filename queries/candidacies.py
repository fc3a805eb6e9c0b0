"""Everybody's way through every job that they were considered for, as known at a position: a candidacy each."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from domain.codes import UNKNOWN
from projections import linked_records, segments
from projections.applications import APPLICATIONS
from queries.question import AsOf, Period, Segment

BEGINNINGS = ("prospect", "submitted", "transferred-in")
MOVES = (*BEGINNINGS, "stage", "moved-back")
ENDINGS = ("rejected", "withdrawn", "hired")
GOING_ON = (*MOVES, "unrejected", "unhired")
STANDINGS = (*GOING_ON, *ENDINGS, "transferred")
"""The steps that say where an application stands; offers and referrals leave it there."""


def listed(steps: Collection[str]) -> str:
    """Steps as SQL literals: they are names of ours."""
    return ", ".join(f"'{step}'" for step in steps)


IN_PERIOD = "day >= %(begins)s and day < %(ends)s"

_LINKED = "select record, %(position)s::bigint from touched join applications.linked using (record)"
_MEMBERS = ":members"

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
    select person, record from ({linked_records.persons("applications", _LINKED)}) known
), people as materialized (
    {_MEMBERS}
)"""

# The steps of an application are numbered in the order in which they were so; a transfer's two come at one moment.
# A step stands unless a reversal that is known took it back.
COURSES = f"""
{PEOPLE}, told as (
    select person, application, requisition, opening, position, until, until_at, at, day, step, stage, source,
           until is null or until > %(position)s as stands,
           row_number() over line as no, count(*) filter (where step = 'transferred-in') over line as part,
           bool_or(step = 'submitted') over line as submitted
    from people join applications.step on candidate = record and position <= %(position)s
    window line as (partition by application order by at, position, step = 'transferred-in')
)"""

# A transfer divides an application: what comes after it is for another job. Each part is for the job that it was last
# submitted for or transferred to, as far as we know; else for the one that was named first. While no job is known, the
# application is a job of its own. An offer and a hire are for the job that they name, whatever part they fall into.
# An application is under way for the job of its last part while no end of it stands, whatever is dated after the end.
_NAMED = "step in ('offer-made', 'offer-accepted', 'hired') and requisition is not null"
WAYS = f"""
{COURSES}, way as materialized (
    select *, case when {_NAMED} then requisition
                   else coalesce(first_value(requisition) over named, application) end as job,
           step = 'hired' and stands as hire,
           step in ({listed(GOING_ON)}) and part = max(part) over whole
               and not bool_or(step in ({listed(ENDINGS)}) and stands) over whole as goes_on
    from told
    window named as (
        partition by application, part
        order by requisition is null,
                 case when step in ('submitted', 'transferred-in') then -position else position end
    ), whole as (partition by application)
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
    """Return the rows of a statement that begins with PEOPLE, COURSES or WAYS; each begins with the one before.

    They hold all steps of the candidacies that took one of `steps` in the period.
    """
    parameters = {"begins": period.begins, "ends": period.ends, "position": as_of.position, "today": as_of.day}
    placed = statement.replace(_MEMBERS, _members(segment))
    rendered = APPLICATIONS.render(placed, APPLICATIONS.schema, as_of.zone)
    with connection.transaction(), psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
        # An answer is there before a compiler would be, and its steps are sorted in memory.
        cursor.execute("select set_config('jit', 'off', true), set_config('work_mem', '32MB', true)")
        cursor.execute(rendered.encode(), parameters | segment.named | {"steps": list(steps)} | more, prepare=False)
        return cursor.fetchall()


def _members(segment: Segment) -> str:
    """Of everybody those whose root record is of the segment; written so that the planner can tell how many."""
    if not segment.named:
        return "select person, record from everybody"
    wanted = " and ".join(
        f"coalesce({dimension}, '{UNKNOWN}') = %({dimension})s"
        if value == UNKNOWN
        else f"{dimension} = %({dimension})s"
        for dimension, value in segment.named.items()
    )
    return f"""
        select person, everybody.record from everybody
        left join applications.segment on {segments.holds("person", "%(position)s")} where {wanted}
    """
