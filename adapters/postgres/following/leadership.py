"""One leader among several processes: the session that holds a lock. The others stand by and take over when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import tuple_row

Connection = psycopg.Connection[Any]
TryLock = Callable[[Connection, str], bool]
"""(connection, name) -> whether this session holds the name's lock now. The lock ends with the session."""
STANDBY_LOOKS_EVERY = 1.0
WORKER_LOCKS = 7401


class Leadership:
    """What one session leads. Use it for one session at a time."""

    def __init__(self, try_lock: TryLock) -> None:
        self._try_lock = try_lock
        self._looked = float("-inf")
        self.held: set[str] = set()

    @contextmanager
    def session(self, connection: Connection) -> Iterator[None]:
        """Within the block, names may be claimed; at its end the session leads nothing."""
        self._looked = float("-inf")
        self.held.clear()
        try:
            yield
        finally:
            self.held.clear()
            release(connection)

    def is_due(self) -> bool:
        """Returns whether a standby may look again: once a second."""
        return time.monotonic() > self._looked + STANDBY_LOOKS_EVERY

    def confirm(self, connection: Connection) -> None:
        """Check that the session still lives, and holds its locks with it. Errors: psycopg.OperationalError."""
        connection.execute("select 1")

    def claim(self, connection: Connection, names: Collection[str]) -> list[str]:
        """Tries for the names that are not held; returns those that this session leads from now on."""
        self._looked = time.monotonic()
        won = [name for name in names if name not in self.held and self._try_lock(connection, name)]
        self.held.update(won)
        return won


def release(connection: Connection) -> None:
    """Give up every lock of the session, if it still is one."""
    if not connection.closed:
        connection.execute("select pg_advisory_unlock_all()")


def try_worker_lock(connection: Connection, name: str) -> bool:
    """Return whether this session is now the one that runs the worker of that name."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("select pg_try_advisory_lock(%s, hashtext(%s))", (WORKER_LOCKS, name))
        return cursor.fetchone() == (True,)
