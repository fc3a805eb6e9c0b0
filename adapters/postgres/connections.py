"""What the rest of the code needs of a database connection: where to get one, and which errors mean that none is to be
had at the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import psycopg
from eventsourcing.persistence import PersistenceError
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool, PoolTimeout

UNREACHABLE: tuple[type[Exception], ...] = (psycopg.OperationalError, PoolTimeout, PersistenceError)
"""The database cannot be reached now. The same call may succeed later."""

CONNECTS_WITHIN = 5.0
"""Seconds that a worker waits for a connection until that counts as an error."""

Connect = Callable[[], AbstractContextManager[psycopg.Connection[DictRow]]]
Reading = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
"""Opens a connection that may read the read models."""


class Datastore(Protocol):
    """A pool of connections, as the event sourcing library names it."""

    def get_connection(self) -> AbstractContextManager[psycopg.Connection[DictRow]]: ...


@contextmanager
def session(pool: ConnectionPool[psycopg.Connection[DictRow]]) -> Iterator[psycopg.Connection[DictRow]]:
    """Give a connection for a long session. Connections of the pool that died meanwhile are replaced first: after a
    restart of the database a worker would otherwise fail once for each of them."""
    pool.check()
    with pool.connection(timeout=CONNECTS_WITHIN) as connection:
        yield connection
