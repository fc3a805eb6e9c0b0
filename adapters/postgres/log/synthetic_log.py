"""Loads an invented history into an empty log, which says of itself from then on that it is synthetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from adapters.postgres.log.bulk import BulkAppend
from adapters.postgres.log.event_log import EventLog
from domain.errors import ExplainedError
from domain.event import Event, Recorded


class LogIsNotEmpty(ExplainedError):
    """Log not empty

    This log already holds {events} events or times.

    Use an empty database: an invented history is written into an empty log and nowhere else.
    """

    def __init__(self, events: int) -> None:
        super().__init__(events=events)


def load_synthetic(
    owner: EventLog, events: Iterable[Recorded[Event]], time_index: Sequence[tuple[datetime, int]]
) -> Iterator[int]:
    """Writes the events with their own recording times, and the time index; the number written, after each chunk.

    `owner` is the log opened as its owner: the service's role may not set a recording time. `time_index` holds
    (time, how many events were recorded by then), rising. Errors: LogIsNotEmpty, before anything is written.
    """
    label_synthetic(owner)
    first: int | None = None
    written = 0
    for begin, end in BulkAppend(owner.store, recorded_at_too=True).append(events):
        first = begin if first is None else first
        written += end - begin + 1
        yield written
    set_time_index(owner, (first or 1) - 1, [entry for entry in time_index if entry[1] <= written])


def label_synthetic(owner: EventLog) -> None:
    """Label the log synthetic, once and for ever, if it is empty."""
    with owner.recorder.datastore.transaction(commit=True) as cursor:
        cursor.execute("select pg_advisory_xact_lock(log_lock())")
        cursor.execute("select (select count(*) from event) + (select count(*) from time_index) as held")
        held = cursor.fetchone()
        if held and held["held"]:
            raise LogIsNotEmpty(held["held"])
        cursor.execute("update log set synthetic = true")


def set_time_index(owner: EventLog, before: int, time_index: Sequence[tuple[datetime, int]]) -> None:
    with (
        owner.recorder.datastore.transaction(commit=True) as cursor,
        cursor.copy("copy time_index (time, position) from stdin") as copy,
    ):
        for time, count in time_index:
            copy.write_row((time, before + count))
