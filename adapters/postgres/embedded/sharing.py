"""Who uses the embedded server: locks on files beside its folder, which the system releases when a process ends."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.postgres.embedded.data_folder import Account


class MustStop(Exception):
    """The process is to end while it waits for the embedded server."""


class FileLock:
    """One holder's lock on a file: shared with other holders, or exclusive."""

    def __init__(self, path: Path, owner: Account) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:
            os.fchown(self._handle, owner.pw_uid, owner.pw_gid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._handle)

    def share(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def is_exclusive(self) -> bool:
        """Take the lock if no other holder has or shares it. Otherwise this holder has lost its share."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def exclusive(self, over: threading.Event) -> Iterator[None]:
        """Wait until no other process holds it. Errors: MustStop once `over` is set."""
        while not self.is_exclusive():
            if over.is_set():
                raise MustStop
            time.sleep(0.05)
        try:
            yield
        finally:
            self.release()
