"""Reads an exported file line by line, in the same memory for a million lines as for ten."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from adapters.intake.imports.encodings import UTF8, as_utf8, separator_line
from adapters.intake.imports.refusals import (
    ColumnStandsTwice,
    CsvIsBroken,
    FileIsEmpty,
    FileIsNotInItsEncoding,
    FormatIsUnknown,
    LineHasOtherCells,
    LineIsNotJson,
    LineIsTooLong,
)
from adapters.intake.integrations.outside import writable
from adapters.intake.spreadsheets import neutral, original
from adapters.intake.strict_json import JsonCannotBeRead, JsonIsBroken, read_json
from domain.errors import Refused

BOM = b"\xef\xbb\xbf"
CRLF = "\r\n"
"""The writer puts quotes around every character of the line's end: a lone carriage return must have them too."""
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one line, and characters of one cell: what is not imported may be a picture. It bounds what is in memory."""
csv.field_size_limit(LONGEST_LINE)
OURS = "perennial_"
"""The prefix of our columns in a file of rejected lines. An import ignores them."""
TEXT = f"{OURS}text"
"""Where the text of an NDJSON line stands that is no JSON; mended, it is read as the line."""


class Line(NamedTuple):
    """A record of a file: its first and last line (from 1), and its values by column.

    `cells`: a CSV line as it came; `text`: an NDJSON one. `wrong`: why it has no values.
    """

    number: int
    last: int
    values: Mapping[str, Any]
    cells: Sequence[str] = ()
    text: str = ""
    wrong: Refused | None = None


@dataclass(slots=True)
class TextLines:
    """The lines of a file as text, counted. `encoding`: what the file was in before it was made UTF-8.

    Errors: FileIsNotInItsEncoding, LineIsTooLong.
    """

    file: BinaryIO
    encoding: str = UTF8
    read: int = 0
    size: int = 0

    def __iter__(self) -> Iterator[str]:
        while raw := self._next():
            if len(raw) > LONGEST_LINE:
                raise LineIsTooLong(line=self.read, limit=LONGEST_LINE)
            try:
                yield (raw.removeprefix(BOM) if self.read == 1 else raw).decode()
            except UnicodeDecodeError as error:
                raise FileIsNotInItsEncoding(
                    line=self.read, byte=error.start + 1, encoding=self.encoding.upper()
                ) from None

    def skip_to(self, line: int) -> None:
        """Skip lines that were read before, up to this one."""
        while self.read < line and self._next():
            pass

    def _next(self) -> bytes:
        raw = self.file.readline(LONGEST_LINE + 1)
        self.size += len(raw)
        self.read += bool(raw)
        return raw


class Opened(Protocol):
    """An opened file; `text` counts how far it is read."""

    text: TextLines

    @property
    def columns(self) -> Sequence[str] | None:
        """The names of the columns, where the file names them once for all lines."""
        ...

    @property
    def unnamed(self) -> frozenset[str]:
        """Columns that the file has no name for, by the names that we give them."""
        ...

    def lines(self, after: int = 0) -> Iterator[Line]:
        """Return the records that begin after this line of the file (0: all)."""
        ...

    def head(self) -> str:
        """Return the first line of a file of rejected lines."""
        ...

    def rejected(self, line: Line, refusal: Mapping[str, str]) -> str:
        """Return the line as it came, with the columns that explain its refusal."""
        ...


@dataclass(slots=True)
class CsvFile:
    """A CSV file whose first record names the columns."""

    text: TextLines
    delimiter: str
    refusal_columns: Sequence[str]
    columns: Sequence[str] = ()
    unnamed: frozenset[str] = frozenset()
    neutral: bool = False
    """Whether it is a file of rejected lines, in whose cells formulas were made text."""
    reader: Any = field(init=False)

    def __post_init__(self) -> None:
        self.reader = csv.reader(self._after_separator_line(), delimiter=self.delimiter, strict=True)
        cells = next((cells for _, cells in self._records() if not is_blank(cells)), None)
        if cells is None:
            raise FileIsEmpty
        self.neutral = any(name.strip().startswith(OURS) for name in cells)
        names = [name.strip() for name in self._originals(cells)]
        self.columns = named_once(names)
        self.unnamed = frozenset(column for name, column in zip(names, self.columns, strict=True) if not name)

    def _after_separator_line(self) -> Iterator[str]:
        """Return the lines without Excel's `sep=;`."""
        lines = iter(self.text)
        first = next(lines, "")
        return lines if separator_line(first) else chain([first] if first else [], lines)

    def _originals(self, cells: Sequence[str]) -> Sequence[str]:
        return [original(cell) for cell in cells] if self.neutral else cells

    def lines(self, after: int = 0) -> Iterator[Line]:
        """Yield the records. A row of empty cells is skipped, and so are empty cells after the last column."""
        self.text.skip_to(after)
        width, columns = len(self.columns), self.columns
        for number, written in self._records():
            if is_blank(written):
                continue
            cells = self._originals(written)
            if len(cells) == width or (len(cells) > width and is_blank(cells[width:])):
                yield Line(number, self.text.read, dict(zip(columns, cells, strict=False)), cells[:width])
            else:
                wrong = LineHasOtherCells(cells=len(cells), columns=width)
                yield Line(number, self.text.read, {}, cells, wrong=wrong)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line that each record begins on, and its cells. Errors: CsvIsBroken."""
        while True:
            begins = self.text.read + 1
            try:
                cells = next(self.reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise CsvIsBroken(line=begins, why=str(error), delimiter=self.delimiter) from None
            yield begins, cells

    def head(self) -> str:
        own = ("" if name in self.unnamed else name for name in self.columns if not name.startswith(OURS))
        return self._written([*self.refusal_columns, *own])

    def rejected(self, line: Line, refusal: Mapping[str, str]) -> str:
        """Return the line with our columns first: a line with too many cells keeps its own order then."""
        ours = {number for number, name in enumerate(self.columns) if name.startswith(OURS)}
        own = [cell for number, cell in enumerate(line.cells) if number not in ours]
        return self._written([*(refusal[name] for name in self.refusal_columns), *own])

    def _written(self, cells: Iterable[str]) -> str:
        """Return a record in which no cell is a formula."""
        written = io.StringIO()
        csv.writer(written, delimiter=self.delimiter, lineterminator=CRLF).writerow(map(neutral, cells))
        return written.getvalue().removesuffix(CRLF) + "\n"


@dataclass(slots=True)
class NdjsonFile:
    """A file with one JSON object a line."""

    text: TextLines
    refusal_columns: Sequence[str]
    columns: Sequence[str] | None = None
    unnamed: frozenset[str] = frozenset()

    def lines(self, after: int = 0) -> Iterator[Line]:
        self.text.skip_to(after)
        for text in iter(self.text):
            if text.strip():
                yield self._line(text)

    def _line(self, text: str) -> Line:
        number = self.text.read
        try:
            values = json_object(text)
            if TEXT in values:
                values = json_object(text := str(values[TEXT]))
        except LineIsNotJson as wrong:
            return Line(number, number, {}, text=text, wrong=wrong)
        return Line(number, number, values, text=text)

    def head(self) -> str:
        return ""

    def rejected(self, line: Line, refusal: Mapping[str, str]) -> str:
        own: Mapping[str, Any] = line.values if line.wrong is None else {TEXT: line.text.rstrip("\r\n")}
        kept = {name: value for name, value in own.items() if name == TEXT or not name.startswith(OURS)}
        return json.dumps({**refusal, **kept}, ensure_ascii=False) + "\n"


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object of a line; half characters in it are replaced. Errors: LineIsNotJson."""
    try:
        value = read_json(text, halves=True)
    except JsonIsBroken as wrong:
        raise LineIsNotJson(column=wrong.column, why=wrong.why) from None
    except JsonCannotBeRead as wrong:
        raise LineIsNotJson(column=1, why=wrong.why) from None
    if not isinstance(value, dict):
        raise LineIsNotJson(column=1, why="it is something else")
    if "\\ud" in text.lower():
        whole: dict[str, Any] = json.loads(writable(json.dumps(value, ensure_ascii=False)))
        return whole
    return value


