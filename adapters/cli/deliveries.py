"""What an operator types about deliveries that were not applied: which they are, since when, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from adapters import bootstrap
from adapters.cli.api_keys import lasting
from adapters.cli.progress import say
from adapters.intake.integrations.listing import ListedDelivery, listed
from adapters.intake.integrations.reasons import refusals
from adapters.settings import Settings
from adapters.web.framework.plain import plain
from queries.deliveries import Deliveries, Sought, State, deliveries

delivering = typer.Typer()
LONGEST_PAGE = 10_000
WIDE = 200
"""Characters: an id is never cut off, because an operator copies it."""


@delivering.command("deliveries")
def deliveries_(
    state: Annotated[State | None, typer.Option(help="waiting, kept or refused; default: all of them.")] = None,
    integration: Annotated[str | None, typer.Option(help="Of this integration, such as greenhouse.")] = None,
    action: Annotated[str | None, typer.Option(help="Of this action, as the integration names it.")] = None,
    older_than: Annotated[str | None, typer.Option(help="Received so long ago or longer, such as 7d or 12h.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=LONGEST_PAGE, help="How many, at most.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON list on standard output.")] = False,
) -> None:
    """List the deliveries that were not applied, the oldest first, with reason and age; it changes nothing."""
    now = datetime.now(UTC)
    before = None if older_than is None else now - lasting(older_than, "--older-than")
    sought, settings = Sought(state, integration, action, before), Settings()
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        key_file = log.mapper.keyring.key_file
        with log.recorder.datastore.pool.connection() as connection:
            found = deliveries(connection, sought, refusals(), None, limit)
        lines = [listed(one, now, key_file) for one in found.deliveries]
    if as_json:
        typer.echo(json.dumps(plain([asdict(line) for line in lines])))
    else:
        show(lines, found)


def show(lines: Sequence[ListedDelivery], found: Deliveries) -> None:
    columns = (Column(name, no_wrap=True) for name in ("id", "integration", "action", "state", "age", "reason"))
    table = Table(*columns, Column("record", no_wrap=True))
    for one in lines:
        age, record = written_age(timedelta(seconds=one.age_seconds)), "" if one.record is None else str(one.record)
        table.add_row(one.id or "-", one.integration, one.action, one.state, age, one.reason, record)
    Console(width=WIDE).print(table)
    meant = {(one.state, one.reason): one for one in reversed(lines)}
    for count in found.reasons:
        example = meant.get((count.state, count.reason))
        advice = "" if example is None else f" {example.detail} {example.what_to_do}"
        say.print(f"{count.n} {count.state}: {count.reason}.{advice}", highlight=False, soft_wrap=True, markup=False)
    if not found.exact:
        say.print("the counts are of the oldest 100,000")
    if found.next is not None:
        say.print(f"these are the oldest {len(lines)}; --limit shows more")


def written_age(age: timedelta) -> str:
    """Such as 3d, 5h or 12m: the largest unit that fits."""
    seconds = int(age.total_seconds())
    return next(
        (f"{seconds // size}{unit}" for unit, size in (("d", 86400), ("h", 3600)) if seconds >= size),
        f"{seconds // 60}m",
    )
