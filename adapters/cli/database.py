"""The command that brings the database to this version."""

from __future__ import annotations

import typer

from adapters import bootstrap
from adapters.cli.progress import stderr
from adapters.settings import Settings

group = typer.Typer()


@group.command()
def migrate() -> None:
    """Bring the database to this version. Run it before the first start and after each upgrade; it is safe to repeat.

    Without DATABASE_URL it makes an embedded database in PERENNIAL_DATA_FOLDER.
    """
    settings = Settings()
    with bootstrap.database(settings) as conninfo:
        for name in bootstrap.migrated(conninfo):
            stderr.print(f"applied {name}", highlight=False)
        bootstrap.bound(conninfo, settings)
        outdated = bootstrap.outdated(conninfo, settings)
    stderr.print("the database is up to date")
    if outdated:
        stderr.print(f"this version folds {', '.join(outdated)} differently: run `perennial rebuild`")
