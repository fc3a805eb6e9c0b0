"""Databases that tests have to themselves: copies of a migrated one, on a server that need not survive a crash."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from adapters.postgres.embedded.server import SETTINGS
from adapters.postgres.migrate import migrate
from domain.event import Upcast

TEMPLATE = "perennial_template"
NUMBERS = itertools.count(1)
FORGETFUL: Mapping[str, str] = {
    **SETTINGS,
    "fsync": "off",
    "full_page_writes": "off",
    "wal_init_zero": "off",
    "shared_buffers": "64MB",  # a database is dropped after each test, and each drop looks through all buffers
    "max_wal_size": "256MB",
    "io_method": "sync",
    "file_copy_method": "clone",
    "log_min_messages": "fatal",
}
"""The settings of a server whose data is not needed after the tests; what transactions see is the same."""
IN_MEMORY = Path("/dev/shm")
WITH_PRIVILEGES = """
    update pg_database set datacl = template.datacl from pg_database template
    where pg_database.datname = %s and template.datname = %s
"""
"""A template does not hand on its database's own privileges."""
ROOM = 4 << 30
"""Bytes that must be free in memory for the servers of all workers."""


@contextmanager
def short_lived_folder() -> Iterator[Path]:
    """A folder for a server's data: in memory where the system has such a place with room, else among the temporary
    files."""
    roomy = os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ROOM
    folder = Path(tempfile.mkdtemp(prefix="perennial-tests-", dir=IN_MEMORY if roomy else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def at(uri: str, database: str) -> str:
    return psycopg.conninfo.make_conninfo(uri, dbname=database)


def ensure_template(server: str, name: str = TEMPLATE, upcasts: tuple[Upcast, ...] = ()) -> None:
    """Make the migrated database that others are copied from, unless the server has it."""
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("select from pg_database where datname = %s", (name,)).fetchone() is not None:
            return
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with psycopg.connect(at(server, name)) as connection:
        migrate(connection, upcasts)
    psycopg.connect(at(server, name)).close()  # it leaves a file that saves the first connection to each copy its work


@contextmanager
def fresh_database(server: str, template: str = TEMPLATE) -> Iterator[str]:
    """The conninfo of an empty, migrated database that is gone afterwards."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        copied = sql.SQL("create database {} template {} strategy file_copy")
        connection.execute(copied.format(sql.Identifier(name), sql.Identifier(template)))
        connection.execute(WITH_PRIVILEGES, (name, template))
    yield at(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
