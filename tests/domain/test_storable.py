"""What the log can keep is what PostgreSQL and UTF-8 can write."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event import utc
from domain.storable import is_storable_moment, is_storable_text


@given(st.text(st.characters(codec=None)))
def test_a_text_is_kept_where_it_can_be_encoded_and_has_no_nul(text: str) -> None:
    try:
        text.encode()
        whole = "\0" not in text
    except UnicodeEncodeError:
        whole = False
    assert is_storable_text(text) is whole


@given(st.datetimes(), st.timedeltas(timedelta(hours=-24, microseconds=1), timedelta(hours=24, microseconds=-1)))
def test_a_moment_that_is_kept_has_a_time_in_utc(at: datetime, offset: timedelta) -> None:
    moment = at.replace(tzinfo=timezone(offset))
    if is_storable_moment(moment):
        assert 1899 <= utc(moment).year <= 2200
        assert datetime.fromisoformat(moment.isoformat()) == moment


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2024-05-04T09:30:00+15:59", True),
        ("2024-05-04T09:30:00-15:59:59", True),
        ("2024-05-04T09:30:00+16:00", False),
        ("2024-05-04T09:30:00-16:00", False),
        ("2024-05-04T09:30:00+23:59", False),
        ("2024-05-04T09:30:00+02:00:00.5", False),
        ("2024-05-04T09:30:00", False),
        ("1899-12-31T23:59:59Z", False),
        ("1900-01-01T00:00:00+14:00", True),
        ("2199-12-31T23:59:59-12:00", True),
        ("2200-01-01T00:00:00Z", False),
        ("0001-01-01T00:00:00+15:00", False),
        ("9999-12-31T23:59:59-15:00", False),
    ],
)
def test_years_and_offsets(text: str, kept: bool) -> None:
    assert is_storable_moment(datetime.fromisoformat(text)) is kept
