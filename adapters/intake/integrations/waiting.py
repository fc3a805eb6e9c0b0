"""Deliveries that came before their cause are read again once it has come, whichever way it came."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from adapters.intake.integrations.inbound import Inbox, Integration
from adapters.runtime.background import beside

LOGGER = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 30.0
AT_ONCE = 200
"""Deliveries that one look reads again, at most."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Looks after waiting deliveries: those whose cause came by a command, an import or as a process died.

    A cause that a delivery brings is followed at once, by the inbox itself. Several, in several processes, do one
    another no harm.
    """

    inbox: Inbox
    integrations: Mapping[str, Integration]
    now: Callable[[], datetime]
    look_every: float = LOOK_EVERY_SECONDS

    def look(self) -> int:
        """Reads again what may have found its cause; how many that were."""
        waiting = self.inbox.log.deliveries.left_waiting(AT_ONCE)
        for one in waiting:
            integration = self.integrations[one.source]
            self.inbox.follow(integration, self.inbox.retry(integration, one, self.now()), self.now())
        return len(waiting)

    def working(self) -> AbstractContextManager[None]:
        """A thread that looks meanwhile."""
        return beside(self._work, "waiting deliveries")

    def _work(self, over: threading.Event) -> None:
        while not over.wait(self.look_every):
            try:
                self.look()
            except Exception:  # one failure, logged in full, must not end the thread that all later ones wait for
                LOGGER.exception("waiting deliveries are read again in %s s", self.look_every)
