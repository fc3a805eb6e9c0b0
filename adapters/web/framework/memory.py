"""Memory that a flood took goes back to the system: the C library keeps what was freed between what is still held."""

from __future__ import annotations

import ctypes
import threading
from pathlib import Path

TRIM_EVERY_SECONDS, AGAIN_AFTER_SECONDS = 3.0, 6.0
"""How long after a trim the next one may be, where it was worth something, and where it was not."""
WORTH_A_TRIM = 32 * 1024 * 1024
"""Bytes above the least that the process had."""
WORTH_SOMETHING = 4 * 1024 * 1024
PAGE = 4096
STATM = Path("/proc/self/statm")


class Trimmer:
    """Asks the C library to give free memory back, once the process has grown; does nothing where it cannot."""

    def __init__(self) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if STATM.exists() else None
        self._least, self._at = resident(), 0.0
        self._freed = 0
        self._thread: threading.Thread | None = None

    def look(self, now: float) -> None:
        """Trims, in a thread of its own, where the process has grown."""
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
    """Bytes of the process that are in memory; 0 where nobody says."""
    try:
        return int(STATM.read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0
