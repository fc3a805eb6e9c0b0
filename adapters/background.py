"""Work in the background of a process: a thread that is told when to end, and is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(work: Callable[[threading.Event], object], name: str) -> Iterator[None]:
    """`work` in a thread of that name as long as the block lasts; it is given the event that tells it to end."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,), name=name)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
