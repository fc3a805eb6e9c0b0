"""What an operator types about those whom we keep no longer: who they are, and that they be erased."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from adapters import bootstrap
from adapters.cli.progress import bar, say
from adapters.postgres.read_models import OverduePeople
from adapters.settings import Settings
from commands.workflows.apply_retention import RetentionWorkflow
from commands.workflows.erase_person import Erasure
from queries.retention import Overdue, Sought

keeping = typer.Typer()
WIDE = 160
"""Characters: an id is never cut off, because somebody will want to copy it."""
Day = Annotated[str | None, typer.Option("--on", help="As of which day (YYYY-MM-DD); default: today.")]


@keeping.command()
def retention(
    on: Day = None,
    apply: Annotated[bool, typer.Option("--apply", help="Erase those who are due today. It cannot be undone.")] = False,
) -> None:
    """List whom the rules of retention would erase, and who is kept longer and why. Only --apply erases anybody."""
    settings = Settings()
    if apply and on is not None:
        raise typer.BadParameter("--apply erases those who are due today: leave --on out")
    day = None if on is None else day_in(on)
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        people = bootstrap.overdue(log, settings)
        if apply:
            erase(people, bootstrap.retaining(log, settings))
        else:
            show(people, day)


def day_in(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day such as 2026-05-04") from error


def show(people: OverduePeople, day: date | None) -> None:
    found = people.page(day, Sought(limit=1))
    becomes_of = ("records", "last contact", "law", "months", "kept until", "what becomes of them")
    table = Table(Column("candidate", no_wrap=True), *(Column(name, no_wrap=True) for name in becomes_of))
    for person in people.overdue(day, Sought(limit=1000)):
        contact = "never" if person.last_contact is None else f"{person.last_contact:%Y-%m-%d}"
        becomes = "would be erased" if person.standing == "due" else f"kept: {why(person)}"
        table.add_row(
            str(person.candidate), str(len(person.records)), contact, person.jurisdiction, str(person.months),
            str(person.ends_on), becomes,
        )  # fmt: skip
    Console(width=WIDE).print(table)
    for rule in found.rules:
        say.print(f"{rule.jurisdiction}: {rule.months} months ({rule.because})", highlight=False, soft_wrap=True)
    say.print(f"on {found.day}: {found.due} would be erased, {found.kept} are kept longer; nothing was changed")


def why(person: Overdue) -> str:
    """Such as: legal-hold (smith-v-us), open-application."""
    return ", ".join(
        f"{reason} ({', '.join(person.matters)})" if reason == "legal-hold" else reason for reason in person.because
    )


def erase(people: OverduePeople, retention: RetentionWorkflow) -> None:
    became: Counter[str] = Counter()
    people.require_current()
    with bar("erasing", people.page(None, Sought(limit=1)).due) as told:
        for number, one in enumerate(retention.erase_due(), 1):
            became[f"erased, {one.state}" if isinstance(one, Erasure) else f"stayed: {one.because}"] += 1
            told(number)
    for what, n in sorted(became.items()):
        say.print(f"{n} {what}", highlight=False)
    if not became:
        say.print("nobody is due")
