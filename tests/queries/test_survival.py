"""Curves, means and tests of what has not all ended yet are the textbook's, and those of `lifelines`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from importlib import import_module
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from queries.survival import Days, ended_by, incidence, log_rank, reached, restricted_mean, survival

CLOSE = 1e-9
OURS = settings(max_examples=100)


@pytest.fixture(scope="module")
def lifelines() -> Any:
    """The package that everybody knows, used as a witness."""
    for part in ("statistics", "utils"):
        import_module(f"lifelines.{part}")
    return import_module("lifelines")


def shares(ended: Days, censored: Days) -> list[tuple[int, Fraction]]:
    return [(day, Fraction(left, of)) for day, left, of in survival(ended, censored)]


def test_without_waiting_ones_the_curve_is_the_share_left() -> None:
    curve = shares(Counter({10: 1, 20: 2, 40: 1}), Counter())
    assert curve == [(0, Fraction(1)), (10, Fraction(3, 4)), (20, Fraction(1, 4)), (40, Fraction(0))]


def test_a_waiting_one_counts_until_it_is_last_seen_and_at_a_tie_the_end_comes_first() -> None:
    # Remission times of six of Freireich's patients: 6, 6, 6, 6+, 7, 9+ of 6 at risk.
    curve = shares(Counter({6: 3, 7: 1}), Counter({6: 1, 9: 1}))
    assert curve == [(0, Fraction(1)), (6, Fraction(1, 2)), (7, Fraction(1, 4))]


def test_nothing_ever_ends_where_nothing_is() -> None:
    assert shares(Counter(), Counter()) == [(0, Fraction(1))]
    assert [(day, ended) for day, ended, _ in incidence([Counter(), Counter()], Counter())] == [(0, (0, 0))]
    assert log_rank((Counter(), Counter({3: 1})), (Counter(), Counter())) is None


few = st.dictionaries(st.integers(0, 30), st.integers(1, 4), max_size=8).map(Counter)
some = st.dictionaries(st.integers(0, 30), st.integers(1, 4), min_size=1, max_size=8).map(Counter)


def textbook(causes: list[Days], censored: Days, days: int) -> Iterator[tuple[Fraction, ...]]:
    """By each day's end the share that ended by each cause: heads, divided anew day by day."""
    left, ended = Fraction(1), [Fraction(0) for _ in causes]
    for day in range(days):
        at_risk = sum(n for of in (*causes, censored) for after, n in of.items() if after >= day)
        before = left
        for number, cause in enumerate(causes):
            ended[number] += before * Fraction(cause[day], at_risk or 1)
            left -= before * Fraction(cause[day], at_risk or 1)
        yield tuple(ended)


@OURS
@given(filled=few, cancelled=few, censored=few)
def test_the_curves_are_the_textbooks_and_each_denominator_divides_the_next(
    filled: Days, cancelled: Days, censored: Days
) -> None:
    curve = list(incidence([filled, cancelled], censored))
    for day, expected in enumerate(textbook([filled, cancelled], censored, 35)):
        assert ended_by(curve, day) == expected
    assert all(later.of % earlier.of == 0 for earlier, later in pairwise(curve))


@OURS
@given(filled=few, cancelled=few, censored=few)
def test_causes_and_what_is_left_add_up_to_one(filled: Days, cancelled: Days, censored: Days) -> None:
    causes = incidence([filled, cancelled], censored)
    everything = survival(filled + cancelled, censored)
    for by_cause, (day, left, of) in zip(causes, everything, strict=True):
        assert by_cause.day == day
        assert Fraction(sum(by_cause.ended), by_cause.of) + Fraction(left, of) == 1


def observed(ended: Days, censored: Days) -> tuple[list[int], list[int]]:
    """(duration, whether it ended) of each, as `lifelines` takes them."""
    durations = [*ended.elements(), *censored.elements()]
    return durations, [1] * ended.total() + [0] * censored.total()


@OURS
@given(ended=few, censored=few, horizon=st.integers(1, 45))
def test_kaplan_meier_is_that_of_lifelines(lifelines: Any, ended: Days, censored: Days, horizon: int) -> None:
    assume(ended or censored)
    theirs = lifelines.KaplanMeierFitter().fit(*observed(ended, censored))
    curve = list(survival(ended, censored))
    for day, (left, of) in {day: (left, of) for day, left, of in curve}.items():
        assert left / of == pytest.approx(theirs.predict(day), abs=CLOSE)
    for quarters in (1, 2, 3):
        # its own percentile() compares rounded shares exactly, so that 3 of 4 may miss three quarters
        left_by = theirs.survival_function_["KM_estimate"]
        there = left_by[left_by <= 1 - quarters / 4 + CLOSE]
        assert reached(curve, quarters) == (int(there.index[0]) if len(there) else None)
    mean = lifelines.utils.restricted_mean_survival_time(theirs, t=horizon)
    assert float(restricted_mean(curve, horizon)) == pytest.approx(mean, abs=CLOSE)


@OURS
@given(ended=st.tuples(some, few), censored=st.tuples(few, some))
def test_the_log_rank_test_is_that_of_lifelines(
    lifelines: Any, ended: tuple[Days, Days], censored: tuple[Days, Days]
) -> None:
    ours = log_rank(ended, censored)
    assume(ours is not None)
    (durations_a, events_a), (durations_b, events_b) = (
        observed(ended[0], censored[0]),
        observed(ended[1], censored[1]),
    )
    theirs = lifelines.statistics.logrank_test(durations_a, durations_b, events_a, events_b)
    assert ours is not None
    assert ours.chi2 == pytest.approx(theirs.test_statistic, abs=1e-7)
    assert ours.p_value == pytest.approx(theirs.p_value, abs=1e-7)


@OURS
@given(data=st.data(), days=st.lists(st.integers(1, 400), min_size=1, max_size=30, unique=True))
def test_aalen_johansen_is_that_of_lifelines(lifelines: Any, data: st.DataObject, days: list[int]) -> None:
    """Without ties: of two that end on one day it moves one by chance, so ties are compared with the textbook."""
    fates = data.draw(st.lists(st.integers(0, 2), min_size=len(days), max_size=len(days)))
    by_fate = [Counter(day for day, fate in zip(days, fates, strict=True) if fate == which) for which in (0, 1, 2)]
    curve = list(incidence(by_fate[1:], by_fate[0]))
    for cause in (1, 2):
        assume(cause in fates)
        theirs = lifelines.AalenJohansenFitter(calculate_variance=False).fit(days, fates, event_of_interest=cause)
        for day in days:
            share = theirs.predict(day)
            assert float(ended_by(curve, day)[cause - 1]) == pytest.approx(share, abs=CLOSE)


def test_the_shares_only_rise() -> None:
    curve = list(incidence([Counter({1: 2, 5: 1}), Counter({1: 1, 9: 1})], Counter({2: 3})))
    for cause in (0, 1):
        risen = [Fraction(step.ended[cause], step.of) for step in curve]
        assert risen == list(accumulate(risen, max))
