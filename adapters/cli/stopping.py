"""How a command that runs until it is stopped ends: in order, on SIGTERM or SIGINT."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.cli.progress import say
from adapters.runtime.background import end_in_time

STOPPED = threading.Event()


def stop(*_: object) -> None:
    """Ends whatever runs in order: queries are cancelled, locks released, an embedded server stopped.

    The database driver gives way to an interrupt; the event is for loops that outlive errors.
    """
    STOPPED.set()
    end_in_time()
    raise KeyboardInterrupt


@contextmanager
def until_stopped() -> Iterator[None]:
    """Within the block, a signal to stop is no failure. Other commands end with exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        say.print("stopped")
