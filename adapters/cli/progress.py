"""What commands print on standard error while they work: messages, and progress bars with an ETA."""

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

stderr = Console(stderr=True)


def printable(text: str) -> str:
    """Return text from outside on one line, with its control characters escaped for the terminal."""
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)


def progress_bar(*columns: ProgressColumn) -> Progress:
    """Return a progress bar with a title, these columns and an ETA."""
    title, eta = TextColumn("{task.description}"), TextColumn("ETA")
    return Progress(title, BarColumn(), *columns, eta, TimeRemainingColumn(), console=stderr)


@contextmanager
def counting_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield the callback of a progress bar: it takes how many of `total` are done."""
    with progress_bar(MofNCompleteColumn(), TimeElapsedColumn()) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def fold_bar(title: str) -> Iterator[FoldProgress]:
    """Yield the callback of a progress bar by positions of the log, up to its head."""
    with progress_bar(MofNCompleteColumn()) as progress:
        task = progress.add_task(title, total=None)

        def update(_: str, position: int, head: int) -> None:
            progress.update(task, completed=position, total=head)

        yield update
