"""Connections to the database in one of its roles, pooled as the library pools them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from eventsourcing.postgres import PostgresDatastore
from psycopg.conninfo import conninfo_to_dict


def connection_parts(conninfo: str) -> dict[str, str]:
    """Return the parts of a conninfo or URL, with PostgreSQL's usual defaults."""
    given = {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if value is not None}
    return {"dbname": "postgres", "host": "localhost", "port": "5432", "user": "postgres", "password": ""} | given


def take_role(datastore: PostgresDatastore, role: str, parts: dict[str, str]) -> None:
    """Make every connection of the pool work as `role`, in UTC; keep the rest of the conninfo (such as sslmode)."""
    arguments = cast(dict[str, Any], datastore.pool.kwargs)
    arguments.update(parts)
    arguments["options"] = options_in(parts, role)


def role_options(conninfo: str, role: str) -> str:
    """Return the connection options by which a single connection works as `role`, in UTC."""
    return options_in(connection_parts(conninfo), role)


def options_in(parts: dict[str, str], role: str) -> str:
    return f"{parts.get('options', '')} -c role={role} -c timezone=UTC".strip()


@contextmanager
def open_datastore(conninfo: str, role: str, pool_size: int) -> Iterator[PostgresDatastore]:
    parts = connection_parts(conninfo)
    datastore = PostgresDatastore(
        parts["dbname"],
        parts["host"],
        parts["port"],
        parts["user"],
        parts["password"],
        pool_size=pool_size,
        max_overflow=8,
        connect_timeout=30,
    )
    take_role(datastore, role, parts)
    datastore.pool.open()
    with datastore:
        yield datastore
