"""Kaplan-Meier's curve is the textbook's."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from queries.time_to_fill import survival


def test_without_waiting_ones_the_curve_is_the_share_left() -> None:
    curve = list(survival(Counter({10: 1, 20: 2, 40: 1}), Counter()))
    assert curve == [(0, Fraction(1)), (10, Fraction(3, 4)), (20, Fraction(1, 4)), (40, Fraction(0))]


def test_a_waiting_one_counts_until_it_is_last_seen_and_at_a_tie_the_end_comes_first() -> None:
    # Remission times of six of Freireich's patients: 6, 6, 6, 6+, 7, 9+ of 6 at risk.
    curve = list(survival(Counter({6: 3, 7: 1}), Counter({6: 1, 9: 1})))
    assert curve == [(0, Fraction(1)), (6, Fraction(1, 2)), (7, Fraction(1, 4))]


def test_nothing_ever_ends_where_nothing_is() -> None:
    assert list(survival(Counter(), Counter())) == [(0, Fraction(1))]
