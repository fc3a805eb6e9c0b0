"""The validity of consents is a table, each row with its reason, and counted in calendar months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from domain.purposes import PURPOSES
from domain.validity import ANY, CATALOGUE, OF_THE_EU, ROWS, ends_at, laws_of, months_after, validity_of

GIVEN = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def test_every_row_says_where_its_figure_comes_from() -> None:
    assert len(ROWS) == len(CATALOGUE)
    for row in CATALOGUE:
        assert row.purpose in PURPOSES or row.purpose == ANY
        assert 1 <= row.months <= 120
        assert len(row.because) > 20


@pytest.mark.parametrize("jurisdiction", ["unknown", "de", "fr", "us-ca", "uk", "eu", "nowhere"])
@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_purpose_holds_for_some_time_everywhere(purpose: str, jurisdiction: str) -> None:
    assert validity_of(purpose, jurisdiction).months > 0


def test_the_row_of_the_purpose_comes_before_the_nearest_law() -> None:
    assert validity_of("demographic_monitoring", "de") == ROWS["demographic_monitoring", ANY]
    assert validity_of("talent_pool", "fr") == ROWS["talent_pool", "fr"]
    assert validity_of("newsletter", "fr") == ROWS[ANY, "eu"]
    assert validity_of("newsletter", "us-ca") == ROWS[ANY, "us"]
    assert validity_of("newsletter", "br") == ROWS[ANY, ANY]


def test_a_law_is_part_of_others() -> None:
    assert list(laws_of("us-ca")) == ["us-ca", "us", ANY]
    assert list(laws_of("de-by")) == ["de-by", "de", "eu", ANY]
    assert "uk" not in OF_THE_EU


def test_months_are_those_of_the_calendar() -> None:
    leap = datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert months_after(leap, 24) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert months_after(datetime(2025, 12, 31, tzinfo=UTC), 2) == datetime(2026, 2, 28, tzinfo=UTC)
    assert ends_at("talent_pool", "de", GIVEN) == GIVEN.replace(year=2028)
    assert ends_at("assessment", "de", GIVEN) == GIVEN.replace(year=2027)


def test_the_end_does_not_depend_on_the_zone_in_which_it_was_given() -> None:
    elsewhere = datetime(2024, 3, 1, 1, tzinfo=timezone(timedelta(hours=3)))
    assert ends_at("talent_pool", "de", elsewhere) == datetime(2026, 2, 28, 22, tzinfo=UTC)


@forall(
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    months=st.integers(1, 120),
)
def test_so_many_months_later_is_in_that_month(moment: datetime, months: int) -> None:
    later = months_after(moment, months)
    assert (later.year - moment.year) * 12 + later.month - moment.month == months
    assert later.day <= moment.day
    assert later.timetz() == moment.timetz()
