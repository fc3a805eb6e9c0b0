"""The order in which ends and their reversals happened there, in whatever order deliveries arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.intake.integrations.inbound import CauseIsMissing
from adapters.postgres.tables.deliveries import SubjectDelivery

TAKES_BACK: Mapping[str, str] = {"unreject_candidate": "reject_candidate", "unhire_candidate": "hire_candidate"}
ENDS = tuple(TAKES_BACK.values())
TURNS = (*ENDS, *TAKES_BACK)
"""The actions that end an application there, and those that take an end back: in truth they take turns."""


@dataclass(frozen=True, slots=True)
class Turns:
    """The ends of one application in all deliveries, by their own times. `current`: the delivery that is read now.

    The newest of them says how the application stands. At most one end stands here at a time, so an end that is not the
    newest comes in together with what took it back, and a reversal never takes back the newest.
    """

    current: SubjectDelivery
    others: Sequence[SubjectDelivery]

    @property
    def newest(self) -> SubjectDelivery:
        return max((self.current, *self.others), key=lambda delivery: (delivery.told_at, delivery.delivery_id))

    def standing(self) -> list[SubjectDelivery]:
        """Return the ends that were applied and not taken back, in the order of recording."""
        standing: list[SubjectDelivery] = []
        applied = [delivery for delivery in self.others if delivery.outcome == "applied"]
        for delivery in sorted(applied, key=lambda delivery: delivery.position or 0):
            if delivery.action in ENDS:
                standing.append(delivery)
                continue
            of_kind = [end for end in standing if end.action == TAKES_BACK[delivery.action]]
            earlier = [end for end in of_kind if end.told_at <= delivery.told_at]
            if of_kind:
                standing.remove((earlier or of_kind)[-1])
        return standing

    def comes_late(self) -> bool:
        """Return whether this end is not the newest. Raises CauseIsMissing where it must not be recorded yet."""
        if self.newest is self.current:
            if self.standing():
                raise CauseIsMissing("what-took-back-the-end-before-it-is-missing", self.current.subject)
            return False
        waiting = [
            delivery for delivery in self.others if delivery.outcome == "waiting" and delivery.action in TAKES_BACK
        ]
        if all(TAKES_BACK[delivery.action] != self.current.action for delivery in waiting):
            raise CauseIsMissing("what-took-it-back-is-missing", self.current.subject)
        return True

    def require_reversal(self) -> None:
        """Raises CauseIsMissing where there is no end for this to take back."""
        newest, kind = self.newest, TAKES_BACK[self.current.action]
        older = [end for end in self.standing() if end is not newest and end.action == kind]
        if not older and any(delivery.action == kind for delivery in self.others):
            raise CauseIsMissing("what-it-takes-back-is-missing", self.current.subject)
