"""A day of the organisation lasts from the end of the day before to its own end, whatever its clocks do at midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

ONE_DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
"""The resolution of times."""


def day_ends(day: date, zone: tzinfo) -> datetime:
    """Return the first instant after the day, in UTC.

    A midnight that comes twice ends the day the second time. A day that the zone skips ends where the day before does.
    """
    midnight = datetime.combine(day + ONE_DAY, time.min, zone)
    earlier, later = sorted(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if (later - INSTANT).astimezone(zone).date() <= day:
        return later
    return _change_between(earlier - INSTANT, later, day, zone)


def day_begins(day: date, zone: tzinfo) -> datetime:
    """Return the first instant of the day, in UTC: where the day before ends."""
    return day_ends(day - ONE_DAY, zone)


def last_instant(day: date, zone: tzinfo) -> datetime:
    """Return the last microsecond of the day, in UTC."""
    return day_ends(day, zone) - INSTANT


def _change_between(earlier: datetime, later: datetime, day: date, zone: tzinfo) -> datetime:
    """Return the instant between the two at which clocks are set over midnight, from before it to after it."""
    while later - earlier > INSTANT:
        middle = earlier + (later - earlier) // 2
        if middle.astimezone(zone).date() <= day:
            earlier = middle
        else:
            later = middle
    return later
