"""A JSON text that two readers could read differently is refused, and everything else is read as it is."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.intake.strict_json import (
    DEEPEST,
    JsonCannotBeRead,
    JsonHoldsHalfCharacter,
    JsonIsBroken,
    JsonIsTooDeep,
    KeyStandsTwice,
    read_json,
)

TEXT = st.text(st.characters(codec="utf-8"))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN, st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-le"]))
def test_what_a_writer_writes_is_read_back(value: Any, ascii_only: bool, encoding: str) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_json(text) == value
    if len(text) > 3:  # in fewer bytes nothing tells one encoding from another
        assert read_json(text.encode(encoding)) == value


@given(st.text(st.characters(codec=None)) | st.binary())
def test_whatever_comes_is_read_or_refused(text: str | bytes) -> None:
    for halves in (False, True):
        with suppress(JsonCannotBeRead):
            read_json(text, halves=halves)


@given(st.dictionaries(TEXT, PLAIN, min_size=1, max_size=4), st.data())
def test_a_key_that_stands_twice_is_named(value: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    pairs = data.draw(st.permutations([*value.items(), (key, "again")]))
    text = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(inner)}" for name, inner in pairs) + "}"
    with pytest.raises(KeyStandsTwice) as wrong:
        read_json(f'[1, {{"inside": {text}}}]')
    assert wrong.value.where == key[:64].replace("\0", "\ufffd")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"a": NaN}', JsonIsBroken),
        ("[-Infinity]", JsonIsBroken),
        ("[1e999]", JsonIsBroken),
        ("[" + "9" * 5_000 + "]", JsonIsBroken),
        ("{", JsonIsBroken),
        (b"\xff\xfe\xfd", JsonIsBroken),
        ('{"a": "\\ud83d"}', JsonHoldsHalfCharacter),
        ('{"\\uDE00x": 1}', JsonHoldsHalfCharacter),
        (b'"\xed\xa0\xbd"', JsonIsBroken),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), JsonIsTooDeep),
        ('{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), JsonIsTooDeep),
        ("[" * 1_000_000, JsonIsTooDeep),
    ],
)
def test_what_is_refused(text: str | bytes, error: type[JsonCannotBeRead]) -> None:
    with pytest.raises(error):
        read_json(text)


def test_what_only_looks_like_it_is_read() -> None:
    assert read_json('{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}
    assert read_json('["\\\\ud800", 1e308]') == ["\\ud800", 1e308]
    assert read_json("[" * DEEPEST + "]" * DEEPEST)
    assert read_json(json.dumps([{"a": []}] * 1_000))
    assert read_json('["\\ud83d", NaN]', halves=True, constant=lambda _: None) == ["\ud83d", None]
