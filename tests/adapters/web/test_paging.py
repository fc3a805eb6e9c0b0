"""A cursor leads to the place that it was made of, for its own question alone, as of the moment of the first page."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.keys.key_file import KeyFile, ensure_key_file
from adapters.web.framework.cursor import sealed
from adapters.web.framework.paging import LONGEST_CURSOR, PageRequest
from adapters.web.framework.refusals import CursorCannotBeRead

places = st.lists(st.text(max_size=50), min_size=1, max_size=3)
moments = st.none() | st.sampled_from(["2026-05-04", "position:7"])


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> KeyFile:
    path: Path = tmp_path_factory.mktemp("keys") / "keys.json"
    return ensure_key_file(path)


@given(place=places, as_of=moments, asked_later=moments, position=st.none() | st.integers(1, 10**9))
def test_the_next_page_begins_after_the_place_at_the_moment_of_the_first(
    key_file: KeyFile, place: list[str], as_of: str | None, asked_later: str | None, position: int | None
) -> None:
    first = PageRequest.of(key_file, "people", None, as_of)
    assert (first.place, first.as_of) == (None, as_of)
    cursor = first.next(place, position)
    second = PageRequest.of(key_file, "people", cursor, asked_later)
    assert second.place == tuple(place)
    assert second.as_of == (as_of or (None if position is None else f"position:{position}"))
    third = PageRequest.of(key_file, "people", second.next(place, 10**10), asked_later)
    assert third.as_of == (second.as_of or f"position:{10**10}")


@given(place=places, question=st.text(max_size=20).filter(lambda text: text != "people"))
def test_a_cursor_works_with_no_other_question(key_file: KeyFile, place: list[str], question: str) -> None:
    cursor = PageRequest.of(key_file, "people", None).next(place)
    with pytest.raises(CursorCannotBeRead):
        PageRequest.of(key_file, question, cursor)


@given(place=places, at=st.integers(0, 10**6), letter=st.sampled_from("AZaz09-_"))
def test_a_changed_cursor_is_refused(key_file: KeyFile, place: list[str], at: int, letter: str) -> None:
    cursor = PageRequest.of(key_file, "people", None).next(place) or ""
    at %= len(cursor) - 1  # the last letter has bits that mean nothing
    changed = cursor[:at] + letter + cursor[at + 1 :]
    if changed != cursor:
        with pytest.raises(CursorCannotBeRead):
            PageRequest.of(key_file, "people", changed)


@given(place=places)
def test_a_cursor_of_another_form_is_refused(key_file: KeyFile, place: list[str]) -> None:
    with pytest.raises(CursorCannotBeRead):
        PageRequest.of(key_file, "people", sealed(key_file, "people", place))


def test_the_last_page_has_no_next_one(key_file: KeyFile) -> None:
    assert PageRequest.of(key_file, "people", None).next(None, 7) is None


@given(st.text(max_size=LONGEST_CURSOR))
def test_any_other_text_is_no_cursor(key_file: KeyFile, text: str) -> None:
    with pytest.raises(CursorCannotBeRead):
        PageRequest.of(key_file, "people", text)
