"""Commands about deliveries of integrations: list those that were not applied, and apply what is missing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from adapters import bootstrap
from adapters.cli.dates import duration_in, written_age
from adapters.cli.log import existing_log
from adapters.cli.progress import counting_bar, stderr
from adapters.exports.plain import plain
from adapters.intake.integrations.index import integration_named
from adapters.intake.integrations.listing import ListedDelivery, listed
from adapters.intake.integrations.reasons import refusals
from adapters.settings import Settings
from queries.deliveries import Deliveries, Sought, State, deliveries

LONGEST_PAGE = 10_000
WIDE = 200
"""Characters of the table: ids are copied, and never cut off."""

group = typer.Typer()


@group.command("deliveries")
def list_(
    state: Annotated[State | None, typer.Option(help="waiting, kept or refused. Default: all of them.")] = None,
    integration: Annotated[str | None, typer.Option(help="Of this integration, such as greenhouse.")] = None,
    action: Annotated[str | None, typer.Option(help="Of this action, as the integration names it.")] = None,
    older_than: Annotated[
        str | None, typer.Option(help="Received at least this long ago, in days or hours: 7d or 12h.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=LONGEST_PAGE, help="How many deliveries, at most.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list on standard output.")] = False,
) -> None:
    """List the deliveries that were not applied, the oldest first, with reason and age. It changes nothing.

    Example: perennial deliveries --state waiting --older-than 7d
    """
    now = datetime.now(UTC)
    before = None if older_than is None else now - duration_in(older_than, "--older-than")
    with existing_log(Settings()) as log:
        key_file = log.mapper.keyring.key_file
        with log.recorder.datastore.pool.connection() as connection:
            page = deliveries(connection, Sought(state, integration, action, before), refusals(), None, limit)
        lines = [listed(delivery, now, key_file) for delivery in page.deliveries]
    if as_json:
        typer.echo(json.dumps(plain([asdict(line) for line in lines])))
    else:
        show(lines)
        show_reasons(lines, page)


def show(lines: Sequence[ListedDelivery]) -> None:
    """Print the deliveries as a table."""
    names = ("id", "integration", "action", "state", "age", "reason", "record")
    table = Table(*(Column(name, no_wrap=True) for name in names))
    for line in lines:
        age, record = written_age(timedelta(seconds=line.age_seconds)), "" if line.record is None else str(line.record)
        table.add_row(line.id or "-", line.integration, line.action, line.state, age, line.reason, record)
    Console(width=WIDE).print(table)


def show_reasons(lines: Sequence[ListedDelivery], page: Deliveries) -> None:
    """Print how many deliveries have each reason, what it means, and whether the list is complete."""
    examples = {(line.state, line.reason): line for line in reversed(lines)}
    for count in page.reasons:
        example = examples.get((count.state, count.reason))
        advice = "" if example is None else f" {example.detail} {example.what_to_do}"
        text = f"{count.n} {count.state}: {count.reason}.{advice}"
        stderr.print(text, highlight=False, soft_wrap=True, markup=False)
    if not page.exact:
        stderr.print("the counts are of the oldest 100,000")
    if page.next is not None:
        stderr.print(f"these are the oldest {len(lines)}; --limit shows more")


@group.command()
def reconcile(source: Annotated[str, typer.Argument(help="The integration, such as greenhouse.")]) -> None:
    """Read all stored deliveries of an integration again and record what is missing. It is safe to repeat.

    Example: perennial reconcile greenhouse
    """
    settings, integration = Settings(), integration_named(source)
    outcomes: Counter[str] = Counter()
    with existing_log(settings) as log:
        sweep = bootstrap.sweep(log, settings)
        with counting_bar(f"reading deliveries of {source}", sweep.deliveries.count(source)) as update:
            for done, swept in enumerate(sweep.sweep(integration), start=1):
                outcomes[swept.outcome if swept.reason is None else f"{swept.outcome}: {swept.reason}"] += 1
                update(done)
    for outcome, n in sorted(outcomes.items()):
        stderr.print(f"{n} {outcome}", highlight=False)
