"""Commands that fill an empty log with an invented history, and show it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from adapters import bootstrap
from adapters.access.policy import Role
from adapters.cli.api_keys import demo_keys
from adapters.cli.dates import day_in
from adapters.cli.progress import counting_bar, fold_bar, stderr
from adapters.cli.read_models import catch_up
from adapters.cli.serving import listen, serve_until_stopped
from adapters.cli.stopping import until_stopped
from adapters.postgres.log.synthetic_log import load_synthetic
from adapters.postgres.projector import folds
from adapters.settings import Settings
from adapters.workers import WORKERS

DEMO_EVENTS = 100_000
DEMO_SEED = 7
DEMO_YEARS = 5
LAST_DAY_OF_DEMO = date(2026, 7, 1)
AUDIT_OF_DEMO = (
    "To check a consent trail independently: .venv/bin/perennial audit-bundle "
    "--candidate 10b9116b-c422-4b6f-93e8-387241ce8d00 --out trail.json, "
    "then .venv/bin/perennial verify trail.json (docs/audit.md)"
)
"""A candidate whose two records were merged, who gave a consent, was contacted under it and withdrew it."""
EXAMPLE_REQUESTS = (
    (Role.ANALYST, "/v1/metrics/pipeline-growth?from=2025-01-01&to=2026-07-01"),
    (Role.ANALYST, "/v1/metrics/time-to-fill?from=2024-01-01&to=2026-01-01&as_of=2026-03-01"),
    (Role.RECRUITER, "/v1/candidates?q=berlin&limit=3"),
)

group = typer.Typer()


@dataclass(frozen=True, slots=True)
class Invention:
    """How large an invented history is, what it follows from, what it covers, and where its true figures go."""

    events: int
    seed: int
    years: int
    ends_on: date
    truth_file: Path


@group.command()
def generate(
    events: Annotated[int, typer.Argument(min=100, help="How many events.")] = DEMO_EVENTS,
    seed: Annotated[int, typer.Option(help="The same seed and size give the same history.")] = DEMO_SEED,
    years: Annotated[int, typer.Option(min=1, max=50, help="How many years it covers.")] = DEMO_YEARS,
    ends_on: Annotated[str, typer.Option(help="The day before which it ends (YYYY-MM-DD).")] = f"{LAST_DAY_OF_DEMO}",
    truth_file: Annotated[Path, typer.Option(help="The JSON file for the true figures.")] = Path("truth.json"),
) -> None:
    """Fill an EMPTY log with an invented history, and write its true figures into a file. The log is marked synthetic.

    Example: perennial generate 10000 --seed 3 --years 2
    """
    settings = Settings()
    invention = Invention(events, seed, years, day_in(ends_on, "--ends-on"), truth_file)
    with bootstrap.database(settings) as conninfo:
        bootstrap.migrated(conninfo)
        invent(conninfo, settings, invention)


def invent(conninfo: str, settings: Settings, invention: Invention) -> None:
    """Generate the history, load it into the log and write the truth file. Errors: LogIsNotEmpty."""
    from adapters.lab.synthetic.history import history  # numpy, for which no other command waits
    from adapters.lab.synthetic.truth import truth

    invented = history(invention.events, invention.seed, ends_on=invention.ends_on, years=invention.years)
    with (
        bootstrap.open_log(conninfo, settings, bootstrap.OWNER) as owner,
        counting_bar("writing the history", len(invented)) as update,
    ):
        for written in load_synthetic(owner, invented.recorded(), invented.time_index()):
            update(written)
    invention.truth_file.parent.mkdir(parents=True, exist_ok=True)
    truth(invented).write(invention.truth_file)
    stderr.print(f"{len(invented)} events written; the true figures are in {invention.truth_file}", highlight=False)


@group.command()
def demo(
    events: Annotated[int, typer.Option(min=100, help="How many events the history has.")] = DEMO_EVENTS,
    check: Annotated[bool, typer.Option("--check", help="Stop when the read models are folded; do not serve.")] = False,
) -> None:
    """Invent five years of recruiting, fold and sign them, serve them, and print API keys and example requests.

    It needs nothing but this package. Example: perennial demo --events 10000
    """
    begun, settings = time.monotonic(), Settings()
    with until_stopped(), ExitStack() as stack:
        listening = None if check else listen(stack, settings)
        conninfo = stack.enter_context(bootstrap.database(settings))
        fill(conninfo, settings, events)
        stderr.print(f"ready after {time.monotonic() - begun:.0f} s.", highlight=False)
        if events == DEMO_EVENTS:
            stderr.print(AUDIT_OF_DEMO, highlight=False, soft_wrap=True)
        if listening:
            show_demo(conninfo, settings)
            serve_until_stopped(stack, listening, conninfo, settings, WORKERS)


def fill(conninfo: str, settings: Settings, events: int) -> None:
    """Make the demo's log where it is empty, fold it and sign it."""
    bootstrap.migrated(conninfo)
    if log_is_empty(conninfo):
        file = settings.data_folder / "truth.json"
        invent(conninfo, settings, Invention(events, DEMO_SEED, DEMO_YEARS, LAST_DAY_OF_DEMO, file))
    catch_up(conninfo, settings)
    with fold_bar("signing") as update, bootstrap.sequencer(conninfo, settings, partial(update, "")) as sequencer:
        sequencer.catch_up()


def log_is_empty(conninfo: str) -> bool:
    with bootstrap.projector(conninfo) as datastore, datastore.pool.connection() as connection:
        return folds.log_length(connection) == 0


def show_demo(conninfo: str, settings: Settings) -> None:
    """Print a new API key for each role, and example requests that use them."""
    base = f"http://{settings.host}:{settings.port}"
    with bootstrap.api_keys(conninfo) as api_keys:
        keys = demo_keys(api_keys, datetime.now(UTC))
    stderr.print("An API key for each role (those of earlier demos are revoked):", highlight=False)
    for role, key in keys.items():
        stderr.print(f"  {role:<16}{key}", highlight=False, soft_wrap=True)
    stderr.print("Example requests:", highlight=False)
    for role, path in EXAMPLE_REQUESTS:
        stderr.print(f"  curl -H 'Authorization: Bearer {keys[role]}' '{base}{path}'", highlight=False, soft_wrap=True)
    stderr.print(f"  {base}/docs", highlight=False, soft_wrap=True)
