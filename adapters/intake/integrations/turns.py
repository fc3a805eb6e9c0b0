"""In which order ends and their reversals happened there, whatever the order in which deliveries tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.intake.integrations.inbound import CauseIsMissing
from adapters.postgres.tables.deliveries import ToldOfSubject

TAKES_BACK: Mapping[str, str] = {"unreject_candidate": "reject_candidate", "unhire_candidate": "hire_candidate"}
ENDS = tuple(TAKES_BACK.values())
TURNS = (*ENDS, *TAKES_BACK)
"""The actions that end an application there, and those that take an end back: in truth they take turns."""


@dataclass(frozen=True, slots=True)
class Turns:
    """All that deliveries tell of one application's ends, `one` that is read now among them; by their own times.

    The newest of them says how the application stands. At most one end stands here at a time, so an end that is not
    the newest comes in together with what took it back, and a reversal never takes back the newest.
    """

    one: ToldOfSubject
    others: Sequence[ToldOfSubject]

    @property
    def newest(self) -> ToldOfSubject:
        return max((self.one, *self.others), key=lambda told: (told.told_at, told.delivery_id))

    def standing(self) -> list[ToldOfSubject]:
        """The ends that were applied and not taken back, in the order of recording."""
        standing: list[ToldOfSubject] = []
        applied = [told for told in self.others if told.outcome == "applied"]
        for told in sorted(applied, key=lambda told: told.position or 0):
            if told.action in ENDS:
                standing.append(told)
                continue
            of_kind = [end for end in standing if end.action == TAKES_BACK[told.action]]
            earlier = [end for end in of_kind if end.told_at <= told.told_at]
            if of_kind:
                standing.remove((earlier or of_kind)[-1])
        return standing

    def comes_late(self) -> bool:
        """Whether this end, which may come in now, is not the newest. Raises CauseIsMissing where it may not yet."""
        if self.newest is self.one:
            if self.standing():
                raise CauseIsMissing("what-took-back-the-end-before-it-is-missing", self.one.subject)
            return False
        waiting = [told for told in self.others if told.outcome == "waiting" and told.action in TAKES_BACK]
        if all(TAKES_BACK[told.action] != self.one.action for told in waiting):
            raise CauseIsMissing("what-took-it-back-is-missing", self.one.subject)
        return True

    def require_reversal(self) -> None:
        """That there is an end for this to take back. Raises CauseIsMissing."""
        newest, kind = self.newest, TAKES_BACK[self.one.action]
        older = [end for end in self.standing() if end is not newest and end.action == kind]
        if not older and any(told.action == kind for told in self.others):
            raise CauseIsMissing("what-it-takes-back-is-missing", self.one.subject)
