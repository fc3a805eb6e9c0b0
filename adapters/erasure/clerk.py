"""Carries on what was broken off: erasures that were asked for and not completed, in the background of a server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from adapters.erasure.erasing import Erasing

LOGGER = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 30.0


@dataclass(slots=True)
class Clerk:
    """Looks after erasures as long as it is `working`. Several, in several processes, do one another no harm."""

    erasing: Erasing
    look_every: float = LOOK_EVERY_SECONDS
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def working(self) -> Iterator[None]:
        """A thread that works meanwhile; at the end it is through with the person it is at."""
        thread = threading.Thread(target=self._work, name="erasures")
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                for erasure in self.erasing.resume():
                    LOGGER.warning("the erasure %s is %s", erasure.request, erasure.state)
                    if self._over.is_set():
                        return
            except Exception:
                LOGGER.exception("erasures wait, and are tried again in %s s", self.look_every)
            self._over.wait(self.look_every)
