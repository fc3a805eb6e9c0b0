"""How the talent pipeline grows: who came in, came back, went quiet and left, so that every change adds up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from projections.pipeline import ACTIVE_DAYS, PIPELINE
from queries.counts import By, Granularity, Spans, first_of_month, next_month, read_counts, require_few_buckets
from queries.question import EVERYBODY, AsOf, Period, Segment

DEFINITION = f"active-{ACTIVE_DAYS}"
VERSION = 3
FLOWS = ("new", "reactivated", "dormant", "exited.hired", "exited.opted-out")


@dataclass(frozen=True, slots=True)
class Growth:
    """People active before `begins` and at the end of the day before `ends`, and all that happened between.

    closing = opening + new + reactivated - dormant - exited, and exited = exited_hired + exited_opted_out.
    """

    begins: date
    ends: date
    opening: int
    new: int
    reactivated: int
    dormant: int
    exited_hired: int
    exited_opted_out: int

    @property
    def exited(self) -> int:
        return self.exited_hired + self.exited_opted_out

    @property
    def closing(self) -> int:
        return self.opening + self.new + self.reactivated - self.dormant - self.exited


@dataclass(frozen=True, slots=True)
class PipelineGrowth:
    """The flows of a period, in all and bucket by bucket; `n` is the number of active spells that touch the period."""

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    n: int
    total: Growth
    buckets: tuple[Growth, ...]


def pipeline_growth(
    connection: psycopg.Connection[Any],
    period: Period,
    as_of: AsOf,
    segment: Segment = EVERYBODY,
    by: Granularity = "month",
) -> PipelineGrowth:
    """Return the pipeline's growth over the period, by 'month' or by 'day' (local), as known at the position.

    Flows dated after `as_of` are predictions: a person with contact until then goes dormant on a day that may be
    still to come.
    """
    require_few_buckets(period, by)
    spans = Spans().before(period.begins, "before").add(period.begins, period.ends, "within", by)
    before: Counter[str] = Counter()
    within: Counter[str] = Counter()
    flows: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for span, bucket, what, _, n in read_counts(connection, PIPELINE, spans, segment, as_of, FLOWS, by):
        for counted in (before,) if span == "before" else (within, flows[bucket]):
            counted[what] += n
    total = _growth(period.begins, period.ends, _growth(date.min, period.begins, 0, before).closing, within)
    buckets = tuple(_growths(period, by, total.opening, flows))
    n = total.opening + total.new + total.reactivated
    return PipelineGrowth(DEFINITION, VERSION, as_of.position, as_of.at, period, segment, n, total, buckets)


def _growth(begins: date, ends: date, opening: int, flows: Mapping[str, int]) -> Growth:
    return Growth(begins, ends, opening, *(flows.get(what, 0) for what in FLOWS))


def _growths(period: Period, by: By, opening: int, flows: Mapping[date, Mapping[str, int]]) -> Iterator[Growth]:
    begins = period.begins
    while begins < period.ends:
        ends = min(next_month(begins) if by == "month" else begins + timedelta(days=1), period.ends)
        bucket = _growth(begins, ends, opening, flows.get(first_of_month(begins) if by == "month" else begins, {}))
        yield bucket
        begins, opening = ends, bucket.closing
