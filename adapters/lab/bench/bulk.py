"""Many events at once: from domain events through sealing to the log, beside PostgreSQL's own COPY of ready rows."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg
from psycopg import sql

from adapters.lab.bench.figure import Figure, compared
from adapters.lab.bench.ground import Ground, events_of_history, opened
from adapters.postgres.log.bulk import BulkAppend
from adapters.postgres.migrate import EVENT_COLUMNS_OF_THE_SERVICE
from domain.event import Event, Recorded

PIECE = 256 * 1024


def bulk_append(ground: Ground, *, events: int, rounds: int) -> Figure:
    """Events a second: bulk append from domain events, and raw COPY of the same rows into the same table."""
    events_told, _ = events_of_history(events)
    rows = encoded(ground, events_told)
    rates: dict[str, list[float]] = {"ours": [], "raw COPY": []}
    for _ in range(rounds):
        rates["ours"].append(len(events_told) / append_all(ground, events_told))
        rates["raw COPY"].append(len(events_told) / copy_all(ground, rows))
    notes = {"events": len(events_told), "bytes a row, encoded": round(len(rows) / len(events_told))}
    return compared("bulk", "bulk append from domain events, sealed", "events/s", rates, "at least", 0.5, notes)


def encoded(ground: Ground, events: Sequence[Recorded[Event]]) -> bytes:
    """Return the rows of the appended events as COPY takes them, sealed parts included."""
    conninfo = ground.empty_log("encoding")
    with opened(ground, conninfo) as log:
        for _ in BulkAppend(log.store).append(events):
            pass
    columns = sql.SQL(EVENT_COLUMNS_OF_THE_SERVICE)
    with psycopg.connect(conninfo) as connection:
        query = sql.SQL("copy (select {} from event order by position) to stdout").format(columns)
        with connection.cursor().copy(query) as copy:
            rows = b"".join(map(bytes, copy))
    ground.drop("encoding")
    return rows


def append_all(ground: Ground, events: Sequence[Recorded[Event]]) -> float:
    """Seconds for the bulk append of all events to an empty log."""
    conninfo = ground.empty_log("bulk")
    ground.settle()
    with opened(ground, conninfo) as log:
        began = time.perf_counter()
        for _ in BulkAppend(log.store).append(events):
            pass
        taken = time.perf_counter() - began
    ground.drop("bulk")
    return taken


def copy_all(ground: Ground, rows: bytes) -> float:
    """Seconds for one COPY of all rows into an empty log's table, its commit included."""
    conninfo = ground.empty_log("copied")
    ground.settle()
    with psycopg.connect(conninfo) as connection:
        began = time.perf_counter()
        into = sql.SQL("copy event ({}) from stdin").format(sql.SQL(EVENT_COLUMNS_OF_THE_SERVICE))
        with connection.cursor().copy(into) as copy:
            for begin in range(0, len(rows), PIECE):
                copy.write(rows[begin : begin + PIECE])
        connection.commit()
        taken = time.perf_counter() - began
    ground.drop("copied")
    return taken
