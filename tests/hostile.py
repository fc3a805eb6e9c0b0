"""Strings, times and JSON values as strangers, broken exports and attackers write them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

OFFSETS = st.timedeltas(timedelta(hours=-24, microseconds=1), timedelta(hours=24, microseconds=-1))
"""All that Python's times can have; PostgreSQL and clocks have fewer."""

TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=40),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from(
        ["", " ", "\0", "a\0b", "\ud83d", "\udc00x", "\u202e", "\ufeff", "x" * 20_001, "=1+1", "'\"\\", "%00"]
    ),
)
MOMENTS = st.one_of(
    st.builds(
        lambda at, offset: at.replace(tzinfo=timezone(offset)).isoformat(),
        st.one_of(st.datetimes(), st.datetimes(datetime(2001, 1, 1), datetime(2024, 1, 1))),
        st.one_of(OFFSETS, st.integers(-23, 23).map(lambda hours: timedelta(hours=hours))),
    ),
    st.datetimes().map(datetime.isoformat),
    st.dates().map(str),
    st.sampled_from(
        [
            "2024-01-01T00:00:00+16:00",
            "2024-01-01T00:00:00-16:00",
            "2024-01-01T00:00:00+23:59",
            "0001-01-01T00:00:00+15:00",
            "9999-12-31T23:59:59-15:00",
            "2024-02-30",
            "2024-W01-1",
            "20240101",
            "24:00",
            "2024-01-01T24:00:00Z",
            "2016-12-31T23:59:60Z",
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(),
    st.sampled_from([10**18, -(10**18), 2**53, 2**63, 2**64, 10**4_000]),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, MOMENTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
FRAGMENTS = st.sampled_from(
    [
        "NaN",
        "-Infinity",
        "1e999",
        "9" * 5_000,
        '"\\ud800"',
        '"\\u0000"',
        "[" * 300 + "]" * 300,
        '{"a":1,"a":2}',
        "",
        "'",
    ]
)
"""JSON that a writer does not write."""


@st.composite
def json_texts(draw: st.DrawFn, value: dict[str, Any], field: str) -> str:
    """The object with something else in one of its fields."""
    if draw(st.booleans()):
        return json.dumps({**value, field: draw(VALUES)}, ensure_ascii=draw(st.booleans()))
    rest = json.dumps({name: member for name, member in value.items() if name != field})[1:]
    return f"{{{json.dumps(field)}: {draw(FRAGMENTS)}{', ' if len(rest) > 1 else ''}{rest}"
