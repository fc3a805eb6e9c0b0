"""Commands about the key-encryption keys: show their age, and rotate them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, TimeElapsedColumn
from rich.table import Table

from adapters import bootstrap
from adapters.cli.progress import progress_bar, stderr
from adapters.postgres.keys.epochs import Epoch, Rotated, epochs, is_due
from adapters.postgres.projector.runner import Progress
from adapters.settings import Settings

group = typer.Typer(
    name="keys", help="Show and rotate the key-encryption keys (docs/privacy.md).", no_args_is_help=True
)


@group.command()
def rotate(
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Only add the next key to the file, to copy it to other machines first."),
    ] = False,
) -> None:
    """Wrap every person key under a new key and destroy the former, so that no older copy of an erased key opens.

    The service continues meanwhile. A killed rotation resumes when it is started again.
    """
    settings = Settings()
    with bootstrap.database(settings, make=False) as conninfo:
        bootstrap.require_log(conninfo)
        bootstrap.bound(conninfo, settings)
        with rotation_bar() as progress, bootstrap.rotation(conninfo, settings, progress) as rotation:
            done = rotation.prepare() if prepare else rotation.run()
    if isinstance(done, str):
        stderr.print(f"epoch {done} is in {settings.keys}: copy it to every machine, then rotate", soft_wrap=True)
    else:
        show_rotation(done, settings)


def show_rotation(done: Rotated, settings: Settings) -> None:
    """Print what was rotated, and what an operator still has to do."""
    destroyed = f"destroyed: {', '.join(done.destroyed)}" if done.destroyed else "the former was destroyed before"
    stderr.print(f"epoch {done.epoch} is current; {done.wrapped} keys wrapped anew; {destroyed}", highlight=False)
    stderr.print(f"back up {settings.keys} now, and overwrite older copies of it", highlight=False, soft_wrap=True)
    if done.left:
        stderr.print("[yellow]This login may not do the last part. Run as a superuser of the database:[/yellow]")
        for statement in done.left:
            stderr.print(f"  {statement};", highlight=False)


@group.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Show every epoch, the last rotation and when the next is due. Exit code 1 when a rotation is overdue."""
    settings = Settings()
    with (
        bootstrap.database(settings, make=False) as conninfo,
        psycopg.connect(conninfo, autocommit=True) as connection,
    ):
        bootstrap.require_log(conninfo)
        rows, overdue = epochs(connection), is_due(connection, settings.rotate_every)
    if as_json:
        typer.echo(json.dumps({"overdue": overdue, "epochs": [asdict(epoch) for epoch in rows]}, default=str))
    else:
        show_status(rows, settings, overdue=overdue)
    if overdue:
        raise typer.Exit(1)


def show_status(rows: Sequence[Epoch], settings: Settings, *, overdue: bool) -> None:
    """Print the epochs as a table, and when the next rotation is due."""
    table = Table("epoch", "state", "made", "destroyed", "living keys")
    for epoch in rows:
        table.add_row(epoch.name, epoch.state, minute_of(epoch.made_at), minute_of(epoch.destroyed_at), str(epoch.keys))
    Console().print(table)
    current = next(epoch for epoch in rows if epoch.state == "current")
    rotated = f"last rotated {minute_of(current.made_at)}" if len(rows) > 1 else "never rotated"
    due = minute_of(current.made_at + settings.rotate_every)
    stderr.print(f"{rotated}; the next rotation is due {due}", highlight=False)
    if overdue:
        text = "[yellow]A rotation is overdue, or was not completed. Run `perennial keys rotate`.[/yellow]"
        stderr.print(text, highlight=False)


def minute_of(moment: datetime | None) -> str:
    """Return a moment to the minute, in UTC; nothing for None."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@contextmanager
def rotation_bar() -> Iterator[Progress]:
    """Yield the callback of one progress bar for each slow part of a rotation."""
    with progress_bar(MofNCompleteColumn(), TimeElapsedColumn()) as progress:
        tasks = {}

        def update(title: str, done: int, total: int) -> None:
            if title not in tasks:
                tasks[title] = progress.add_task(title, total=total)
            progress.update(tasks[title], completed=done, total=total)

        yield update
