"""The command line: the groups of commands, and how errors end a command."""

from __future__ import annotations

import logging
import os
import signal
import sys

import psycopg
import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from adapters import bootstrap
from adapters.access.refusals import IntegrationStandsAlone, KeyDoesNotExist, ScopeIsWiderThanRole
from adapters.bootstrap import ReadModelIsUnknown
from adapters.cli import (
    api_keys,
    bundles,
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
from adapters.cli.erasure_proposals import ProposalsAreNotFolded
from adapters.cli.erasures import NobodyIsNamed
from adapters.cli.progress import printable, stderr
from adapters.cli.proofs import NothingIsSigned
from adapters.cli.serving import PortIsTaken
from adapters.cli.stopping import stop
from adapters.erasure.retention_rules import RetentionFileIsWrong
from adapters.intake.imports.refusals import FileCannotBeImported
from adapters.intake.integrations.handshakes import IntegrationHasNoHandshake, IntegrationHasSecret
from adapters.intake.integrations.index import IntegrationDoesNotExist
from adapters.postgres.embedded.data_folder import EmbeddedServerCannotRun
from adapters.postgres.keys.epochs import EpochsAreMissing, KeysAreBeingRotated, WrappedKeyIsBroken
from adapters.postgres.keys.key_file import (
    EpochIsNotInKeyFile,
    EpochKeyIsDoubled,
    EpochKeyIsWrong,
    KeyFileCannotBeWritten,
    KeyFileIsAnothers,
    KeyFileIsUnusable,
)
from adapters.postgres.log.recorder import LogIsNotMade
from adapters.postgres.log.synthetic_log import LogIsNotEmpty
from adapters.postgres.migrate import PhoneRegionIsFixed
from adapters.postgres.projector.rebuild import IsBeingRebuilt, SwapFoundNoMoment
from adapters.postgres.proof.tree_rows import TreeIsTorn
from adapters.proof.note import KeyCannotBeRead
from adapters.proof.signer import ForkFound, SigningFolderIsUnusable
from adapters.runtime.redaction import guard_logs, secrets_of
from adapters.settings import Settings
from adapters.workers import WorkerIsUnknown
from commands.workflows.apply_retention import ReadModelsAreBehind
from domain.errors import Refused

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
COMPLAINTS = (
    *bundles.COMPLAINTS,
    Refused,
    NobodyIsNamed,
    ForkFound,
    SigningFolderIsUnusable,
    TreeIsTorn,
    NothingIsSigned,
    KeyCannotBeRead,
    KeyDoesNotExist,
    IntegrationStandsAlone,
    ScopeIsWiderThanRole,
    PortIsTaken,
    KeyFileIsAnothers,
    PhoneRegionIsFixed,
    bootstrap.ReadModelsAreOfAnotherZone,
    KeyFileIsUnusable,
    LogIsNotEmpty,
    LogIsNotMade,
    ReadModelIsUnknown,
    WorkerIsUnknown,
    IntegrationDoesNotExist,
    IntegrationHasNoHandshake,
    IntegrationHasSecret,
    IsBeingRebuilt,
    SwapFoundNoMoment,
    FileCannotBeImported,
    EmbeddedServerCannotRun,
    EpochIsNotInKeyFile,
    EpochKeyIsDoubled,
    EpochKeyIsWrong,
    EpochsAreMissing,
    KeyFileCannotBeWritten,
    KeysAreBeingRotated,
    WrappedKeyIsBroken,
    ReadModelsAreBehind,
    RetentionFileIsWrong,
    ProposalsAreNotFolded,
)

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
    """Run the command line. Exit codes: 0 done, 1 refused with a reason, 2 wrong usage or settings."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    redaction = guard_logs(secrets_in_settings())
    try:
        cli()
    except COMPLAINTS as complaint:
        for line in str(complaint).split("\n"):
            stderr.print(printable(line), style="red", markup=False, highlight=False)
        sys.exit(1)
    except psycopg.errors.UndefinedTable:
        stderr.print(f"[red]{LogIsNotMade.__doc__}[/red]", highlight=False)
        sys.exit(1)
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        text = redaction.of(str(error))
        stderr.print(f"[red]The database cannot be used: {text} Check DATABASE_URL.[/red]", highlight=False)
        sys.exit(1)
    except SettingsError as error:
        stderr.print(f"[red]{error}. Lists are written as JSON.[/red]", highlight=False)
        sys.exit(2)
    except ValidationError as error:
        for wrong in error.errors():
            stderr.print(f"[red]setting {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}[/red]", highlight=False)
        sys.exit(2)
    except Exception:  # logged here: Python's own traceback would bypass the filter of secrets
        logging.getLogger(__name__).exception("unexpected error")
        sys.exit(1)


def secrets_in_settings() -> list[str]:
    """Return the secrets among the settings; none where they cannot be read, which the command then reports."""
    try:
        return secrets_of(Settings())
    except (ValidationError, SettingsError):
        return []


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
