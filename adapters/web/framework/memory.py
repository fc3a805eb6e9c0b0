"""Returns free memory to the system after a flood; the C library keeps it between blocks that are still in use."""

from __future__ import annotations

import ctypes
import threading
from pathlib import Path

TRIM_EVERY_SECONDS, AGAIN_AFTER_SECONDS = 3.0, 6.0
"""Seconds between two trims, if the first one freed enough, and if it did not."""
WORTH_A_TRIM = 32 * 1024 * 1024
"""Bytes of growth, above the least that the process had, that a trim is made for."""
WORTH_SOMETHING = 4 * 1024 * 1024
PAGE = 4096
STATM = Path("/proc/self/statm")


class Trimmer:
    """Has the C library return free memory once the process has grown; does nothing where the library cannot."""

    def __init__(self) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if STATM.exists() else None
        self._least, self._at = resident(), 0.0
        self._freed = 0
        self._thread: threading.Thread | None = None

    def look(self, now: float) -> None:
        """Trim, in a thread of its own, if the process has grown."""
        if self._trim is None or now < self._at or (self._thread is not None and self._thread.is_alive()):
            return
        self._at = now + (TRIM_EVERY_SECONDS if self._freed > WORTH_SOMETHING else AGAIN_AFTER_SECONDS)
        if resident() > self._least + WORTH_A_TRIM:
            self._thread = threading.Thread(target=self._trimmed, name="trimmer", daemon=True)
            self._thread.start()

    def _trimmed(self) -> None:
        if self._trim is not None:
            before = resident()
            self._trim(0)  # without the interpreter's lock
            self._freed, self._least = before - resident(), min(self._least, resident())


def resident() -> int:
    """Return the bytes of the process that are in memory; 0 where the system does not report it."""
    try:
        return int(STATM.read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0
