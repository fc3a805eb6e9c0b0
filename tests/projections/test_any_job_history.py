"""Whatever happens to jobs, every time to fill is the oracle's, as of every position and for every batch boundary."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.projector.fold import create_schema
from projections.openings import OPENINGS
from queries.question import AsOf, Period, Segment, rounded
from queries.time_to_fill import DEFINITIONS, Summary, TimeToFill, time_to_fill
from tests import oracle_jobs as oracle
from tests.projections.histories import OF_JOBS, Event, histories, record
from tests.projections.test_any_history import FAST, TODAY, ZONE, fold_in_batches, periods, rows, segments

LIVE, NEXT = {OPENINGS.schema: OPENINGS}, {OPENINGS.next_schema: OPENINGS}
HORIZON = 50
BEFORE = Period(date(2022, 1, 1), date(2023, 2, 1))
COMPARED = {"role": ("r0", "r1"), "source": ("s0", "s1"), "location": ("l0", "l1")}


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        for schema in (OPENINGS.schema, OPENINGS.next_schema):
            create_schema(connection, OPENINGS, schema, ZONE)
        connection.commit()
        yield connection


job_histories = histories(longest=24, what=OF_JOBS)


@FAST
@given(log=job_histories, data=st.data())
def test_the_rows_are_the_same_for_every_batch_boundary(
    connection: psycopg.Connection[Any], log: list[Event], data: st.DataObject
) -> None:
    positions = [event["position"] for event in log]
    cuts = data.draw(st.one_of(st.just(positions[:-1]), st.lists(st.sampled_from(positions), unique=True).map(sorted)))
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    fold_in_batches(connection, NEXT, log, cuts)
    assert rows(connection, OPENINGS.schema) == rows(connection, OPENINGS.next_schema)


@FAST
@given(log=job_histories, period=periods, segment=segments, data=st.data())
def test_every_time_to_fill_is_the_oracles_as_of_any_position(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, data: st.DataObject
) -> None:
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    for event in data.draw(st.lists(st.sampled_from(log), min_size=1, max_size=2)) + log[-1:]:
        log_so_far = [earlier for earlier in log if earlier["position"] <= event["position"]]
        as_of = AsOf(event["position"], TODAY, ZONE)
        check(connection, log_so_far, period, segment, as_of)
        check_segments(connection, log_so_far, period, as_of)


def check(connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, as_of: AsOf) -> None:
    for definition in DEFINITIONS:
        for evergreen in (False, True):
            answer = time_to_fill(
                connection, period, as_of, segment, definition, HORIZON, evergreen, BEFORE.begins, BEFORE.ends
            )

            def lines(of: Period, net: bool = False, by: str = definition, only: bool = evergreen) -> list[oracle.Line]:
                return oracle.time_to_fill(log, of.begins, of.ends, segment.named, as_of.day, by, only, net)

            fates = Counter(fate for fate, _ in lines(period))
            assert (answer.n_filled, answer.n_cancelled, answer.n_censored) == (
                fates["filled"], fates["cancelled"], fates["open"],
            )  # fmt: skip
            check_summary(answer, lines(period), definition)
            assert (answer.net_of_holds is None) == (definition != "standard")
            if answer.net_of_holds is not None:
                check_summary(answer.net_of_holds, lines(period, net=True), definition)
            assert answer.baseline is not None
            assert answer.baseline.period == BEFORE
            check_baseline(answer, lines(period), lines(BEFORE))


def check_segments(connection: psycopg.Connection[Any], log: list[Event], period: Period, as_of: AsOf) -> None:
    """Two roles, sources or locations of one period are compared as two periods are."""
    for dimension, codes in COMPARED.items():
        own, other = (Segment(**{dimension: code}) for code in codes)
        baseline: dict[str, Any] = {f"baseline_{dimension}": codes[1]}
        answer = time_to_fill(connection, period, as_of, own, "standard", HORIZON, **baseline)
        now, then = (
            oracle.time_to_fill(log, period.begins, period.ends, segment.named, as_of.day, "standard", False)
            for segment in (own, other)
        )
        assert answer.baseline is not None
        assert (answer.baseline.segment, answer.baseline.period) == (other, period)
        check_baseline(answer, now, then)


def check_summary(summary: Summary, lines: list[oracle.Line], definition: str) -> None:
    quartiles = tuple(oracle.filled_by(lines, Fraction(quarter, 4)) for quarter in (1, 2, 3))
    assert (summary.lower_quartile, summary.median, summary.upper_quartile) == quartiles
    assert summary.restricted_mean == (rounded(oracle.restricted_mean(lines, HORIZON), "0.1") if lines else None)
    counted = ("filled", "open") if definition == "smartrecruiters.days_open" else ("filled",)
    days = [days for fate, days in lines if fate in counted]
    assert summary.mean == (rounded(Fraction(sum(days), len(days)), "0.1") if days else None)
    assert [step.day for step in summary.incidence] == [30, HORIZON, 60, 90]
    for step in summary.incidence:
        assert step.filled == rounded(oracle.incidence(lines, "filled", step.day), "0.0001")
        assert step.cancelled == rounded(oracle.incidence(lines, "cancelled", step.day), "0.0001")


def check_baseline(answer: TimeToFill, now: list[oracle.Line], then: list[oracle.Line]) -> None:
    baseline = answer.baseline
    assert baseline is not None
    assert baseline.n == len(then)
    means = [rounded(oracle.restricted_mean(lines, HORIZON), "0.1") if lines else None for lines in (then, now)]
    assert baseline.restricted_mean == means[0]
    assert baseline.days_saved == (None if means[0] is None or means[1] is None else means[0] - means[1])
    test = oracle.log_rank(now, then)
    assert (baseline.chi2 is None) == (test is None)
    if test is not None and baseline.chi2 is not None and baseline.p_value is not None:
        chi2 = float(test[0] / test[1])
        assert float(baseline.chi2) == pytest.approx(chi2, abs=0.00006)
        assert float(baseline.p_value) == pytest.approx(math.erfc(math.sqrt(chi2 / 2)), abs=0.0000006)
