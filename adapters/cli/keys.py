"""What an operator types about the key-encryption keys: how old they are, and that they be rotated."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
from adapters.cli.progress import drawn, say
from adapters.postgres.keys import epochs
from adapters.postgres.keys.epochs import Epoch, Rotated
from adapters.postgres.projector.runner import Progress as Told
from adapters.settings import Settings

keys = typer.Typer(help="The key-encryption keys: how old they are, and their rotation.", no_args_is_help=True)


@keys.command()
def rotate(
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Only put the next key into the file, to copy it to other machines first."),
    ] = False,
) -> None:
    """Wrap every living key anew and destroy the key before, so that no older copy of an erased person's key opens.

    Everything goes on meanwhile. Killed and started again it goes on where it was.
    """
    settings = Settings()
    with bootstrap.database(settings, make=False) as conninfo:
        bootstrap.require_log(conninfo)
        bootstrap.bound(conninfo, settings)
        with rotation_bar() as told, bootstrap.rotation(conninfo, settings, told) as rotation:
            done = rotation.prepare() if prepare else rotation.run()
    if isinstance(done, str):
        say.print(f"epoch {done} is in {settings.keys}: copy that to every machine, then rotate", soft_wrap=True)
    else:
        show(done, settings)


def show(done: Rotated, settings: Settings) -> None:
    destroyed = f"destroyed: {', '.join(done.destroyed)}" if done.destroyed else "the former was destroyed before"
    say.print(f"epoch {done.epoch} is current; {done.wrapped} keys wrapped anew; {destroyed}", highlight=False)
    say.print(f"back {settings.keys} up anew, and overwrite older copies of it", highlight=False, soft_wrap=True)
    if done.left:
        say.print("[yellow]This login may not do the last part. Run as a superuser of the database:[/yellow]")
        for statement in done.left:
            say.print(f"  {statement};", highlight=False)


@keys.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object on standard output.")] = False,
) -> None:
    """Show every epoch, the last rotation and when the next is due. Exit code 1 when it is overdue."""
    settings = Settings()
    with (
        bootstrap.database(settings, make=False) as conninfo,
        psycopg.connect(conninfo, autocommit=True) as connection,
    ):
        bootstrap.require_log(conninfo)
        known, overdue = epochs.epochs(connection), epochs.is_due(connection, settings.rotate_every)
    if as_json:
        told = {"overdue": overdue, "epochs": [asdict(one) for one in known]}
        typer.echo(json.dumps(told, default=str))
    else:
        show_status(known, settings, overdue=overdue)
    if overdue:
        raise typer.Exit(1)


def show_status(known: list[Epoch], settings: Settings, *, overdue: bool) -> None:
    table = Table("epoch", "state", "made", "destroyed", "living keys")
    for one in known:
        table.add_row(one.name, one.state, day_of(one.made_at), day_of(one.destroyed_at), str(one.keys))
    Console().print(table)
    current = next(one for one in known if one.state == "current")
    rotated = f"last rotated {day_of(current.made_at)}" if len(known) > 1 else "never rotated"
    say.print(f"{rotated}; the next rotation is due {day_of(current.made_at + settings.rotate_every)}", highlight=False)
    if overdue:
        say.print("[yellow]It is overdue, or one did not end: run `perennial keys rotate`.[/yellow]", highlight=False)


def day_of(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@contextmanager
def rotation_bar() -> Iterator[Told]:
    """A progress bar for each part of the rotation that takes long."""
    with drawn(MofNCompleteColumn(), TimeElapsedColumn()) as progress:
        tasks = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield told
