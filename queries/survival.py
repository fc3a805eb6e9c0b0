"""How long things last when some have not ended yet, by what they end, and whether two groups of them differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

Days = Counter[int]
"""How many after so many whole days (0 or more)."""


class Left(NamedTuple):
    """From `day` on, the share `left` / `of` (not heads) has not yet ended."""

    day: int
    left: int
    of: int


class Ended(NamedTuple):
    """From `day` on, the share `ended[cause]` / `of` (not heads) has ended by that cause."""

    day: int
    ended: tuple[int, ...]
    of: int


class LogRank(NamedTuple):
    """Whether two groups end alike: `chi2` has one degree of freedom, and `p_value` is the chance that two groups
    which do end alike look at least so different."""

    chi2: float
    p_value: float


def incidence(causes: Sequence[Days], censored: Days) -> Iterator[Ended]:
    """Aalen-Johansen's curves: from each day on (0 first), the share that has ended by each of the competing causes.

    What ends on a day ends before what is censored on it. Exact, without reducing a fraction a day: while none is
    censored, the shares are heads of what was left when that run began. Each `of` is a multiple of the one before it.
    """
    ended = sum(causes, Days())
    at_risk = since = ended.total() + censored.total()
    left, of = 1, 1
    shares, parts = tuple(0 for _ in causes), 1
    yield Ended(0, shares, 1)
    for day in sorted(ended.keys() | censored.keys()):
        if ended[day]:
            if parts == of:  # the run's first end
                shares, parts = tuple(share * since for share in shares), of * since
            shares = tuple(share + left * cause[day] for share, cause in zip(shares, causes, strict=True))
            at_risk -= ended[day]
            yield Ended(day, shares, parts)
        if censored[day]:
            if at_risk != since:
                left, of = left * at_risk, parts
            at_risk = since = at_risk - censored[day]


def survival(ended: Days, censored: Days) -> Iterator[Left]:
    """Kaplan-Meier's curve: from each day on (0 first), the share not yet ended: incidence of one cause."""
    for day, (share,), of in incidence([ended], censored):
        yield Left(day, of - share, of)


def ended_by(curve: Sequence[Ended], day: int) -> tuple[Fraction, ...]:
    """Return the share that each cause has ended by the end of a day."""
    last = next(step for step in reversed(curve) if step.day <= day)
    return tuple(Fraction(share, last.of) for share in last.ended)


def reached(curve: Sequence[Left], quarters: int) -> int | None:
    """Return the first day by whose end so many quarters have ended; None where the curve does not get there."""
    return next((day for day, left, of in curve if 4 * (of - left) >= quarters * of), None)


def restricted_mean(curve: Sequence[Left], horizon: int) -> Fraction:
    """Return the mean number of days not ended within the first `horizon` days: the area under the curve, exact.

    Past the longest time observed the curve keeps its last value.
    """
    area, whole = 0, 1
    for (begins, left, of), (ends, _, _) in pairwise([*curve, Left(horizon, 0, 1)]):
        if of != whole:
            area, whole = area * (of // whole), of
        area += left * max(min(ends, horizon) - begins, 0)
    return Fraction(area, whole)


def log_rank(ended: tuple[Days, Days], censored: tuple[Days, Days]) -> LogRank | None:
    """Return the test of whether two groups end alike, by the days of each; None where the test is undefined.

    It is undefined where no end is on a day on which an end of either group was still possible.
    """
    at_risk = [ended[group].total() + censored[group].total() for group in (0, 1)]
    surplus, variance = [], []
    for day in sorted(set().union(*ended, *censored)):
        ends, n = ended[0][day] + ended[1][day], sum(at_risk)
        if ends:
            surplus.append(ended[0][day] - ends * at_risk[0] / n)
            variance.append(ends * at_risk[0] * at_risk[1] * (n - ends) / (n * n * max(n - 1, 1)))
        for group in (0, 1):
            at_risk[group] -= ended[group][day] + censored[group][day]
    spread = math.fsum(variance)
    if not spread:
        return None
    chi2 = math.fsum(surplus) ** 2 / spread
    return LogRank(chi2, math.erfc(math.sqrt(chi2 / 2)))
