"""A question's days, segments and rounding are exact."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.counts import Spans, next_month
from queries.question import AsOf, Period, PeriodIsEmpty, Segment, rounded

days = st.dates(date(2019, 1, 1), date(2024, 12, 31))


def test_a_period_has_a_day() -> None:
    with pytest.raises(PeriodIsEmpty, match="first day 2024-01-01 is not before its end 2024-01-01"):
        Period(date(2024, 1, 1), date(2024, 1, 1))


def test_the_day_of_as_of_is_the_organisations() -> None:
    late = datetime(2024, 6, 30, 23, tzinfo=UTC)
    assert AsOf(1, late, "Europe/Berlin").day == date(2024, 7, 1)
    assert AsOf(1, late, "America/New_York").day == date(2024, 6, 30)


def test_a_segment_names_what_it_restricts() -> None:
    assert Segment(role="engineer", location="berlin").named == {"role": "engineer", "location": "berlin"}


def test_half_is_rounded_up_exactly() -> None:
    assert rounded(Fraction(1, 8), "0.01") == Decimal("0.13")
    assert rounded(Fraction(2, 3), "0.0001") == Decimal("0.6667")
    assert rounded(Fraction(0), "0.1") == Decimal("0.0")
    assert rounded(None, "0.1") is None


@given(begins=days, ends=days)
def test_spans_cover_every_day_once(begins: date, ends: date) -> None:
    begins, ends = min(begins, ends), max(begins, ends)
    spans = Spans().add(begins, ends, "")
    pieces = sorted((a, b) for a, b, _ in spans.months + spans.days)
    assert sum((b - a).days for a, b in pieces) == (ends - begins).days
    assert all(a[1] == b[0] for a, b in pairwise(pieces))
    assert all(a.day == b.day == 1 for a, b, _ in spans.months)
    assert sum((b - a).days for a, b, _ in spans.days) < 62


def test_the_month_after_december_is_january() -> None:
    assert next_month(date(2024, 12, 31)) == date(2025, 1, 1)
