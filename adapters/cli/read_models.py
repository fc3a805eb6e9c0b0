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
    name: Annotated[str, typer.Argument(help="The read model, as `perennial status` lists it, such as pipeline.")],
) -> None:
    """Build a read model anew beside the one that is served, then swap them. Queries continue; a killed run resumes.

    Example: perennial rebuild pipeline
    """
    settings = Settings()
    model = bootstrap.read_model(name)
    with (
        bootstrap.database(settings, make=False) as conninfo,
        bootstrap.projector(conninfo) as datastore,
        fold_bar(f"rebuilding {model.name}") as progress,
    ):
        bootstrap.bound(conninfo, settings)
        position = bootstrap.rebuild(datastore, settings, name, progress).rebuild()
    stderr.print(f"{model.schema} is served from its new rows, at position {position}")
