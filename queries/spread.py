"""Whole days of many, summed up: their mean, and the day by which a share of them was over."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction

from queries.question import rounded

Days = Counter[int]
"""How many took so many whole days."""


def mean(days: Days) -> Decimal | None:
    """One decimal, rounded half up; None of nothing."""
    total = days.total()
    return rounded(Fraction(sum(day * n for day, n in days.items()), total), "0.1") if total else None


def over_by(days: Days, part: int, of: int) -> int | None:
    """Return the first day by whose end at least `part` of `of` parts were over; None of nothing.

    A `part` of 1 `of` 2 is the lower median.
    """
    over, total = 0, days.total()
    for day in sorted(days):
        over += days[day]
        if over * of >= total * part:
            return day
    return None
