"""Commands about the read models: fold the log into them, and rebuild one of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from adapters import bootstrap
from adapters.cli.progress import fold_bar, stderr
from adapters.cli.stopping import STOPPED, until_stopped
from adapters.runtime.worker import Host
from adapters.settings import Settings
from adapters.workers import named, running

WORKERS_AFTER_CATCHING_UP = ("projector", "key-rotation")

group = typer.Typer()


@group.command()
def project(
    once: Annotated[bool, typer.Option("--once", help="Stop at the present head of the log.")] = False,
) -> None:
    """Fold the log into the read models up to its present head, then continue until SIGTERM or SIGINT.

    It continues as `perennial work projector key-rotation` does. Example: perennial project --once
    """
    settings = Settings()
    with until_stopped(), ExitStack() as stack:
        conninfo = stack.enter_context(bootstrap.database(settings))
        bootstrap.migrated(conninfo)
        bootstrap.bound(conninfo, settings)
        stderr.print(f"caught up at position {catch_up(conninfo, settings)}")
        if not once:
            workers = named(WORKERS_AFTER_CATCHING_UP)
            stack.enter_context(running(workers, Host(conninfo, settings, stack)))
            STOPPED.wait()


def catch_up(conninfo: str, settings: Settings) -> int:
    """Fold the log up to its present head, with a progress bar, and return the position."""
    with bootstrap.projector(conninfo) as datastore, fold_bar("folding") as progress:
        return bootstrap.runner(datastore, settings, progress).catch_up()


@group.command()
def rebuild(
    name: Annotated[
        str | None,
        typer.Argument(
            help="The read model, as `perennial status` lists it, such as pipeline; all outdated ones without it."
        ),
    ] = None,
) -> None:
    """Build a read model anew beside the one that is served, then swap them. Queries continue; a killed run resumes.

    Without a name it rebuilds every read model that this version folds differently, as after an upgrade. Example:
    perennial rebuild pipeline
    """
    settings = Settings()
    if name is not None:
        bootstrap.read_model(name)
    with bootstrap.database(settings, make=False) as conninfo:
        bootstrap.bound(conninfo, settings)
        names = bootstrap.outdated(conninfo, settings) if name is None else [name]
        for each in names:
            rebuild_one(conninfo, settings, each)
    if not names:
        stderr.print("no read model is outdated")


def rebuild_one(conninfo: str, settings: Settings, name: str) -> None:
    """Rebuild one read model, with a progress bar, and say from which position on it is served."""
    model = bootstrap.read_model(name)
    with bootstrap.projector(conninfo) as datastore, fold_bar(f"rebuilding {name}") as progress:
        position = bootstrap.rebuild(datastore, settings, name, progress).rebuild()
    stderr.print(f"{model.schema} is served from its new rows, at position {position}")
