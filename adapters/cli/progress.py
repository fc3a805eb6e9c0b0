"""What the command line shows while it works: words on standard error, and bars that say when it will be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from adapters.postgres.projector.runner import Progress as FoldProgress

say = Console(stderr=True)


def printable(text: str) -> str:
    """What somebody else wrote, on one line, with nothing in it that a terminal would obey."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)


def drawn(*counted: ProgressColumn) -> Progress:
    """A progress bar that says how far it is in these columns, and when it will be done."""
    told, eta = TextColumn("{task.description}"), TextColumn("ETA")
    return Progress(told, BarColumn(), *counted, eta, TimeRemainingColumn(), console=say)


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar with an ETA; the function it gives is told how much is done."""
    with drawn(MofNCompleteColumn(), TimeElapsedColumn()) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def fold_bar(what: str) -> Iterator[FoldProgress]:
    """A progress bar for folding, whose end is the log's head."""
    with drawn(MofNCompleteColumn()) as progress:
        task = progress.add_task(what, total=None)

        def told(_: str, position: int, head: int) -> None:
            progress.update(task, completed=position, total=head)

        yield told
