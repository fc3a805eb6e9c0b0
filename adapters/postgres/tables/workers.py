"""How background workers do, as the processes that run them report it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]
ALIVE_SECONDS = 10.0
"""A worker whose process has not reported for so long counts as dead."""

REPORT = """
insert into worker (name, instance, place, started_at, restarts, failing, last_error, last_error_at)
values (%(name)s, %(instance)s, %(place)s, %(started_at)s, %(restarts)s, %(failing)s, %(last_error)s, %(last_error_at)s)
on conflict (name, instance) do update
set seen_at = clock_timestamp(), restarts = excluded.restarts, failing = excluded.failing,
    last_error = excluded.last_error, last_error_at = excluded.last_error_at
"""
# Of processes that were killed, the newest row of a worker stays until the worker runs again for a while.
FORGET_DEAD = """
delete from worker old where name = %(name)s and seen_at < clock_timestamp() - interval '1 minute'
    and exists (select from worker newer where newer.name = old.name and newer.seen_at > old.seen_at)
"""
STANDING = f"""
select distinct on (name) name, count(*) filter (where alive) over of_it as running,
       coalesce(sum(restarts) filter (where alive) over of_it, 0)::integer as restarts,
       coalesce(bool_or(failing) filter (where alive) over of_it, false) as failing,
       first_value(last_error) over by_error as last_error, first_value(last_error_at) over by_error as last_error_at
from (select *, seen_at > clock_timestamp() - interval '{ALIVE_SECONDS} seconds' as alive from worker) one
window of_it as (partition by name), by_error as (partition by name order by last_error_at desc nulls last)
order by name
"""


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """One worker of one process: `instance` is the process's id, `place` where it runs (host and pid)."""

    name: str
    instance: UUID
    place: str
    started_at: datetime
    restarts: int
    failing: bool
    last_error: str | None
    last_error_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerStanding:
    """A worker over all processes: in how many it is running, and their restarts. running 0: all were killed."""

    name: str
    running: int
    restarts: int
    failing: bool
    last_error: str | None
    last_error_at: datetime | None


def report(connection: Connection, reports: Iterable[WorkerReport]) -> None:
    """Write how the workers of a process do now."""
    for each_report in reports:
        connection.execute(REPORT, asdict(each_report))
        connection.execute(FORGET_DEAD, {"name": each_report.name})


def forget(connection: Connection, instance: UUID) -> None:
    """Remove the reports of a process that ends in order."""
    connection.execute("delete from worker where instance = %s", (instance,))


def standings(connection: Connection) -> dict[str, WorkerStanding]:
    """Return each worker that runs, or was killed and has not run since, by its name."""
    with connection.cursor(row_factory=class_row(WorkerStanding)) as cursor:
        return {row.name: row for row in cursor.execute(STANDING.encode()).fetchall()}
