"""A benchmark's figure: what ours did and what the other did in the same run, and how the two compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

Wanted = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` and `theirs` are medians over the rounds, in `unit`; `ratio` = ours / theirs."""

    name: str
    what: str
    unit: str
    ours: float
    theirs: float
    wanted: Wanted
    target: float
    rounds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def met(self) -> bool:
        return self.ratio >= self.target if self.wanted == "at least" else self.ratio <= self.target

    def document(self) -> dict[str, Any]:
        """Return the figure as plain JSON."""
        return asdict(self) | {"ratio": round(self.ratio, 3), "met": self.met}


def compared(
    name: str,
    what: str,
    unit: str,
    rounds: Mapping[str, Sequence[float]],
    wanted: Wanted,
    target: float,
    notes: Mapping[str, Any] | None = None,
) -> Figure:
    """Return the figure of `rounds`, whose first contestant is ours and whose second is theirs: medians of each."""
    ours, theirs = (median(values) for values in list(rounds.values())[:2])
    return Figure(name, what, unit, ours, theirs, wanted, target, rounds, notes or {})


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share (0 to 1) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


@dataclass(frozen=True, slots=True)
class Tail:
    """What a reader saw that followed the log while many wrote to it."""

    acknowledged: int
    missed: int
    rising: bool
    doubled: int
    notes: Mapping[str, Any]
    name: str = "tail"
    what: str = "16 writers in 4 processes, a reader tails them"

    @property
    def met(self) -> bool:
        return self.acknowledged > 0 and not self.missed and not self.doubled and self.rising

    def document(self) -> dict[str, Any]:
        """Return the figure as plain JSON."""
        return asdict(self) | {"met": self.met}
