"""Shares that add up to one."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from queries.source_of_hire import shared


def test_what_rounding_leaves_over_goes_to_the_largest_remainders() -> None:
    shares = shared({"c": 1, "b": 1, "a": 1, "d": 4})
    assert shares == {"a": Decimal("0.1429"), "b": Decimal("0.1429"), "c": Decimal("0.1428"), "d": Decimal("0.5714")}
    assert shared({}) == {}


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(1, 10**6), min_size=1))
def test_shares_add_up_to_exactly_one_and_lie_next_to_the_truth(counts: dict[str, int]) -> None:
    shares, total = shared(counts), Counter(counts).total()
    assert sum(shares.values()) == 1
    assert all(abs(share * total - counts[name] * 1) < Decimal(total) / 10_000 for name, share in shares.items())
