"""Random bytes of the operating system, asked for in blocks: one question serves many ids, salts and nonces."""

from __future__ import annotations

import os
from threading import Lock
from uuid import UUID

BLOCK = 8192
"""Each call releases the interpreter lock, and under load a thread waits long to get it back."""


class Entropy:
    """Every byte is given out once. Not to be carried over a fork."""

    def __init__(self) -> None:
        self._block = b""
        self._used = 0
        self._lock = Lock()

    def take(self, size: int) -> bytes:
        """So many random bytes (at most a block)."""
        with self._lock:
            if self._used + size > len(self._block):
                self._block, self._used = os.urandom(BLOCK), 0
            taken = self._block[self._used : self._used + size]
            self._used += size
        return taken

    def new_id(self) -> UUID:
        """Return a random id (UUID version 4)."""
        return UUID(bytes=self.take(16), version=4)


ENTROPY = Entropy()
