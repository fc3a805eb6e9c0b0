"""Detects the encoding and the delimiter of a file, or takes those that its sender names."""

from __future__ import annotations

import codecs
import csv
import io
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from charset_normalizer import from_bytes

from adapters.intake.imports.refusals import DelimiterIsUnknown, EncodingIsUnknown, FileIsEmpty
from domain.storable import UNSTORABLE, is_storable_text

UTF8 = "utf-8"
MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks and what they say, the longer ones before those that they begin with."""
BYTES_AT_ONCE = 1024 * 1024
SAMPLE_BYTES = 64 * 1024
CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "mac_roman",
]  # fmt: skip
"""Encodings that people's exports are in, where they are not in Unicode."""
FALLBACK = "cp1252"
DELIMITERS = ",;\t|"
BROKEN = "perennial-broken"


def broken(error: UnicodeError) -> tuple[str, int]:
    """Return what replaces bytes that the encoding does not have: one that is not UTF-8, so that their line is named
    later."""
    return "\udcff", getattr(error, "end", 1)


codecs.register_error(BROKEN, broken)


def encoding_named(name: str) -> str:
    """Return Python's name of an encoding of text. Errors: EncodingIsUnknown."""
    try:
        codec = codecs.lookup(name)
        "x".encode(codec.name)
    except (LookupError, ValueError):
        raise EncodingIsUnknown(name=name[:40]) from None
    return UTF8 if codec.name == "utf-8-sig" else codec.name


DELIMITERS_BY_NAME = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


def delimiter_named(name: str) -> str:
    """Return the delimiter that a name, or the character itself, means. Errors: DelimiterIsUnknown."""
    delimiter = DELIMITERS_BY_NAME.get(name.lower(), "\t" if name == "\\t" else name)
    if len(delimiter) != 1 or delimiter in '"\r\n\0' or not is_storable_text(delimiter):
        raise DelimiterIsUnknown(name=UNSTORABLE.sub("\ufffd", name[:40]))
    return delimiter


def encoding_of(path: Path) -> str:
    """Return the encoding of the file: by a mark, by the zeros of UTF-16, as UTF-8, or as the likeliest other.

    A file that is UTF-8 but for a few bytes is UTF-8: it stops at them, instead of being read wrongly as a whole.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    return zeros_tell(head) or (UTF8 if is_mostly_utf8(path) else likeliest(path))


def require_content(path: Path) -> None:
    """Raises FileIsEmpty, where nothing but blanks and a byte order mark is in it."""
    if path.stat().st_size <= SAMPLE_BYTES and not path.read_bytes().strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise FileIsEmpty


def zeros_tell(head: bytes) -> str | None:
    """Return UTF-16 or UTF-32 where the zeros of a file without a mark show it: one byte in two, or three in four."""
    if b"\0" not in head:
        return None
    quarter = max(len(head) // 4, 1)
    at = [head[place::4].count(0) / quarter for place in range(4)]
    for encoding, zero in (("utf-32-le", (1, 2, 3)), ("utf-32-be", (0, 1, 2))):
        if all(at[place] > 0.9 for place in zero):
            return encoding
    little, big = at[1] + at[3], at[0] + at[2]
    if max(little, big) < 0.2 or min(little, big) > 0.1 * max(little, big):
        return None
    if b"\0" not in head.partition(b"\n")[0]:
        return None  # a short file of another encoding with zeros in its cells: its header has none
    return "utf-16-le" if little > big else "utf-16-be"


def is_mostly_utf8(path: Path) -> bool:
    """Return whether the file is UTF-8, or most of its characters beyond ASCII are."""
    decoder = codecs.getincrementaldecoder(UTF8)()
    try:
        for piece in pieces(path):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        text = sample_beyond_ascii(path).decode(UTF8, "surrogateescape")
        return len(WHOLE.findall(text)) > len(WRONG.findall(text))
    return True


WHOLE, WRONG = re.compile("[^\x00-\x7f\udc80-\udcff]"), re.compile("[\udc80-\udcff]")


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(BYTES_AT_ONCE):
            yield piece


def sample_beyond_ascii(path: Path) -> bytes:
    """Return as many lines that are not ASCII as a sample needs."""
    sample = b""
    with path.open("rb") as file:
        for line in iter(lambda: file.readline(SAMPLE_BYTES), b""):
            if not line.isascii():
                sample += line
            if len(sample) >= SAMPLE_BYTES:
                break
    return sample


def likeliest(path: Path) -> str:
    """Return the encoding in which the lines that are not ASCII read most like a language."""
    best = from_bytes(sample_beyond_ascii(path), cp_isolation=CANDIDATES, threshold=0.4).best()
    if best is None or FALLBACK in (best.encoding, *best.could_be_from_charset):
        return FALLBACK
    return best.encoding


class Transcoded(io.RawIOBase):
    """A file of another encoding as UTF-8, a piece at a time. What the encoding does not have comes out as 0xFF."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)(BROKEN)
        self._left = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left and not self._ended:
            raw = self._file.read(SAMPLE_BYTES)
            self._ended = not raw
            self._left = self._decoder.decode(raw, final=self._ended).encode(UTF8, "surrogateescape")
        n = min(len(buffer), len(self._left))
        buffer[:n], self._left = self._left[:n], self._left[n:]
        return n


def as_utf8(file: BinaryIO, encoding: str) -> BinaryIO:
    """Return the same text in UTF-8; a mark at its beginning stays one."""
    return file if encoding == UTF8 else io.BufferedReader(Transcoded(file, encoding))


def make_utf8(path: Path, encoding: str) -> None:
    """Convert the file to UTF-8, unless it is UTF-8 already."""
    if encoding != UTF8:
        beside = path.with_name(f"{path.name}.new")
        with path.open("rb") as file, beside.open("wb") as written:
            shutil.copyfileobj(as_utf8(file, encoding), written, SAMPLE_BYTES)
        beside.replace(path)


def delimiter_of(path: Path, encoding: str, column_names: Collection[str]) -> str:
    """Return the delimiter of a CSV file: the one that splits its head into the most of these column names, or else
    into the most columns."""
    with path.open("rb") as raw:
        text = as_utf8(raw, encoding).read(SAMPLE_BYTES).decode(UTF8, "replace").removeprefix("\ufeff")
    named = separator_line(text.split("\n", 1)[0])
    return named or max(DELIMITERS, key=lambda delimiter: columns_by(text, delimiter, column_names))


def columns_by(text: str, delimiter: str, column_names: Collection[str]) -> tuple[int, int]:
    """Return how many of these column names, and how many columns at all, the head has by this delimiter."""
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        head = next((row for row in rows if any(cell.strip() for cell in row)), [])
    except csv.Error:
        return 0, 0
    return sum(cell.strip() in column_names for cell in head), len(head)


def separator_line(line: str) -> str | None:
    """Return the delimiter that Excel's first line `sep=;` names."""
    text = line.removeprefix("\ufeff").strip("\r\n").strip('"')
    return text[4] if len(text) == 5 and text.lower().startswith("sep=") else None
