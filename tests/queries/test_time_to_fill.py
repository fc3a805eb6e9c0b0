"""Kaplan-Meier's curve is the textbook's."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise

from queries.time_to_fill import survival


def shares(ended: Counter[int], censored: Counter[int]) -> list[tuple[int, Fraction]]:
    return [(day, Fraction(left, of)) for day, left, of in survival(ended, censored)]


def test_without_waiting_ones_the_curve_is_the_share_left() -> None:
    curve = shares(Counter({10: 1, 20: 2, 40: 1}), Counter())
    assert curve == [(0, Fraction(1)), (10, Fraction(3, 4)), (20, Fraction(1, 4)), (40, Fraction(0))]


def test_a_waiting_one_counts_until_it_is_last_seen_and_at_a_tie_the_end_comes_first() -> None:
    # Remission times of six of Freireich's patients: 6, 6, 6, 6+, 7, 9+ of 6 at risk.
    curve = shares(Counter({6: 3, 7: 1}), Counter({6: 1, 9: 1}))
    assert curve == [(0, Fraction(1)), (6, Fraction(1, 2)), (7, Fraction(1, 4))]


def test_the_curve_is_the_product_of_the_days_shares_and_each_denominator_divides_the_next() -> None:
    ended, censored = Counter({1: 2, 4: 1, 5: 3, 9: 1}), Counter({0: 1, 2: 2, 3: 1, 5: 1, 9: 2})
    at_risk, share, expected = 14, Fraction(1), [(0, Fraction(1))]
    for day in range(10):
        if ended[day]:
            share *= Fraction(at_risk - ended[day], at_risk)
            expected.append((day, share))
        at_risk -= ended[day] + censored[day]
    assert shares(ended, censored) == expected
    denominators = [of for _, _, of in survival(ended, censored)]
    assert all(later % earlier == 0 for earlier, later in pairwise(denominators))


def test_nothing_ever_ends_where_nothing_is() -> None:
    assert shares(Counter(), Counter()) == [(0, Fraction(1))]
