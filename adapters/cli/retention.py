"""The command about people whose retention period is over: list them, and erase them."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from adapters import bootstrap
from adapters.cli.dates import day_in
from adapters.cli.log import existing_log
from adapters.cli.progress import counting_bar, stderr
from adapters.postgres.read_models import OverduePeople
from adapters.settings import Settings
from commands.workflows.apply_retention import RetentionWorkflow
from commands.workflows.erase_person import Erasure
from queries.retention import Overdue, Retention, Sought

WIDE = 160
"""Characters of the table: ids are copied, and never cut off."""
COLUMNS = ("candidate", "records", "last contact", "law", "months", "kept until", "outcome")

group = typer.Typer()


@group.command()
def retention(
    on: Annotated[
        str | None, typer.Option(help="The day (YYYY-MM-DD) as of which it lists people. Default: today.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Erase the people who are due today. This cannot be undone.")
    ] = False,
) -> None:
    """List the people whose retention period is over: who would be erased, who is kept longer, and why.

    It changes nothing without --apply. Example: perennial retention --on 2027-01-01
    """
    settings = Settings()
    if apply and on is not None:
        raise typer.BadParameter("--apply erases the people who are due today: leave --on out")
    day = None if on is None else day_in(on, "--on")
    with existing_log(settings) as log:
        people = bootstrap.overdue(log, settings)
        if apply:
            erase(people, bootstrap.retaining(log, settings))
        else:
            show(people, day)


def show(people: OverduePeople, day: date | None) -> None:
    """Print the people as a table, the rules, and how many would be erased and are kept."""
    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS))
    for person in people.overdue(day, Sought(limit=1000)):
        contact = "never" if person.last_contact is None else f"{person.last_contact:%Y-%m-%d}"
        outcome = "would be erased" if person.standing == "due" else f"kept: {reasons_of(person)}"
        table.add_row(
            str(person.candidate), str(len(person.records)), contact, person.jurisdiction, str(person.months),
            str(person.ends_on), outcome,
        )  # fmt: skip
    Console(width=WIDE).print(table)
    show_totals(people.page(day, Sought(limit=1)))


def show_totals(page: Retention) -> None:
    """Print the rules, and how many people would be erased and are kept."""
    for rule in page.rules:
        stderr.print(f"{rule.jurisdiction}: {rule.months} months ({rule.because})", highlight=False, soft_wrap=True)
    stderr.print(f"on {page.day}: {page.due} would be erased, {page.kept} are kept longer; nothing was changed")


def reasons_of(person: Overdue) -> str:
    """Return why a person is kept, such as: legal-hold (smith-v-us), open-application."""
    return ", ".join(
        f"{reason} ({', '.join(person.matters)})" if reason == "legal-hold" else reason for reason in person.because
    )


def erase(people: OverduePeople, workflow: RetentionWorkflow) -> None:
    """Erase the people who are due today, with a progress bar. Errors: ReadModelsAreBehind."""
    outcomes: Counter[str] = Counter()
    people.require_current()
    with counting_bar("erasing", people.page(None, Sought(limit=1)).due) as update:
        for done, outcome in enumerate(workflow.erase_due(), 1):
            text = f"erased, {outcome.state}" if isinstance(outcome, Erasure) else f"kept: {outcome.because}"
            outcomes[text] += 1
            update(done)
    for text, n in sorted(outcomes.items()):
        stderr.print(f"{n} {text}", highlight=False)
    if not outcomes:
        stderr.print("no person is due")
