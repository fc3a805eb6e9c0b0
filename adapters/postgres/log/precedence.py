"""Lets one request go before all others: it holds the locks of its streams, and appends by the session that does."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from adapters.postgres.connections import Connect

LOCKED = "stream_is_locked"
"""The constraint that an append runs into whose stream is locked by another session."""
LOCKS = "select distinct stream_lock(stream) as lock from unnest(%s::uuid[]) one (stream) order by 1"


class Precedence(threading.local):
    """The locks of streams.

    `session`: the session that holds the locks of this thread, by which it appends meanwhile. Each thread has its own.
    """

    session: psycopg.Connection[DictRow] | None = None

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    @contextmanager
    def of(self, streams: Collection[UUID]) -> Iterator[None]:
        """Wait for the appends under way, then hold the locks of these streams until the end.

        The locks are taken in a fixed order, so that two holders never deadlock.
        """
        with self._connect() as connection:
            try:
                for lock in locks_of(connection, streams):
                    connection.execute("select pg_advisory_lock(%s)", (lock,))
                connection.commit()
                self.session = connection
                yield
            finally:
                self.session = None
                connection.rollback()
                connection.execute("select pg_advisory_unlock_all()")
                connection.commit()

    def wait(self, streams: Collection[UUID]) -> None:
        """Wait until no other session holds the locks of these streams."""
        with self._connect() as connection, connection.transaction():
            for lock in locks_of(connection, streams):
                connection.execute("select pg_advisory_xact_lock_shared(%s)", (lock,))


def locks_of(connection: psycopg.Connection[Any], streams: Collection[UUID]) -> list[int]:
    rows = connection.execute(LOCKS, (list(streams),)).fetchall()
    return [row["lock"] for row in rows]
