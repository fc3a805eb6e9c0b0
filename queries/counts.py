"""Asks a tally for its counts over a period: whole months from its sums, the days at the edges one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import psycopg
from psycopg.rows import tuple_row

from domain.errors import ExplainedError
from projections import tally
from projections.read_model import ReadModel
from queries.question import AsOf, Parameter, Period, Segment

By = Literal["month", "day"]
Granularity = Annotated[By, Parameter("How long the buckets are.", name="granularity")]
Row = tuple[str, date, str, int, int]
"""(span's label, bucket: its day or the first of its month, what, amount, n)"""
Total = tuple[str, int, int]
"""(what, amount, n)"""


MOST_BUCKETS = 1_200
"""A century of months, or three years of days."""


class PeriodHasTooManyBuckets(ExplainedError, ValueError):
    """Too many buckets

    The period has {count} buckets; the limit is {most}.

    Ask for months instead of days, or for a shorter period.
    """


def bucket_count(period: Period, by: By) -> int:
    """Return how many months or days the period touches."""
    if by == "day":
        return (period.ends - period.begins).days
    last = period.ends - timedelta(days=1)
    return (last.year - period.begins.year) * 12 + last.month - period.begins.month + 1


def require_few_buckets(period: Period, by: By) -> None:
    """Raises PeriodHasTooManyBuckets, before any of them is paid for."""
    count = bucket_count(period, by)
    if count > MOST_BUCKETS:
        raise PeriodHasTooManyBuckets(count=f"{count:,}", most=f"{MOST_BUCKETS:,}")


@dataclass(slots=True)
class Spans:
    """The spans of days to count, each under a label; spans may overlap when their labels differ."""

    months: list[tuple[date, date, str]] = field(default_factory=list)
    days: list[tuple[date, date, str]] = field(default_factory=list)

    def add(self, begins: date, ends: date, label: str, by: By = "month") -> Spans:
        """Add a span, as whole months and the days before and after them or all by day, and return the spans."""
        first, last = (first_of_month(begins), first_of_month(ends)) if by == "month" else (ends, ends)
        if first < begins:
            first = next_month(first)
        if first < last:
            self.days += [(begins, first, label)] * (begins < first) + [(last, ends, label)] * (last < ends)
            self.months.append((first, last, label))
        elif begins < ends:
            self.days.append((begins, ends, label))
        return self

    def before(self, day: date, label: str) -> Spans:
        """Add everything before a day, and return the spans."""
        return self.add(date.min, day, label)


def read_counts(
    connection: psycopg.Connection[Any],
    model: ReadModel,
    spans: Spans,
    segment: Segment,
    as_of: AsOf,
    what: Iterable[str],
    by: By = "month",
) -> list[Row]:
    """Return the counts that are not 0, in the order of span, bucket, what, amount. One statement."""
    return _ask(connection, model, tally.read(model.name), spans, segment, as_of, {"what": list(what), "by": by})


def read_totals(
    connection: psycopg.Connection[Any],
    model: ReadModel,
    spans: Spans,
    segment: Segment,
    as_of: AsOf,
    what: Sequence[str],
) -> list[Total]:
    """Return the counts that are not 0, added up over all spans and buckets, in no order. One statement."""
    rows = _ask(connection, model, tally.totals(model.name), spans, segment, as_of, {"what": list(what)})
    return [(what[which - 1], amount, n) for which, amount, n in rows]


def _ask(
    connection: psycopg.Connection[Any],
    model: ReadModel,
    statement: str,
    spans: Spans,
    segment: Segment,
    as_of: AsOf,
    parameters: dict[str, Any],
) -> list[Any]:
    months = spans.months if len(segment.named) < 2 else []
    days = spans.days if len(segment.named) < 2 else spans.days + spans.months
    dimension, value = next(iter(segment.named.items()), ("all", ""))
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    cursor.execute(
        model.render(statement, model.schema, as_of.zone).encode(),
        parameters
        | {"position": as_of.position, "dimension": dimension, "value": value}
        | {name: getattr(segment, name) for name in ("source", "role", "location")}
        | _columns("month", months)
        | _columns("day", days),
        prepare=False,  # a plan made for any period reads far too many rows for the one asked for
    )
    return cursor.fetchall()


def first_of_month(day: date) -> date:
    """Return the first day of the day's month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """Return the first day of the month after the day's."""
    return first_of_month(first_of_month(day) + timedelta(days=31))


def _columns(name: str, spans: list[tuple[date, date, str]]) -> dict[str, list[Any]]:
    return {f"{name}_{part}": [span[column] for span in spans] for column, part in enumerate(("from", "to", "label"))}
