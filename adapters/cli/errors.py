"""Errors as operators read them: a title, what happened, where, and what to do. None of them prints a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from eventsourcing import persistence
from pydantic import ValidationError
from pydantic_settings import SettingsError

from adapters.postgres.log.recorder import LogIsNotMade
from adapters.settings import Settings
from domain.errors import ExplainedError, Refused, message_of

DONE, REFUSED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes (docs/command-line.md)."""


class DatabaseCannotBeUsed(ExplainedError):
    """Unusable database

    PostgreSQL reports: {reason}

    Check DATABASE_URL, that the server accepts connections, and what its login may do.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class FileCannotBeUsed(ExplainedError):
    """Unusable file

    {path} cannot be used: {why}.

    Correct the path or the file, and run the command again.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path=path, why=why)


class SystemCallFailed(ExplainedError):
    """Failed system call

    The operating system reports: {reason}.

    Provide what is missing, such as disk space or memory, and run the command again.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class SettingsAreInvalid(ExplainedError):
    """Invalid settings

    {reasons}.

    Correct the environment variables. README.md lists them; lists and objects are written as JSON.
    """

    def __init__(self, reasons: str) -> None:
        super().__init__(reasons=reasons)


class ModuleIsNotInstalled(ExplainedError):
    """Missing development dependency

    The module {name} is not installed. Only `bench` and `drill` need it.

    Install the development dependencies in requirements-dev.lock, and run the command again.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


def explained(error: Exception, redact: Callable[[str], str]) -> ExplainedError | None:
    """Return an error as one for operators, without secrets; None for an unexpected error."""
    match error:
        case ExplainedError():
            return error
        case psycopg.errors.UndefinedTable():
            return LogIsNotMade()
        case psycopg.OperationalError() | psycopg.InterfaceError() | psycopg.ProgrammingError():
            return DatabaseCannotBeUsed(redact(str(error)))
        case persistence.OperationalError() | persistence.InterfaceError() | persistence.ProgrammingError():
            return DatabaseCannotBeUsed(redact(str(error)))
        case ValidationError(title=Settings.__name__):
            return SettingsAreInvalid("; ".join(reasons_of(error)))
        case SettingsError():
            return SettingsAreInvalid(redact(str(error)))
        case OSError(filename=str(filename)):
            return FileCannotBeUsed(Path(filename), error.strerror or type(error).__name__)
        case OSError():
            return SystemCallFailed(error.strerror or redact(str(error)) or type(error).__name__)
    return None


def reasons_of(error: ValidationError) -> Iterator[str]:
    """Yield what is wrong with each setting; never its value, which may be a secret."""
    for wrong in error.errors():
        name = ".".join(map(str, wrong["loc"]))
        yield f"{name}: {wrong['msg']}" if name else wrong["msg"]


def lines_of(error: ExplainedError) -> list[str]:
    """Return the lines to print: the title and what happened, the field that it is about, and what to do."""
    field = [f"Field: {error.where}"] if isinstance(error, Refused) and error.where else []
    text = "\n".join([f"{message_of(type(error)).title}: {error.what}", *field, error.what_to_do])
    return text.split("\n")


def exit_code_of(error: ExplainedError) -> int:
    """Return the exit code of a command that ends with the error."""
    return WRONG_USAGE if isinstance(error, SettingsAreInvalid) else REFUSED
