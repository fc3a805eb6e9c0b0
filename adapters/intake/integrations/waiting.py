"""Reads deliveries that came before their cause again once it has arrived, in whichever way it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.intake.integrations.inbound import Inbox, Integration

AT_ONCE = 200
"""Deliveries that one look reads again, at most."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Retries waiting deliveries whose cause came by a command, an import or as a process died.

    A cause that a delivery brings is followed at once, by the inbox. Several workers, in several processes, do not
    disturb one another.
    """

    inbox: Inbox
    integrations: Mapping[str, Integration]
    now: Callable[[], datetime]

    def look(self) -> int:
        """Read again the deliveries whose cause may have arrived, and return how many there were."""
        waiting = self.inbox.log.deliveries.left_waiting(AT_ONCE)
        for delivery in waiting:
            integration = self.integrations[delivery.source]
            self.inbox.follow(integration, self.inbox.retry(integration, delivery, self.now()), self.now())
        return len(waiting)
