"""What the rest of the code needs of a database connection: where to get one, and which errors mean that none is to be
had at the moment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import psycopg
from eventsourcing.persistence import PersistenceError
from psycopg.rows import DictRow
from psycopg_pool import PoolTimeout

UNREACHABLE: tuple[type[Exception], ...] = (psycopg.OperationalError, PoolTimeout, PersistenceError)
"""The database cannot be reached now. The same call may succeed later."""

Connect = Callable[[], AbstractContextManager[psycopg.Connection[DictRow]]]
Reading = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
"""Opens a connection that may read the read models."""


class Datastore(Protocol):
    """A pool of connections, as the event sourcing library names it."""

    def get_connection(self) -> AbstractContextManager[psycopg.Connection[DictRow]]: ...
