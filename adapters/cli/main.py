"""The command line: the groups of commands, and how errors end a command."""

from __future__ import annotations

import logging
import os
import signal
import sys

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from adapters.cli import (
    api_keys,
    consents,
    database,
    deliveries,
    demonstration,
    erasure_proposals,
    erasures,
    handshakes,
    imports,
    keys,
    lab,
    proofs,
    read_models,
    retention,
    serving,
    subject_access,
    workers,
)
from adapters.cli.errors import REFUSED, exit_code_of, explained, lines_of
from adapters.cli.progress import printable, stderr
from adapters.cli.stopping import stop
from adapters.runtime.redaction import Redaction, guard_logs, secrets_of
from adapters.settings import Settings

GROUPS: tuple[typer.Typer, ...] = (
    database.group,
    serving.group,
    workers.group,
    read_models.group,
    api_keys.group,
    imports.group,
    deliveries.group,
    handshakes.group,
    consents.group,
    erasures.group,
    erasure_proposals.group,
    retention.group,
    subject_access.group,
    keys.group,
    proofs.group,
    demonstration.group,
    lab.group,
)
"""Every group of commands, one line each, in the order of --help. A group with a name has its commands below it."""

cli = typer.Typer(
    help="Perennial records what happens between a recruiting team and candidates, as events."
    " Settings are environment variables: DATABASE_URL and PERENNIAL_... (README.md).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for group in GROUPS:
    cli.add_typer(group)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 refused with a reason, 2 wrong usage or settings, 130 interrupted."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    redaction = guard_logs(secrets_in_settings())
    try:
        cli()
    except Exception as error:  # noqa: BLE001 - every error is reported: Python's traceback would show secrets
        sys.exit(report(error, redaction))


def report(error: Exception, redaction: Redaction) -> int:
    """Print an error for the operator and return the exit code. Only an unexpected error is logged with a traceback."""
    shown = explained(error, redaction.of)
    if shown is None:
        logging.getLogger(__name__).error("unexpected error", exc_info=error)
        return REFUSED
    for line in lines_of(shown):
        stderr.print(printable(line), style="red", markup=False, highlight=False, soft_wrap=True)
    return exit_code_of(shown)


def secrets_in_settings() -> list[str]:
    """Return the secrets among the settings; none where they cannot be read, which the command then reports."""
    try:
        return secrets_of(Settings())
    except (ValidationError, SettingsError):
        return []


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
