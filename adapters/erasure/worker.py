"""Carries on what was broken off: erasures that were asked for and not completed, in the background of a server."""

from __future__ import annotations

import logging
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass

from adapters.erasure.erasing import Erasing
from adapters.runtime.background import beside

LOGGER = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ErasureWorker:
    """Looks after erasures as long as it is `working`. Several, in several processes, do one another no harm."""

    erasing: Erasing
    look_every: float = LOOK_EVERY_SECONDS

    def working(self) -> AbstractContextManager[None]:
        """A thread that works meanwhile; at the end it is through with the person it is at."""
        return beside(self._work, "erasures")

    def _work(self, over: threading.Event) -> None:
        while not over.is_set():
            try:
                for erasure in self.erasing.resume():
                    LOGGER.warning("the erasure %s is %s", erasure.request, erasure.state)
                    if over.is_set():
                        return
            except Exception:  # one failure, told in full, must not end the thread that all later erasures wait for
                LOGGER.exception("erasures wait, and are tried again in %s s", self.look_every)
            over.wait(self.look_every)
