"""What was measured, for people and for programs: a table on the screen, a page and a JSON document in docs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from adapters.lab.bench.figure import Figure, Tail

DOCUMENT = Path("docs/performance.json")
PAGE = Path("docs/performance.md")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEADS = ("what", "ours", "theirs", "ratio", "target", "met")
say = Console(stderr=True)
WIDTH = 150


@dataclass(slots=True)
class Results:
    """One run's figures, with when, where and by which command they were measured."""

    about: Mapping[str, str]
    command: str
    measured_at: str
    figures: list[Figure | Tail] = field(default_factory=list)

    @classmethod
    def begun(cls, server: Mapping[str, str], command: str) -> Results:
        machine = {"python": platform.python_version(), "cores": str(os.cpu_count()), "machine": platform.machine()}
        return cls({**machine, **server}, command, datetime.now(UTC).isoformat(timespec="seconds"))


def line(figure: Figure | Tail) -> tuple[str, ...]:
    """Return the figure as the cells of a table."""
    met = "yes" if figure.met else "NO"
    if isinstance(figure, Tail):
        ours = f"{figure.missed} missed, {figure.acknowledged:,} kept"
        return (figure.what, ours, "", "", "0 missed, rising", met)
    ours, theirs = (f"{shown(value)} {figure.unit}" for value in (figure.ours, figure.theirs))
    return (figure.what, ours, theirs, f"{figure.ratio:.2f}", f"{figure.wanted} {figure.target:g}", met)


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def show(figures: Iterable[Figure | Tail]) -> None:
    """Show the figures on the screen, with their notes below them."""
    screen, table = Console(width=max(say.width, WIDTH)), Table(*HEADS)
    figures = list(figures)
    for figure in figures:
        table.add_row(*line(figure))
    screen.print(table)
    for figure in figures:
        screen.print(f"{figure.name}: {noted(figure.notes)}", highlight=False, soft_wrap=True)


def noted(notes: Mapping[str, object]) -> str:
    return "; ".join(f"{name} {noted_value(value)}" for name, value in notes.items())


def noted_value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:,}" if isinstance(value, int) else str(value)


def write(results: Results) -> None:
    """Replaces the JSON document, and the measured part of the page."""
    document = {
        "measured_at": results.measured_at,
        "command": results.command,
        "about": results.about,
        "figures": {figure.name: figure.document() for figure in results.figures},
    }
    DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
    DOCUMENT.write_text(json.dumps(document, indent=1) + "\n")
    before, _, rest = (PAGE.read_text() if PAGE.exists() else f"{BEGIN}\n{END}\n").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([before + BEGIN, *measured_part(results), END]) + after)


def measured_part(results: Results) -> Iterator[str]:
    about = ", ".join(f"{name} {value}" for name, value in results.about.items())
    yield f"Measured by `{results.command}` at {results.measured_at}: {about}."
    yield ""
    yield from table_of(results.figures)
    yield ""
    yield from (f"- {figure.name}: {noted(figure.notes)}." for figure in results.figures)


def table_of(figures: Sequence[Figure | Tail]) -> Iterator[str]:
    for cells in (HEADS, ("---",) * len(HEADS), *map(line, figures)):
        yield f"| {' | '.join(cells)} |"
