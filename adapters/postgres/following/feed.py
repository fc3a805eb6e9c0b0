"""The log as its followers read it: the settled head, a wake-up when it grows, and batches up to the head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from adapters.postgres.log.barrier import CHANNEL, Barrier

Connection = psycopg.Connection[Any]


class Feed:
    """Tells followers how far the log is settled, and wakes them when it grows. A notice may be lost: ask again after
    a while without one."""

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier

    def head(self) -> int:
        """Returns the settled head: no event at or below it can still be uncommitted. 0: the log is empty."""
        return self._barrier.head()

    def present_head(self) -> int:
        """Returns the settled head as of now, never an older one that is remembered."""
        self._barrier.expire()
        return self._barrier.head()

    @contextmanager
    def listening(self, connection: Connection) -> Iterator[None]:
        """Within the block, the connection hears when the log grows."""
        connection.execute(f"listen {CHANNEL}")
        try:
            yield
        finally:
            if not connection.closed:
                connection.execute("unlisten *")

    def wait(self, connection: Connection, seconds: float) -> bool:
        """Wait at most that many seconds for the log to grow. Return whether a notice came; the head is then read
        again."""
        grew = any(True for _ in connection.notifies(timeout=seconds, stop_after=1))
        self._barrier.expire()
        return grew


def batches(after: int, upto: int, size: int) -> Iterator[tuple[int, int]]:
    """Return ranges (after, up to) of at most so many positions that together cover after < position <= upto."""
    for begin in range(after, upto, size):
        yield begin, min(upto, begin + size)
