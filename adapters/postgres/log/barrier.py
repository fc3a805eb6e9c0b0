"""The barrier: the settled end of the log, the position of a past moment, and notices that the log has grown."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg

from adapters.postgres.connections import Connect
from domain.errors import ExplainedError

LOGGER = logging.getLogger(__name__)
CHANNEL = "perennial_log"
HEAD_IS_FRESH_FOR = 0.05
BARRIER_WAITS = "250ms"
PATIENCE = 20.0
INDEX_EVERY = 1.0
NOTIFY_EVERY = 0.005


class MomentLiesAhead(ExplainedError):
    """Moment in the future

    {moment} is in the future: the log's clock says {now}.

    Send a moment in the past.
    """


class PositionLiesAhead(ExplainedError):
    """Position after the end of the log

    The log ends at position {head}, before {position}.

    Send a position up to {head}.
    """


@dataclass(frozen=True, slots=True)
class TimeIndexEntry:
    """Every event up to `position` was recorded by `time`."""

    time: datetime
    position: int


class Barrier:
    """Readers of the log's order go through here. A head once given is settled: nothing appears below it later."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._head = 0
        self._read_at = float("-inf")
        self._own = 0

    def wrote(self, position: int) -> None:
        """This process wrote so far: a cached head below it is stale for its own readers."""
        if position > self._own:
            self._own = position

    def expire(self) -> None:
        """Handle a notice: the next caller must not get an older head."""
        with self._lock:
            self._read_at = float("-inf")

    def head(self, *, at_least: int = 0) -> int:
        """Return the settled end (0: empty log), at most 50 ms old and never before this process's own appends."""
        with self._lock:
            fresh = time.monotonic() - self._read_at < HEAD_IS_FRESH_FOR
            if not fresh or self._head < max(self._own, at_least):
                self._head = self._ask()
                self._read_at = time.monotonic()
            return self._head

    def _ask(self) -> int:
        return int(self._alone("select log_head() as head")["head"])

    def make_time_index_entry(self) -> TimeIndexEntry:
        return TimeIndexEntry(**self._alone("select time, position from make_time_index_entry()"))

    def _alone(self, query: LiteralString) -> dict[str, Any]:
        """Runs a query that needs the barrier, by short waits: one that waits long holds up every writer behind it."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                with self._connect() as connection, connection.transaction():
                    connection.execute("select set_config('lock_timeout', %s, true)", (BARRIER_WAITS,), prepare=True)
                    return connection.execute(query, prepare=True).fetchone() or {}
            except psycopg.errors.LockNotAvailable:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.02)

    def position_at(self, moment: datetime) -> int:
        """Return the position of a past moment, which never changes. Errors: MomentLiesAhead."""
        newest = self._time_index_entry("select time, position from time_index order by id desc limit 1")
        if newest is None or newest.time < moment:
            newest = self.make_time_index_entry()
            if newest.time < moment:
                raise MomentLiesAhead(moment=moment.isoformat(), now=newest.time.isoformat())
        entry = self._time_index_entry(
            "select time, position from time_index where time <= %s order by time desc, id desc limit 1", moment
        )
        return entry.position if entry is not None else 0

    def time_of(self, position: int) -> datetime:
        """Return when the log first stood at this position or later: the time of the entry that closes over it."""
        closing = "select time, position from time_index where position >= %s order by position, id limit 1"
        entry = self._time_index_entry(closing, position)
        if entry is None:
            made = self.make_time_index_entry()
            if made.position < position:
                raise PositionLiesAhead(position=position, head=made.position)
            entry = self._time_index_entry(closing, position) or made
        return entry.time

    def _time_index_entry(self, query: LiteralString, *values: Any) -> TimeIndexEntry | None:
        with self._connect() as connection:
            row = connection.execute(query, values, prepare=True).fetchone()
        return None if row is None else TimeIndexEntry(**row)


class Notifier:
    """Wakes the log's followers after appends (many appends, one notice), and adds to the time index once a second.

    It works beside the appends: none waits for a notice or an entry.
    """

    def __init__(self, connect: Connect, make_time_index_entry: Callable[[], object]) -> None:
        self._connect = connect
        self._make_time_index_entry = make_time_index_entry
        self._grew = threading.Event()
        self._stop = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def wrote(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None and not self._stop:
                    self._thread = threading.Thread(target=self._run, name="log-notifier", daemon=True)
                    self._thread.start()
        self._grew.set()

    def close(self) -> None:
        with self._starting:
            self._stop = True
            thread, self._thread = self._thread, None
        self._grew.set()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        indexed_at, pending = float("-inf"), False
        while not self._stop:
            due = indexed_at + INDEX_EVERY
            if self._grew.wait(max(0.0, due - time.monotonic()) if pending else None):
                self._grew.clear()
                pending = True
                self._try(self._notify)
                time.sleep(NOTIFY_EVERY)
            if pending and time.monotonic() >= due:
                self._try(self._make_time_index_entry)
                indexed_at, pending = time.monotonic(), False

    def _notify(self) -> None:
        with self._connect() as connection:
            connection.execute(f"notify {CHANNEL}")

    def _try(self, action: Callable[[], object]) -> None:
        """Run the action and log its failure: followers also poll, and the next reader makes the entry."""
        try:
            action()
        except (psycopg.Error, OSError) as error:
            LOGGER.warning("after an append: %s", error)
