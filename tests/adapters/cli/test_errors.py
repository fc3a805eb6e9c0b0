"""Every error that an operator can meet has a title, says what happened and what to do, and prints no traceback."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from eventsourcing import persistence

import adapters
import commands
import domain
import projections
import queries
from adapters.cli import errors, main
from adapters.cli.errors import DatabaseCannotBeUsed, FileCannotBeUsed, SystemCallFailed, explained, lines_of
from adapters.postgres.log.recorder import LogIsNotMade
from adapters.runtime.redaction import Redaction
from domain.errors import ExplainedError, Refused, message_of

ROOMS: tuple[ModuleType, ...] = (adapters, commands, domain, projections, queries)
CAUGHT_INSIDE = {
    "AlreadyReceived": "the import and the inbox take it as an answer",
    "AnswerIsTooLarge": "the fetch of a delivery is put off",
    "DatabaseCannotBeCarriedOver": "it becomes a warning, and the database is used as it was",
    "EraserMustWait": "the erasure shows what it waits for",
    "EventCannotBeStored": "an event class is declared wrongly, which no operator can correct",
    "FoldFailed": "the projector parks the stream",
    "HeadIsRefused": "the web answers it",
    "JsonCannotBeRead": "it becomes a rejected line or a refused delivery",
    "KeysChanged": "the append is repeated",
    "LinkLeadsElsewhere": "the delivery is kept with a reason",
    "MustStop": "the process ends as it was asked to",
    "NotSoFarYet": "the web waits, then answers that the read model is behind",
    "NumberIsNotWhole": "it becomes a bundle that does not hold",
    "PartIsMissing": "it becomes a delivery that cannot be read",
    "RateLimitExceeded": "the web answers 429",
}
"""Exceptions that never reach an operator, and what becomes of them."""


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            yield importlib.import_module(module.name)


def exceptions() -> list[type[Exception]]:
    """Return every exception class of the house."""
    classes = {
        member
        for module in modules()
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, Exception) and member.__module__ == module.__name__
    }
    return sorted(classes, key=lambda cls: (cls.__module__, cls.__name__))


ALL = exceptions()
EXPLAINED = [cls for cls in ALL if issubclass(cls, ExplainedError) and cls is not ExplainedError]


class Anything:
    """A value for any field of any message."""

    def __getattr__(self, _: str) -> Anything:
        return self

    def __format__(self, _: str) -> str:
        return "x"


class AnythingByName(dict[str, Any]):
    def __missing__(self, _: str) -> Anything:
        return Anything()


def instance_of(cls: type[ExplainedError]) -> ExplainedError:
    """Return an error of the class, its message filled in."""
    error, message = cls.__new__(cls), message_of(cls)
    error.what = message.what.format_map(AnythingByName())
    error.what_to_do = message.what_to_do.format_map(AnythingByName())
    error.named = {}
    return error


def test_every_exception_is_explained_or_never_reaches_an_operator() -> None:
    assert len(EXPLAINED) > 100
    roots = [cls for cls in ALL if not set(cls.__mro__[1:]) & set(ALL)]
    bare = {cls.__name__ for cls in roots if cls is not ExplainedError}
    assert bare == set(CAUGHT_INSIDE)


@pytest.mark.parametrize("cls", EXPLAINED, ids=lambda cls: cls.__name__)
def test_an_error_is_printed_with_what_happened_and_what_to_do(
    cls: type[ExplainedError], capsys: pytest.CaptureFixture[str]
) -> None:
    title = message_of(cls).title
    assert title == title.strip()
    assert not title.endswith(".")
    error = instance_of(cls)
    assert error.what.endswith((".", "x"))
    assert error.what_to_do.endswith((".", "x"))
    assert main.report(error, Redaction()) == (2 if cls is errors.SettingsAreInvalid else 1)
    printed = capsys.readouterr().err.splitlines()
    assert printed == lines_of(error)
    assert printed[0] == f"{title}: {error.what}"
    assert printed[-1] == error.what_to_do
    assert len(printed) == (3 if isinstance(error, Refused) and error.where else 2)


def plain_error(error: Exception) -> ExplainedError | None:
    return explained(error, Redaction().of)


def test_errors_of_the_database_and_of_files_become_errors_for_operators() -> None:
    assert isinstance(plain_error(psycopg.errors.UndefinedTable("x")), LogIsNotMade)
    assert isinstance(plain_error(psycopg.OperationalError("x")), DatabaseCannotBeUsed)
    assert isinstance(plain_error(psycopg.errors.InsufficientPrivilege("x")), DatabaseCannotBeUsed)
    assert isinstance(plain_error(persistence.OperationalError("x")), DatabaseCannotBeUsed)
    assert isinstance(plain_error(PermissionError(13, "Permission denied", "/x")), FileCannotBeUsed)
    assert isinstance(plain_error(OSError(28, "No space left on device")), SystemCallFailed)
    assert plain_error(KeyError("a defect")) is None


def test_a_password_is_not_printed() -> None:
    error = plain_error(psycopg.OperationalError("connecting to postgresql://ana:verbena@db failed"))
    assert error is not None
    assert "verbena" not in str(error)
    assert "db failed" in str(error)


def test_an_unexpected_error_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    assert main.report(KeyError("a defect"), Redaction()) == 1
    assert caplog.records[0].exc_info is not None


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL",)}
    command = [sys.executable, "-m", "adapters.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=inherited | environment)


def test_a_port_that_is_taken_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        ended = run("serve", PERENNIAL_PORT=port, PERENNIAL_DATA_FOLDER=str(tmp_path / "data"))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Port not available: 127.0.0.1:{port} cannot be listened on")
    assert ended.stderr.count("\n") == 2
    assert not (tmp_path / "data").exists()


def test_a_database_that_cannot_be_reached_is_reported() -> None:
    ended = run("status", DATABASE_URL="postgresql://ana:verbena@127.0.0.1:9/none?connect_timeout=5")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Unusable database: PostgreSQL reports: ")
    assert "Traceback" not in ended.stderr
    assert "verbena" not in ended.stderr


def test_a_folder_without_a_database_is_reported(tmp_path: Path) -> None:
    ended = run("status", PERENNIAL_DATA_FOLDER=str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"No database in the folder: {tmp_path} holds no database.\nRun this where")


def test_a_key_file_that_cannot_be_read_is_reported(database: str, tmp_path: Path) -> None:
    key_file = tmp_path / "keys.json"
    key_file.write_text("{")
    ended = run("project", "--once", DATABASE_URL=database, PERENNIAL_KEY_FILE=str(key_file))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Unusable key file: The key file {key_file} cannot be used: ")
    assert "Traceback" not in ended.stderr


def test_wrong_settings_end_with_exit_code_2_and_show_no_value() -> None:
    wrong = run("status", PERENNIAL_PORT="verbena", PERENNIAL_ZONE="Europe/Atlantis")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("Invalid settings: ")
    assert "port: " in wrong.stderr
    assert "Europe/Atlantis" in wrong.stderr
    unreadable = run("status", PERENNIAL_INBOUND_SECRETS="verbena")
    assert unreadable.returncode == 2
    assert "Traceback" not in wrong.stderr + unreadable.stderr
    assert "verbena" not in wrong.stderr + unreadable.stderr
