"""An offer as another system numbers it: what of it has become an event here, so that its updates add nothing twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.event import Aggregate, Clear, Event, Recorded

MADE, ACCEPTED, DECLINED, RESCINDED = "made", "accepted", "declined", "rescinded"
STEPS = (MADE, ACCEPTED, DECLINED, RESCINDED)


@dataclass(frozen=True, slots=True)
class OutsideOfferFollowed(Event):
    """One step of a version of the other system's offer, such as 'made', became an event of the application."""

    stored_name = "outside-offer-followed.v1"

    application: Clear[UUID]
    version: Clear[int]
    step: Clear[str]


@dataclass(frozen=True, slots=True)
class OutsideOffer:
    """By version the steps that became events here and the time of its decline, and of all versions the steps with
    their times."""

    id: UUID
    versions: Mapping[int, frozenset[str]] = field(default_factory=dict)
    dated: frozenset[tuple[str, datetime]] = frozenset()
    declined_at: Mapping[int, datetime] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        """The newest version of which a step was followed; 0: none was."""
        return max(self.versions, default=0)

    def steps(self, version: int) -> frozenset[str]:
        return self.versions.get(version, frozenset())

    def was_declined_before(self, version: int, moment: datetime | None) -> bool:
        """Return whether the version ended, and each known decline of the offer was before the moment."""
        return (
            self.has_ended(version)
            and moment is not None
            and all(at < moment for step, at in self.dated if step == DECLINED)
        )

    def has_ended(self, version: int) -> bool:
        return not self.steps(version).isdisjoint((DECLINED, RESCINDED))


def evolve(offer: OutsideOffer, recorded: Recorded[Event]) -> OutsideOffer:
    """Return the offer after one more event."""
    match recorded.event:
        case OutsideOfferFollowed(version=version, step=step):
            versions = {**offer.versions, version: offer.steps(version) | {step}}
            declined = {version: recorded.at} if step == DECLINED else {}
            return replace(
                offer,
                versions=versions,
                dated=offer.dated | {(step, recorded.at)},
                declined_at={**offer.declined_at, **declined},
            )
        case _:
            return offer


OUTSIDE_OFFER = Aggregate("outside-offer", OutsideOffer, evolve)
