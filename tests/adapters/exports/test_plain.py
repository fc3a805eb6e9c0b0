"""Answers are written as JSON in one pass, with the same values as their plain form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.exports.plain import as_json, plain
from domain.event import ERASED
from queries.question import Period, Segment


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a property, which is written after the fields."""

    value: object
    others: tuple[object, ...] = ()

    @property
    def n(self) -> int:
        return len(self.others)


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-3))])
SINGLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.uuids(),
    st.dates(),
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=ZONES),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.decimals(allow_nan=False, allow_infinity=False, places=0, min_value=-(10**15), max_value=10**15),
    st.just(ERASED),
    st.dates(max_value=date(9999, 12, 30)).map(lambda day: Period(day, date.max)),
    st.builds(Segment, st.text(), st.none(), st.text()),
)
KEYS = st.one_of(st.text(), st.integers(0, 9), st.uuids())
ANSWERS = st.recursive(
    SINGLE,
    lambda of: st.one_of(
        st.lists(of, max_size=4),
        st.tuples(of, of),
        st.dictionaries(st.text(), of, max_size=4),
        st.dictionaries(KEYS, of, max_size=4).map(MappingProxyType),
        st.builds(Answer, of, st.tuples(of)),
    ),
    max_leaves=20,
)


@given(ANSWERS)
def test_a_document_has_the_values_of_the_plain_form(answer: Any) -> None:
    assert json.loads(as_json(answer)) == json.loads(json.dumps(plain(answer)))


def test_texts_of_dates_are_those_of_the_plain_form() -> None:
    moment = datetime(2026, 5, 4, 9, 30, 0, 120_000, tzinfo=timezone(timedelta(hours=2)))
    assert as_json([moment, date(2026, 5, 4), Answer(ERASED, (1,))]) == (
        b'["2026-05-04T07:30:00.120000Z","2026-05-04",{"value":null,"others":[1],"n":1}]'
    )
