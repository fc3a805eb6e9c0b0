"""How long it takes to fill what we opened, by each of the ways in which people count it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any

import psycopg

from projections.openings import OPENINGS
from queries.counts import Row, Spans, read_counts
from queries.question import EVERYBODY, AsOf, Period, Segment, rounded

VERSION = 1
DEFINITIONS = {
    "standard": "an opening, from its opening to the acceptance of the offer that filled it",
    "smartrecruiters.days_open": "a job, from its earliest opening to its latest hire, else to as_of",
    "pinpoint": "a hire, from the job's first opening to the hire; jobs without a hire are counted apart",
    "greenhouse": "an opening, from its opening to the hire that closed it",
    "frappe": "a job, from its posting to the fill that completed it",
}


class DefinitionIsUnknown(ValueError):
    """A time to fill is asked for by one of the definitions' names."""


@dataclass(frozen=True, slots=True)
class TimeToFill:
    """Days to fill of the cohort that opened in the period; all durations are whole calendar days.

    `n` = n_filled + n_cancelled + n_censored (still open). `lower_quartile`, `median` and `upper_quartile` are
    Kaplan-Meier's: the day by which a quarter, half, three quarters are filled, None where that was not reached;
    what is open counts as censored on the day of `as_of`, what was cancelled as censored on its day.
    `restricted_mean` is the mean number of days unfilled within the first `horizon_days` (the area under that curve;
    past the longest time anybody was observed the curve keeps its last value), None where n is 0.
    `mean` has one decimal and is over the filled; by smartrecruiters.days_open over filled and open ones.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    evergreen: bool
    n: int
    n_filled: int
    n_cancelled: int
    n_censored: int
    lower_quartile: int | None
    median: int | None
    upper_quartile: int | None
    horizon_days: int
    restricted_mean: Decimal | None
    mean: Decimal | None


def time_to_fill(
    connection: psycopg.Connection[Any],
    period: Period,
    as_of: AsOf,
    segment: Segment = EVERYBODY,
    definition: str = "standard",
    horizon_days: int = 365,
    evergreen: bool = False,
) -> TimeToFill:
    """Time to fill of what opened in the period, as known at the position; evergreen jobs only or none of them.

    The segment is the requisition's. Raises DefinitionIsUnknown.
    """
    if definition not in DEFINITIONS:
        raise DefinitionIsUnknown(f"'{definition}' is none of {', '.join(DEFINITIONS)}")
    prefix = f"{definition}.evergreen" if evergreen else definition
    fates = {f"{prefix}.{fate}": fate for fate in ("filled", "cancelled", "open")}
    days: dict[str, Counter[int]] = {fate: Counter() for fate in fates.values()}
    ended = (f"{prefix}.filled", f"{prefix}.cancelled")
    spans = Spans().add(period.begins, period.ends, "")
    for row in read_counts(connection, OPENINGS, spans, segment, as_of, fates, undated=ended):
        days[fates[row[2]]][_duration(row, fates[row[2]], as_of)] += row[4]
    filled, cancelled, waiting = (days[fate] for fate in ("filled", "cancelled", "open"))
    curve = list(survival(filled, cancelled + waiting))
    n = filled.total() + cancelled.total() + waiting.total()
    return TimeToFill(
        definition, VERSION, as_of.position, as_of.at, period, segment, evergreen,
        n, filled.total(), cancelled.total(), waiting.total(),
        _reached(curve, Fraction(3, 4)), _reached(curve, Fraction(1, 2)), _reached(curve, Fraction(1, 4)),
        horizon_days, _restricted_mean(curve, horizon_days) if n else None,
        _mean(filled + waiting if definition == "smartrecruiters.days_open" else filled),
    )  # fmt: skip


def survival(ended: Counter[int], censored: Counter[int]) -> Iterator[tuple[int, Fraction]]:
    """Kaplan-Meier's curve: from each day on (0 first), the share not yet ended. At a tie the end comes first."""
    at_risk, share = ended.total() + censored.total(), Fraction(1)
    yield 0, share
    for day in sorted(ended.keys() | censored.keys()):
        if ended[day]:
            share *= Fraction(at_risk - ended[day], at_risk)
            yield day, share
        at_risk -= ended[day] + censored[day]


def _duration(row: Row, fate: str, as_of: AsOf) -> int:
    """Days until the end, or, of what is open, until as_of: its `amount` is the day of the month it opened on."""
    _, month, _, amount, _ = row
    if fate != "open":
        return amount
    return max((as_of.day - (month + timedelta(days=amount - 1))).days, 0)


def _reached(curve: list[tuple[int, Fraction]], share: Fraction) -> int | None:
    return next((day for day, left in curve if left <= share), None)


def _restricted_mean(curve: list[tuple[int, Fraction]], horizon: int) -> Decimal | None:
    area = Decimal(0)
    with localcontext(prec=60):
        for (begins, left), (ends, _) in pairwise([*curve, (horizon, Fraction(0))]):
            area += Decimal(left.numerator) / Decimal(left.denominator) * max(min(ends, horizon) - begins, 0)
        # What is exact to forty places is taken for exact, so that a tie is rounded as one.
        area = area.quantize(Decimal("1e-40"))
    return rounded(Fraction(area), "0.1")


def _mean(days: Counter[int]) -> Decimal | None:
    total = days.total()
    return rounded(Fraction(sum(day * n for day, n in days.items()), total), "0.1") if total else None