def named_once(columns: Sequence[str]) -> list[str]:
    """Return the names of the columns; one that has none is named by its place. Errors: ColumnStandsTwice."""
    places: dict[str, int] = {}
    for place, name in enumerate(columns, 1):
        column = name or f"column {place}"
        if column in places:
            raise ColumnStandsTwice(column=column, first=places[column], second=place)
        places[column] = place
    return list(places)


def is_blank(cells: Sequence[str]) -> bool:
    return not any(cells) or not any(cell.strip() for cell in cells)


Open = Callable[[BinaryIO, Sequence[str], str, str], Opened]


def open_csv(file: BinaryIO, refusal_columns: Sequence[str], delimiter: str, encoding: str = UTF8) -> Opened:
    return CsvFile(TextLines(as_utf8(file, encoding), encoding), delimiter, refusal_columns)


def open_ndjson(file: BinaryIO, refusal_columns: Sequence[str], _: str, encoding: str = UTF8) -> Opened:
    return NdjsonFile(TextLines(as_utf8(file, encoding), encoding), refusal_columns)


FORMATS: Mapping[str, Open] = {"csv": open_csv, "ndjson": open_ndjson}
"""How each format is opened: from the file, the columns that explain a refusal, the delimiter of CSV, the encoding."""
SUFFIXES: Mapping[str, str] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


def format_of(path: Path) -> str:
    """Return the format of a file by its name. Errors: FormatIsUnknown."""
    format_name = SUFFIXES.get(path.suffix.lower())
    if format_name is None:
        raise FormatIsUnknown(name=path.name)
    return format_name
