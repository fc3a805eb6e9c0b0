"""The ground a benchmark stands on: one embedded PostgreSQL that keeps its promises, and databases to fill."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg import sql
from psycopg.conninfo import make_conninfo

from adapters import bootstrap
from adapters.lab.synthetic.history import history
from adapters.postgres.embedded.server import embedded_server
from adapters.postgres.keys.key_file import KeyFile, ensure_key_file
from adapters.postgres.log.datastore import connection_parts
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.synthetic_log import load_synthetic
from domain.errors import ExplainedError
from domain.event import Event, Recorded

ENDS_ON = date(2026, 7, 1)
YEARS = 5
SEED = 7
PROMISES = ("fsync", "synchronous_commit", "full_page_writes")


class ServerKeepsNoPromise(ExplainedError):
    """Server without durability

    This server runs with {setting} = {value}: what is measured on it means nothing.

    Turn the setting on.
    """

    def __init__(self, setting: str, value: str) -> None:
        super().__init__(setting=setting, value=value)


@dataclass(frozen=True, slots=True)
class Ground:
    """A server of the benchmark's own; its databases are gone with it."""

    server: str
    folder: Path
    key_path: Path

    @property
    def key_file(self) -> KeyFile:
        return ensure_key_file(self.key_path)

    def plain(self, name: str, template: str = "template1") -> str:
        """Make a database (a copy of `template`, which must have no connections) and return its conninfo."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            names = sql.Identifier(name), sql.Identifier(template)
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(names[0]))
            connection.execute(sql.SQL("create database {} template {} strategy file_copy").format(*names))
        return make_conninfo(self.server, dbname=name)

    def empty_log(self, name: str) -> str:
        """Make a database with an empty log and return its conninfo."""
        conninfo = self.plain(name)
        bootstrap.migrated(conninfo)
        return conninfo

    def drop(self, name: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def settle(self) -> None:
        """Writes out what earlier rounds left dirty, so that no round pays for another."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute("checkpoint")

    def about(self) -> dict[str, str]:
        """Return the server's version and its settings of durability. Errors: ServerKeepsNoPromise."""
        with psycopg.connect(self.server) as connection:
            facts = {"postgresql": str(connection.info.parameter_status("server_version"))}
            for setting in PROMISES:
                ((facts[setting],),) = connection.execute(f"show {setting}".encode()).fetchall()
        wrong = next((setting for setting in PROMISES if facts[setting] != "on"), None)
        if wrong is not None:
            raise ServerKeepsNoPromise(wrong, facts[wrong])
        return facts


@contextmanager
def own_ground() -> Iterator[Ground]:
    """Run a server in its own folder under the temporary folder; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-bench-"))
    folder.chmod(0o755)  # as root the server runs as a user of its own, who must get at its data
    try:
        with embedded_server(folder / "data") as conninfo:
            yield Ground(conninfo, folder, folder / "keys.json")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def opened(ground: Ground, conninfo: str, role: str = bootstrap.OWNER) -> Iterator[EventLog]:
    with EventLog(conninfo, ground.key_file, role=role) as log:
        yield log


@contextmanager
def stock_datastore(conninfo: str, connections: int) -> Iterator[PostgresDatastore]:
    """Open the library's own datastore, with as many connections as there are writers."""
    parts = connection_parts(conninfo)
    named = (parts[name] for name in ("dbname", "host", "port", "user", "password"))
    with PostgresDatastore(*named, pool_size=connections, max_overflow=4) as datastore:
        yield datastore


def events_of_history(events: int) -> tuple[list[Recorded[Event]], list[tuple[datetime, int]]]:
    """Return the events of a synthetic history, made beforehand, and its time index. The years do not depend on the
    number."""
    story = history(events, SEED, ends_on=ENDS_ON, years=YEARS)
    return list(story.recorded()), story.time_index()


def load(ground: Ground, conninfo: str, events: int) -> int:
    """Fills an empty log with a synthetic history; how many events it has."""
    story = history(events, SEED, ends_on=ENDS_ON, years=YEARS)
    with opened(ground, conninfo) as owner:
        *_, written = load_synthetic(owner, story.recorded(), story.time_index())
    analyze(conninfo, ("event", "person_key", "time_index"))
    return written


def analyze(conninfo: str, tables: Sequence[str] = ()) -> None:
    """Update the planner's statistics at once, which a running server would do in time."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        connection.execute(sql.SQL("vacuum analyze {}").format(names) if tables else "vacuum analyze")
