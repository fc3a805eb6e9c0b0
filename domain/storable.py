"""What the log can keep: texts that every encoding can write, and times of a year and an offset that a clock shows."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

FIRST_YEAR, LAST_YEAR = 1900, 2199
LARGEST_OFFSET = timedelta(hours=16)
"""Exclusive, as in PostgreSQL. The largest offset that any place has used is 15:13:42, the largest in use 14:00."""
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable_text(text: str) -> bool:
    """Return whether the text has neither a NUL character nor half a character (a lone surrogate)."""
    return UNSTORABLE.search(text) is None


def has_known_year(moment: datetime) -> bool:
    """Return whether the year, as written, is within the range of people's careers."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def has_known_offset(moment: datetime) -> bool:
    """Return whether the time has an offset from UTC of whole seconds and less than 16 hours."""
    offset = moment.utcoffset()
    return offset is not None and abs(offset) < LARGEST_OFFSET and not offset.microseconds


def is_storable_moment(moment: datetime) -> bool:
    """Return whether the log can keep the time as it is written."""
    return has_known_year(moment) and has_known_offset(moment)
