"""Commands about the background workers: run some of them, and show their state."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any

import psycopg
import typer
from eventsourcing.persistence import PersistenceError
from eventsourcing.postgres import PostgresDatastore
from rich.console import Console
from rich.table import Column, Table

from adapters import bootstrap
from adapters.cli.progress import stderr
from adapters.cli.stopping import STOPPED, until_stopped
from adapters.postgres.projector import folds
from adapters.postgres.tables.workers import WorkerStanding, standings
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings
from adapters.workers import WORKERS, named, running

WIDE = 160
"""Characters of the table: error messages fit on a line."""
NAMES = "; ".join(f"{worker.name}: {worker.does}" for worker in WORKERS)

group = typer.Typer()


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """The state of a worker over all processes.

    alive: it runs in a process; None: no process was started to run it. lag_seconds: for how long its oldest undone
    work has waited; None: nothing waits for it, or it cannot be read now.
    """

    name: str
    alive: bool | None
    running: int
    lag_seconds: float | None
    restarts: int
    failing: bool
    last_error: str | None
    last_error_at: datetime | None


@group.command()
def work(names: Annotated[list[str], typer.Argument(help=f"One or more of: {NAMES}.")]) -> None:
    """Run background workers until SIGTERM or SIGINT. A second copy of a worker takes over when the first one ends.

    Example: perennial work projector key-rotation
    """
    wanted, settings = named(names), Settings()
    with until_stopped(), ExitStack() as stack:
        conninfo = stack.enter_context(bootstrap.database(settings))
        bootstrap.migrated(conninfo)
        stack.enter_context(running(wanted, Host(conninfo, settings, stack)))
        STOPPED.wait()


@group.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Show the position and lag of every read model, and the state, lag and last error of every worker.

    Exit code 1 when a stream is parked, or a worker was killed and no other process runs it.
    """
    settings = Settings()
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.projector(conninfo) as datastore:
        with datastore.pool.connection() as connection:
            models, by_worker = folds.report(connection), standings(connection)
        workers = [status_of(worker, by_worker.get(worker.name), datastore, settings) for worker in WORKERS]
    if as_json:
        report = {"read_models": models, "workers": [asdict(worker) for worker in workers]}
        typer.echo(json.dumps(report, default=str))
    else:
        show_read_models(models)
        show_workers(workers)
    if any(row["parked"] for row in models) or any(worker.alive is False for worker in workers):
        raise typer.Exit(1)


def status_of(
    worker: Worker, standing: WorkerStanding | None, datastore: PostgresDatastore, settings: Settings
) -> WorkerStatus:
    """Return the state of a worker, from the reports of its processes and from its undone work."""
    try:
        lag = worker.lag(datastore, settings) if worker.lag else None
    except (psycopg.Error, PersistenceError, OSError):  # such as tables of a read model that were never folded
        lag = None
    if standing is None:
        return WorkerStatus(worker.name, None, 0, lag, 0, False, None, None)
    return WorkerStatus(
        name=worker.name,
        alive=standing.running > 0,
        running=standing.running,
        lag_seconds=lag,
        restarts=standing.restarts,
        failing=standing.failing,
        last_error=standing.last_error,
        last_error_at=standing.last_error_at,
    )


def show_workers(workers: list[WorkerStatus]) -> None:
    """Print the workers as a table."""
    table = Table(Column("worker", no_wrap=True), "state", "processes", "lag (s)", "restarts", "last error")
    for worker in workers:
        lag = "" if worker.lag_seconds is None else f"{worker.lag_seconds:.1f}"
        error = f"{worker.last_error_at:%Y-%m-%d %H:%M:%S} {worker.last_error}" if worker.last_error else ""
        table.add_row(worker.name, state_of(worker), str(worker.running), lag, str(worker.restarts), error)
    Console(width=WIDE).print(table)


def state_of(worker: WorkerStatus) -> str:
    """Return one word: 'running', 'failing', 'dead' (killed, and run by no other process) or 'stopped'."""
    if worker.alive is None:
        return "stopped"
    if not worker.alive:
        return "dead"
    return "failing" if worker.failing else "running"


def show_read_models(rows: list[dict[str, Any]]) -> None:
    """Print the read models as a table, and what they have parked."""
    names = Column("read model", no_wrap=True)
    table = Table(names, "version", "state", "position", "lag (events)", "lag (s)", "parked")
    for row in rows:
        table.add_row(
            str(row["name"]), str(row["version"]), str(row["state"]), str(row["position"]), str(row["lag_events"]),
            f"{row['lag_seconds']:.1f}", str(len(row["parked"])),
        )  # fmt: skip
    Console().print(table)
    for row in rows:
        for parked in row["parked"]:
            event = f"position {parked['position']} ({parked['type']})"
            stderr.print(f"{row['name']}: {event}: {parked['error']}", highlight=False)
            advice = f"correct the cause, then: {parked['retry']}"
            stderr.print(f"  stream {parked['stream']}, event {parked['event']}; {advice}", highlight=False)
