"""One PostgreSQL for all tests, and a fresh migrated database for each that asks."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from adapters.postgres.embedded.server import SETTINGS, embedded_server
from adapters.postgres.keys.key_file import KeyFile, ensure_key_file
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.migrate import grant, migrate

NUMBERS = itertools.count(1)
TEMPLATE = "perennial_template"

# How long an example takes says something about the machine, not about what holds for all histories.
settings.register_profile("perennial", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("perennial")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The conninfo of a PostgreSQL server of this test session's own (its `postgres` database)."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-tests-"))
    with embedded_server(folder / "data", {**SETTINGS, "fsync": "off", "log_min_messages": "fatal"}) as conninfo:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
        with psycopg.connect(at(conninfo, TEMPLATE)) as connection:
            migrate(connection)
        yield conninfo
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A temporary folder that other users may pass: run as root, the tests' servers run as one. pytest's own is closed
    to them whenever a run of pytest begins."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def at(uri: str, database: str) -> str:
    return psycopg.conninfo.make_conninfo(uri, dbname=database)


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """The conninfo of an empty, migrated database that is gone after the test."""
    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        made = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        connection.execute(made)
    with psycopg.connect(at(server, name)) as connection:
        grant(connection)  # a template does not hand on its database's own privileges
    yield at(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' key file is."""
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="session")
def key_file(key_path: Path) -> KeyFile:
    return ensure_key_file(key_path)


@pytest.fixture
def log(database: str, key_file: KeyFile) -> Iterator[EventLog]:
    """The event log over an empty database, as the service's role."""
    with EventLog(database, key_file) as log:
        yield log
