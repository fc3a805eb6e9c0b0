"""The days of every zone follow one another without a gap, and each instant lies in the day that the clocks show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.days import INSTANT, day_begins, day_ends, last_instant

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
DAYS = st.dates(date(1901, 1, 2), date(2199, 12, 30))
STEP = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("zone", "day", "ends"),
    [
        ("UTC", "2026-05-04", "2026-05-05T00:00:00+00:00"),
        ("America/Santiago", "2026-04-04", "2026-04-05T04:00:00+00:00"),  # 24:00 is set back to 23:00: 25 hours
        ("America/Santiago", "2026-09-05", "2026-09-06T04:00:00+00:00"),  # the next day begins at 01:00
        ("America/Asuncion", "2024-03-23", "2024-03-24T04:00:00+00:00"),  # 24:00 is set back to 23:00
        ("America/Havana", "2026-10-31", "2026-11-01T04:00:00+00:00"),  # the next day has its first hour twice
        ("Asia/Beirut", "2026-03-28", "2026-03-28T22:00:00+00:00"),  # the next day begins at 01:00
        ("Africa/Cairo", "2026-10-29", "2026-10-29T22:00:00+00:00"),  # 24:00 is set back to 23:00
        ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00+00:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00+00:00"),  # skipped
        ("Pacific/Apia", "2011-12-31", "2011-12-31T10:00:00+00:00"),
        ("Pacific/Kwajalein", "1993-08-21", "1993-08-21T12:00:00+00:00"),  # skipped
        ("America/Toronto", "1919-03-30", "1919-03-31T04:30:00+00:00"),  # 23:30 is set to 00:30
        ("America/St_Johns", "2010-11-06", "2010-11-07T03:30:00+00:00"),  # 00:01 is set back to 23:01
        ("Asia/Kathmandu", "2026-05-04", "2026-05-04T18:15:00+00:00"),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-05T13:30:00+00:00"),
        ("Africa/Monrovia", "1950-05-04", "1950-05-05T00:44:30+00:00"),
    ],
)
def test_a_day_ends_where_the_clocks_of_its_zone_end_it(zone: str, day: str, ends: str) -> None:
    assert day_ends(date.fromisoformat(day), ZoneInfo(zone)) == datetime.fromisoformat(ends)


@given(zone=st.sampled_from(ZONES), day=DAYS)
def test_the_last_instant_is_still_of_the_day_and_the_next_is_not(zone: str, day: date) -> None:
    clock = ZoneInfo(zone)
    begins, last, ends = day_begins(day, clock), last_instant(day, clock), day_ends(day, clock)
    assert ends == last + INSTANT == day_begins(day + timedelta(days=1), clock)
    assert ends.astimezone(clock).date() > day
    skipped = begins == ends
    assert last.astimezone(clock).date() == day - timedelta(days=skipped)


@pytest.mark.parametrize(
    "zone", ["America/Santiago", "America/Asuncion", "Asia/Beirut", "Africa/Cairo", "Pacific/Apia"]
)
def test_the_days_of_seventeen_years_are_those_of_a_clock_that_is_looked_at_every_quarter_of_an_hour(zone: str) -> None:
    clock = ZoneInfo(zone)
    for day, last in last_quarters(zone).items():
        assert last < day_ends(day, clock) <= last + STEP


@cache
def last_quarters(zone: str) -> dict[date, datetime]:
    """The last quarter of an hour that shows each day, in the years around changes of the clocks."""
    clock, shown = ZoneInfo(zone), {}
    moment = datetime(2009, 12, 31, tzinfo=UTC)
    while moment < datetime(2027, 1, 1, tzinfo=UTC):
        shown[moment.astimezone(clock).date()] = moment
        moment += STEP
    return dict(list(shown.items())[:-1])
