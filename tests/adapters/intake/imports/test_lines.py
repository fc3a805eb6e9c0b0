"""Whatever a CSV or NDJSON writer writes is read back, in constant memory, and what is wrong is named by its line."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.intake.imports.lines import LONGEST_LINE, TEXT, Line, open_csv, open_ndjson
from adapters.intake.imports.refusals import (
    ColumnStandsTwice,
    CsvIsBroken,
    FileIsEmpty,
    FileIsNotInItsEncoding,
    LineHasOtherCells,
    LineIsNotJson,
    LineIsTooLong,
)

OUR_COLUMNS = ("perennial_line", "perennial_reason")
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NAMES = st.lists(
    st.text("abcdef _-é", min_size=1, max_size=8).map(str.strip).filter(bool), min_size=1, max_size=5, unique=True
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELLS, inner, max_size=3),
    max_leaves=5,
)


def read_csv(data: bytes, after: int = 0, delimiter: str = ",") -> list[Line]:
    return list(open_csv(io.BytesIO(data), OUR_COLUMNS, delimiter).lines(after))


def read_ndjson(data: bytes, after: int = 0) -> list[Line]:
    return list(open_ndjson(io.BytesIO(data), OUR_COLUMNS, ",").lines(after))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]], bytes, str]:
    """Columns, rows, the file that a writer makes of them in one of its ways, and the delimiter."""
    names = draw(NAMES)
    row = st.lists(CELLS, min_size=len(names), max_size=len(names))
    rows = draw(st.lists(row.filter(lambda cells: any(cell.strip() for cell in cells)), max_size=8))
    delimiter, end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n"]))
    written = io.StringIO()
    if draw(st.booleans()):
        csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    else:  # a writer that ends lines with CRLF knows to put quotes around a lone CR
        csv.writer(written, delimiter=delimiter).writerows([names, *rows])
    bom = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    return names, rows, bom + written.getvalue().encode(), delimiter


@given(tables())
def test_what_the_csv_module_writes_is_read_back(table: tuple[list[str], list[list[str]], bytes, str]) -> None:
    names, rows, data, delimiter = table
    lines = read_csv(data, delimiter=delimiter)
    assert [line.values for line in lines] == [dict(zip(names, row, strict=True)) for row in rows]
    text = data.decode("utf-8-sig").split("\n")
    assert [line.last for line in lines][-1:] == [len(text) - 1][: len(lines)]
    assert all(first.last + 1 == second.number for first, second in pairwise(lines))


@given(tables(), st.data())
def test_reading_goes_on_after_any_line_that_ended(
    table: tuple[list[str], list[list[str]], bytes, str], data: st.DataObject
) -> None:
    _, _, file, delimiter = table
    lines = read_csv(file, delimiter=delimiter)
    cut = data.draw(st.integers(0, len(lines)))
    after = lines[cut - 1].last if cut else 0
    assert read_csv(file, after, delimiter) == lines[cut:]


@given(tables())
def test_a_rejected_line_comes_back_as_it_was(table: tuple[list[str], list[list[str]], bytes, str]) -> None:
    names, rows, data, delimiter = table
    opened = open_csv(io.BytesIO(data), OUR_COLUMNS, delimiter)
    refusal = dict(zip(OUR_COLUMNS, ("7", 'it, "really"\nis wrong'), strict=True))
    again = opened.head() + "".join(opened.rejected(line, refusal) for line in opened.lines())
    lines = read_csv(again.encode(), delimiter=delimiter)
    assert [line.values for line in lines] == [refusal | dict(zip(names, row, strict=True)) for row in rows]
    opened = open_csv(io.BytesIO(again.encode()), OUR_COLUMNS, delimiter)
    assert opened.head() + "".join(opened.rejected(line, refusal) for line in opened.lines()) == again


@given(st.lists(st.dictionaries(CELLS, JSON, max_size=4)), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_the_json_module_writes_is_read_back(rows: list[dict[str, Any]], end: str, ascii_only: bool) -> None:
    data = "".join(json.dumps(row, ensure_ascii=ascii_only) + end for row in rows).encode()
    lines = read_ndjson(b"\xef\xbb\xbf" + data)
    assert [(line.number, line.values) for line in lines] == list(enumerate(rows, 1))
    assert read_ndjson(data, len(rows) // 2) == read_ndjson(data)[len(rows) // 2 :]


@pytest.mark.parametrize("text", ["{", "[1]", "7", '{"a": NaN}', "{'a': 1}", "[" * 100_000])
def test_a_line_that_is_no_object_is_kept_as_text_and_can_be_mended(text: str) -> None:
    opened = open_ndjson(io.BytesIO(f'{{"a":1}}\n{text}\n\n{{"a":2}}\n'.encode()), OUR_COLUMNS, ",")
    first, wrong, last = opened.lines()
    assert isinstance(wrong.wrong, LineIsNotJson)
    assert (first.values, wrong.number, last.values, last.number) == ({"a": 1}, 2, {"a": 2}, 4)
    kept = json.loads(opened.rejected(wrong, dict.fromkeys(OUR_COLUMNS, "told")))
    assert kept[TEXT] == text
    mended = json.dumps({**kept, TEXT: '{"a":3}'}).encode()
    assert read_ndjson(mended)[0].values == {"a": 3}


def test_a_half_character_is_replaced() -> None:
    (line,) = read_ndjson(b'{"name":"\\ud83d x"}\n')
    assert line.values == {"name": "\ufffd x"}


def test_a_line_with_other_cells_is_rejected_alone() -> None:
    first, wrong, more, last = read_csv(b"a,b\n1,2\n3\n\n4,5,6\n7,8\n")
    assert (wrong.number, type(wrong.wrong), more.number) == (3, LineHasOtherCells, 5)
    assert (first.values, last.values) == ({"a": "1", "b": "2"}, {"a": "7", "b": "8"})


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"", FileIsEmpty, "The file is empty"),
        (b"a,b,a\n", ColumnStandsTwice, "'a' twice (columns 1 and 3)"),
        (b"a\nx\ncaf\xe9\n", FileIsNotInItsEncoding, "Line 3 is not valid UTF-8 (at its byte 4)"),
        ("a\nx".encode("utf-16"), FileIsNotInItsEncoding, "Line 1 is not valid UTF-8 (at its byte 1)"),
        (b'a,b\n1,2\n"3"x,4\n', CsvIsBroken, "from line 3 on"),
        (b'a,b\n1,2\n"3,4\n5,6\n', CsvIsBroken, "from line 3 on"),
        (b'a,b\n1,"' + b"x\n" * 200_000, CsvIsBroken, "from line 2 on"),
        (b"a,b\n1," + b"x" * LONGEST_LINE, LineIsTooLong, "Line 2 is longer"),
    ],
)
def test_what_stops_a_file_names_its_line(data: bytes, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        read_csv(data)
    assert says in str(caught.value)


class Endless(io.RawIOBase):
    """A long file that is never there as a whole."""

    def __init__(self, lines: int) -> None:
        self.lines = self.chunks(lines)

    def chunks(self, lines: int) -> Iterator[bytes]:
        yield b"id,note\n"
        for number in range(lines // 100):
            yield b"".join(b'%d,"a note\nof two lines"\n' % (number * 100 + place) for place in range(100))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = next(self.lines, b"")
        buffer[: len(data)] = data
        return len(data)


def test_memory_does_not_grow_with_the_file() -> None:
    peaks = []
    for lines in (1_000, 50_000):
        tracemalloc.start()
        opened = open_csv(io.BufferedReader(Endless(lines)), OUR_COLUMNS, ",")
        assert sum(1 for _ in opened.lines()) == lines
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000
