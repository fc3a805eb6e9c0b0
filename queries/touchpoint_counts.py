"""How often we and the candidates were in touch, by kind and channel, over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from domain.touchpoint_kinds import KINDS
from projections.touchpoint_counts import TOUCHPOINT_COUNTS
from queries.counts import Granularity, Spans, read_counts, require_few_buckets
from queries.question import EVERYBODY, AsOf, Period, Segment

DEFINITION = "touchpoints"
VERSION = 1


@dataclass(frozen=True, slots=True)
class TouchpointCount:
    """`n` touchpoints of one kind in one bucket: a local day, or a month by its first day."""

    bucket: date
    kind: str
    channel: str
    n: int


@dataclass(frozen=True, slots=True)
class TouchpointCounts:
    """The touchpoints of a period, taken back ones not counted; `n` in all."""

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    n: int
    counts: tuple[TouchpointCount, ...]


def touchpoint_counts(
    connection: psycopg.Connection[Any],
    period: Period,
    as_of: AsOf,
    segment: Segment = EVERYBODY,
    by: Granularity = "month",
) -> TouchpointCounts:
    """Return how many touchpoints of each kind occurred, by 'month' or by 'day' (local), as known at the position."""
    require_few_buckets(period, by)
    spans = Spans().add(period.begins, period.ends, "", by)
    rows = read_counts(connection, TOUCHPOINT_COUNTS, spans, segment, as_of, KINDS, by)
    counts = tuple(TouchpointCount(bucket, kind, KINDS[kind].channel, n) for _, bucket, kind, _, n in rows)
    n = sum(count.n for count in counts)
    return TouchpointCounts(DEFINITION, VERSION, as_of.position, as_of.at, period, segment, n, counts)
