"""No rate of any metric is below 0 or above 1, whatever the history: a numerator is a part of its denominator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.engagement import Rate, engagement
from queries.question import AsOf, Period, Segment
from queries.source_of_hire import Attribution, source_of_hire
from queries.stage_conversion import stage_conversion
from queries.time_to_fill import DEFINITIONS, time_to_fill
from tests.projections.histories import EVERYTHING, PERSONS, Event, histories, record
from tests.projections.test_any_history import FAST, LIVE, TODAY, ZONE, connection, fold_in_batches, periods, segments

__all__ = ["connection"]

NO_RATES = {"mean", "restricted_mean", "days_saved", "chi2"}
"""The decimals of answers that are no rates; every other one is, so that a new one is held to the rule unasked."""
REACTIONS = (*("touch",) * 12, *("correct",) * 3, "merge", "merge", "unmerge")


def rates(answer: object, path: str) -> Iterator[tuple[str, Decimal | Fraction]]:
    """Every rate anywhere in an answer, with where it stands."""
    if isinstance(answer, tuple | list):
        for item in answer:
            yield from rates(item, path)
    elif is_dataclass(answer):
        names = {field.name for field in fields(answer)}
        computed = {name for name, kept in vars(type(answer)).items() if isinstance(kept, property)}
        for name in sorted(names | computed):
            yield from rates(getattr(answer, name), f"{path}.{name}")
        if isinstance(answer, Rate) and answer.of:
            yield f"{path}.n/of", Fraction(answer.n, answer.of)
    elif isinstance(answer, Decimal) and path.rpartition(".")[2] not in NO_RATES:
        yield path, answer


def answers(connection: psycopg.Connection[Any], period: Period, as_of: AsOf, segment: Segment) -> Iterator[object]:
    """The answers that hold rates."""
    arguments = (connection, period, as_of, segment)
    before = period.begins - timedelta(days=200), period.begins
    for window in (7, 14, 30, 90):
        yield engagement(*arguments, window_days=window)
    for stages in (None, "prospect,screen,hired"):
        yield stage_conversion(*arguments, stages=stages)
    for attribution in get_args(Attribution):
        yield source_of_hire(*arguments, attribution=attribution)
    for definition in DEFINITIONS:
        for evergreen in (False, True):
            yield time_to_fill(*arguments, definition, 50, evergreen, *before)


@settings(FAST, max_examples=60)
@given(
    log=st.sampled_from([EVERYTHING, PERSONS, REACTIONS]).flatmap(lambda what: histories(longest=24, what=what)),
    period=periods,
    segment=segments,
)
def test_every_rate_is_between_none_and_all(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment
) -> None:
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    for position in {log[len(log) // 2]["position"], log[-1]["position"]}:
        for answer in answers(connection, period, AsOf(position, TODAY, ZONE), segment):
            for path, rate in rates(answer, type(answer).__name__):
                assert 0 <= rate <= 1, path


def test_the_rates_of_an_answer_are_found() -> None:
    period = Period(date(2026, 1, 1), date(2026, 2, 1))
    by_path = dict(rates((Rate(3, 4), [Rate(0, 0)], period), "answer"))
    assert by_path == {"answer.rate": Decimal("0.7500"), "answer.n/of": Fraction(3, 4)}
