"""How long it takes to fill what we opened, by each of the ways in which people count it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg

from projections.openings import OPENINGS
from queries.counts import Spans, next_month, read_counts, read_totals
from queries.question import EVERYBODY, AsOf, Period, Segment, rounded
from queries.survival import reached, restricted_mean, survival

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
    fates = {f"{prefix}.{fate}": Counter[int]() for fate in ("filled", "cancelled", "waiting")}
    spans = Spans().add(period.begins, period.ends, "")
    for fate, amount, total in read_totals(connection, OPENINGS, spans, segment, as_of, tuple(fates)):
        fates[fate][amount] = total
    filled, cancelled, months = fates.values()
    waiting = _waiting(connection, _spans(months, period), segment, as_of, f"{prefix}.open") if months else months
    curve = list(survival(filled, cancelled + waiting))
    n = filled.total() + cancelled.total() + waiting.total()
    return TimeToFill(
        definition, VERSION, as_of.position, as_of.at, period, segment, evergreen,
        n, filled.total(), cancelled.total(), waiting.total(),
        reached(curve, 1), reached(curve, 2), reached(curve, 3),
        horizon_days, rounded(restricted_mean(curve, horizon_days), "0.1") if n else None,
        _mean(filled + waiting if definition == "smartrecruiters.days_open" else filled),
    )  # fmt: skip


def _spans(months: Iterable[int], period: Period) -> Spans:
    """The days of the period in these months, which are counted from January of the year 0."""
    spans = Spans()
    for month in months:
        begins = date(month // 12, month % 12 + 1, 1)
        spans.add(max(begins, period.begins), min(next_month(begins), period.ends), "")
    return spans


def _waiting(
    connection: psycopg.Connection[Any], spans: Spans, segment: Segment, as_of: AsOf, what: str
) -> Counter[int]:
    """How many have waited so many days until as_of: the `amount` of what is open is its day of the month."""
    waiting = Counter[int]()
    for _, month, _, day, n in read_counts(connection, OPENINGS, spans, segment, as_of, [what]):
        waiting[max((as_of.day - month).days - day + 1, 0)] += n
    return waiting


def _mean(days: Counter[int]) -> Decimal | None:
    total = days.total()
    return rounded(Fraction(sum(day * n for day, n in days.items()), total), "0.1") if total else None
