"""How SIGTERM and SIGINT end a command: in order, with the database and the locks released."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.cli.progress import stderr
from adapters.runtime.background import end_in_time

STOPPED = threading.Event()


def stop(*_: object) -> None:
    """Handle a signal: end background threads, cancel queries, release locks, stop an embedded server.

    The database driver reacts to KeyboardInterrupt; the event is for loops that continue after errors.
    """
    STOPPED.set()
    end_in_time()
    raise KeyboardInterrupt


@contextmanager
def until_stopped() -> Iterator[None]:
    """Within the block, a signal is the normal end (exit code 0). Elsewhere it ends a command with exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        stderr.print("stopped")
