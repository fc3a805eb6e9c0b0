"""Work in the background of a process: threads that are stopped, joined, and reported when they fail."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOGGER = logging.getLogger(__name__)
ENDS_WITHIN = 20.0
"""Seconds from a signal to end until the process ends whatever it waits for, such as a database that hangs."""
WANTED: dict[int, threading.Thread] = {}
"""The threads whose work is not over, by the identity of their block."""
ENDING = threading.Lock()


@contextmanager
def beside(work: Callable[[threading.Event], object], name: str, over: threading.Event | None = None) -> Iterator[None]:
    """`work` in a thread of that name as long as the block lasts; it is given the event that tells it to end, which
    several may share."""
    over = over or threading.Event()
    thread = threading.Thread(target=work, args=(over,), name=name)
    thread.start()
    WANTED[id(thread)] = thread
    try:
        yield
    finally:
        del WANTED[id(thread)]
        over.set()
        thread.join()


def failed() -> list[str]:
    """Return the names of the threads that have ended although their work is still wanted."""
    return sorted(thread.name for thread in list(WANTED.values()) if not thread.is_alive())


def end_in_time() -> None:
    """Ends the process after a while if it has not ended by then. Nothing acknowledged is lost by that."""
    if ENDING.acquire(blocking=False):
        timer = threading.Timer(ENDS_WITHIN, end_now)
        timer.daemon = True
        timer.start()


def end_now() -> None:
    LOGGER.error("ending although something still waits, %.0f s after the signal", ENDS_WITHIN)
    os._exit(1)
