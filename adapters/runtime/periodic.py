"""Work that is done again and again, by one process at a time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import psycopg
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool

from adapters.postgres.connections import session
from adapters.postgres.following.leadership import Leadership, try_worker_lock
from adapters.runtime.supervision import Work

LOOKS_EVERY = 1.0
"""Seconds: how soon a standby notices that the leader is gone, and a leader that it lost its session."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """Does a pass every so many seconds in the process that leads; the others stand by.

    work: one pass; it may be repeated at any time, and by two processes for a moment after one lost its session.
    """

    name: str
    pool: ConnectionPool[psycopg.Connection[DictRow]]
    work: Work
    every: float

    def run(self, stop: threading.Event) -> None:
        """Works until it is to stop. Errors: those of the pass, and of the database; supervision runs it again."""
        leadership = Leadership(try_worker_lock)
        with session(self.pool) as connection, leadership.session(connection):
            due = time.monotonic()
            while not stop.is_set():
                if not leadership.held:
                    leadership.claim(connection, [self.name])
                leadership.confirm(connection)
                if leadership.held and time.monotonic() >= due:
                    self.work(stop)
                    due = time.monotonic() + self.every
                stop.wait(min(LOOKS_EVERY, self.every))
