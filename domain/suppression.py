"""An address that must not come back by itself: its person was erased, or took back everything they had allowed.

The stream's id is a keyed hash of the address, so nothing here says whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.event import Clear, Event


@dataclass(frozen=True, slots=True)
class AddressSuppressed(Event):
    """From now on nobody brings this address in but its own person. `because`: 'erased' or 'withdrew'."""

    stored_name = "address-suppressed.v1"

    kind: Clear[str]
    because: Clear[str]


@dataclass(frozen=True, slots=True)
class AddressReleased(Event):
    """The person of this address came back by themselves. `by`: how we know, such as 'web-form'."""

    stored_name = "address-released.v1"

    by: Clear[str]


@dataclass(frozen=True, slots=True)
class ArrivalStopped(Event):
    """Somebody tried to bring the address in again, and was refused."""

    stored_name = "arrival-stopped.v1"

    because: Clear[str]
    source: Clear[str]
    candidate: Clear[UUID | None]
