"""Something that changes over time, kept in the order in which it changed, however late we learned of a change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DatedValue(Generic[T]):
    """From `at` on it was `value`."""

    at: datetime
    value: T


@dataclass(frozen=True, slots=True)
class TemporalProperty(Generic[T]):
    """All its turns, in the order in which they were so; of two at one moment the one learned later is the later."""

    turns: tuple[DatedValue[T], ...] = ()

    @property
    def last(self) -> T | None:
        """What it is after all that is known; None before the first turn."""
        return self.turns[-1].value if self.turns else None

    def turned(self, at: datetime, value: T) -> TemporalProperty[T]:
        """Return the property with one more dated value."""
        after = next((place for place in range(len(self.turns), 0, -1) if self.turns[place - 1].at <= at), 0)
        return TemporalProperty((*self.turns[:after], DatedValue(at, value), *self.turns[after:]))

    def dated_value_at(self, moment: datetime) -> DatedValue[T] | None:
        """Return the dated value in effect at that time; None before the first."""
        return next((turn for turn in reversed(self.turns) if turn.at <= moment), None)

    def at(self, moment: datetime) -> T | None:
        """Return the value at that time; None before the first."""
        turn = self.dated_value_at(moment)
        return None if turn is None else turn.value
