"""Folds a range of the log into read models, inside the caller's transaction, all work done by the database.

All but one thing: what is sealed is opened here, for the read models that ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from adapters.postgres.keys.sealing import SealIsBroken
from domain.touchpoint import TouchpointRecorded
from projections.read_model import Opens, ReadModel

Opening = Callable[[psycopg.Connection[Any], Opens, int, int, Sequence[UUID]], Iterable[tuple[Any, ...]]]
"""(connection, what to open, after, upto, parked streams) -> the rows that are made of the opened events.

Errors: SealIsBroken.
"""

LARGE = 500
"""From this many events on, a batch is worth the planner's statistics."""

WORKING_MEMORY = "64MB"
"""A large batch is grouped and joined in memory: the server's default sends it to disk and back."""
TEMPORARY_MEMORY = "128MB"

_BATCH = """
    position bigint, stream_id uuid, stream_version bigint, event_id uuid, type text collate "C",
    at timestamptz, occurred_at timestamptz, occurred_how text, recorded_at timestamptz,
    actor text, causation_id uuid, correlation_id uuid, clear jsonb, people uuid[],
    kind text collate "C", message uuid
"""
# Most events are touchpoints: standing apart, they are not read again for every other type of fact.
_PARTS = {
    "batch_touchpoints": f"partition of batch for values in ('{TouchpointRecorded.stored_name}')",
    "batch_rest": "partition of batch default",
}
_COLUMNS = (
    "position, stream_id, stream_version, event_id, type, at, occurred_at, occurred_how, recorded_at,"
    " actor, causation_id, correlation_id, clear, people, kind, message"
)


class FoldFailed(Exception):
    """The read model named `model` could not fold the events of (`after`, `upto`]."""

    def __init__(self, model: str, after: int, upto: int, why: str) -> None:
        super().__init__(f"{model} could not fold the events of positions {after + 1} to {upto}: {why}")
        self.model, self.after, self.upto = model, after, upto


def create_schema(connection: psycopg.Connection[Any], model: ReadModel, schema: str, zone: str) -> None:
    """Make the read model's empty tables in a schema of this name; raise DuplicateSchema if there is one."""
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    connection.execute(model.render(model.tables, schema, zone).encode())


def drop_schema(connection: psycopg.Connection[Any], schema: str) -> None:
    """Removes the schema and all rows in it, if it is there."""
    connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))


def fold(
    connection: psycopg.Connection[Any],
    models: Mapping[str, ReadModel],
    after: int,
    upto: int,
    zone: str,
    opening: Opening,
    parked: Sequence[UUID] = (),
) -> int:
    """Folds the events of after < position <= upto into `models`: the schema to fill -> its read model.

    `opening` is asked where a read model opens personal data. Streams in `parked` are passed over. Returns the number
    of events folded. Ranges must follow one another upward. Raises FoldFailed, which names the read model; the
    transaction is the caller's to end, and is then only fit to be rolled back (to a savepoint, or whole).
    """
    make_temporary_tables(connection, models)
    # Too little is computed at a time for a compiler, or a memory of what was computed before, to pay.
    connection.execute(
        "select set_config('jit', 'off', true), set_config('enable_memoize', 'off', true),"
        " set_config('work_mem', %s, true)",
        (WORKING_MEMORY,),
    )
    present = _take_batch(connection, after, upto, parked)
    for schema, model in models.items():
        if folded := model.types.intersection(present):
            statements = _statements(model, schema, zone, folded)
            _fold_one(connection, model, statements, opening, after, upto, parked)
    return sum(present.values())


@lru_cache(maxsize=1024)
def _statements(model: ReadModel, schema: str, zone: str, present: frozenset[str]) -> tuple[str, ...]:
    return tuple(model.statements(schema, zone, present))


def _fold_one(
    connection: psycopg.Connection[Any],
    model: ReadModel,
    statements: Sequence[str],
    opening: Opening,
    after: int,
    upto: int,
    parked: Sequence[UUID],
) -> None:
    try:
        if model.opens is not None:
            _copy(connection, model.opened, list(opening(connection, model.opens, after, upto, parked)))
        for statement in statements:
            connection.execute(statement.encode())
    except psycopg.OperationalError:
        raise
    except SealIsBroken as cause:
        raise FoldFailed(model.name, after, upto, str(cause)) from cause
    except psycopg.Error as cause:
        if model.opens is None:
            raise FoldFailed(model.name, after, upto, str(cause)) from cause
        # What the database says of an error repeats values, and these are personal: the error's code must do.
        raise FoldFailed(model.name, after, upto, f"{type(cause).__name__} ({cause.sqlstate})") from None


def _copy(connection: psycopg.Connection[Any], table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Into a temporary table: what is opened never gets into the server's write-ahead log."""
    with connection.cursor().copy(f"copy {table} from stdin".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def make_temporary_tables(connection: psycopg.Connection[Any], models: Mapping[str, ReadModel]) -> None:
    """Make the temporary tables that the read models work in, unless this session has them; all are empty then."""
    wanted = {"batch": f"({_BATCH}) partition by list (type)"}
    wanted |= {name: f"{part} on commit delete rows" for name, part in _PARTS.items()}
    for model in models.values():
        working = dict(model.working) | ({} if model.opens is None else {model.opened: model.opens.columns})
        wanted |= {name: f"({columns}) on commit delete rows" for name, columns in working.items()}
    rows = psycopg.Cursor(connection, row_factory=psycopg.rows.tuple_row).execute(
        "select name from unnest(%s::text[]) name where to_regclass('pg_temp.' || name) is null", (list(wanted),)
    )
    missing = [name for (name,) in rows.fetchall()]
    if missing and connection.execute("select where pg_my_temp_schema() = 0").fetchone() is not None:
        # A batch that fits is not written to disk and read again by every statement; to be set before any is used.
        connection.execute(f"set temp_buffers = '{TEMPORARY_MEMORY}'".encode())
    for name in missing:
        connection.execute(f"create temporary table {name} {wanted[name]}".encode())
    # Rows are still there when this transaction has folded a batch before.
    if connection.execute("select from batch limit 1").fetchone() is not None:
        connection.execute(f"truncate {', '.join(wanted.keys() - _PARTS.keys())}".encode())


def _take_batch(connection: psycopg.Connection[Any], after: int, upto: int, parked: Sequence[UUID]) -> dict[str, int]:
    """Fills `batch`; the stored names in it and how often each stands there."""
    taken = connection.execute(
        f"insert into batch ({_COLUMNS}) select {_COLUMNS} from batch(%s, %s) where not stream_id = any (%s::uuid[])",
        (after, upto, list(parked)),
    )
    if taken.rowcount >= LARGE:
        connection.execute("set local default_statistics_target = 10")
        for part in _PARTS:
            connection.execute(f"analyze {part} (position, stream_id, stream_version, type, kind, message)".encode())
    counts = psycopg.Cursor(connection, row_factory=psycopg.rows.tuple_row).execute(
        "select type, count(*) from batch group by type"
    )
    return dict(counts.fetchall())
