"""Deliveries that came before their cause are read again once it has come, whichever way it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.intake.integrations.inbound import Inbox, Integration

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

    def look(self) -> int:
        """Reads again what may have found its cause; how many that were."""
        waiting = self.inbox.log.deliveries.left_waiting(AT_ONCE)
        for one in waiting:
            integration = self.integrations[one.source]
            self.inbox.follow(integration, self.inbox.retry(integration, one, self.now()), self.now())
        return len(waiting)
