"""What a reversal takes back: one fact of its kind, the last recorded before it that is dated no later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar


class Dated(Protocol):
    """A fact that was so at a time."""

    @property
    def at(self) -> datetime: ...


F = TypeVar("F", bound=Dated)


def last_by(standing: Sequence[F], moment: datetime) -> F | None:
    """Return the last recorded of the standing facts that are dated no later than the moment; None without one.

    A command that reverses a fact is refused where there is none.
    """
    return next((fact for fact in reversed(standing) if fact.at <= moment), None)


def taken_back(standing: Sequence[F], moment: datetime) -> F | None:
    """Return the fact that a stored reversal of that moment takes back; None where nothing stands.

    standing: the facts that stand, in the order of recording. A reversal dated before all of them takes back the last
    recorded.
    """
    fact = last_by(standing, moment)
    return standing[-1] if fact is None and standing else fact


def without(standing: Sequence[F], fact: F | None) -> tuple[F, ...]:
    """Return the facts that stand after this one is taken back."""
    return tuple(each for each in standing if each is not fact)
