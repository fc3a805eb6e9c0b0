"""What a spreadsheet would run is text in what we write, and comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.intake.spreadsheets import neutral, original

TRIGGERS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
CELLS = st.one_of(st.text(), st.text(f"'{TRIGGERS} \u00a0\u3000ab", max_size=6))


@given(CELLS)
def test_every_cell_comes_back_as_it_was(cell: str) -> None:
    assert original(neutral(cell)) == cell


@given(CELLS)
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    assert neutral(cell).lstrip()[:1] not in set("=+-@\uff1d\uff0b\uff0d\uff20")
    assert neutral(cell)[:1] not in set("\t\r\n") or not cell


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "+1 555 0101", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1+1", " =1"])
def test_a_formula_is_text(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Ana", "a=b", "'quoted'", "2024-01-05", "ana@example.org", "´=", "' x"])
def test_what_is_none_stays(cell: str) -> None:
    assert neutral(cell) == original(cell) == cell
