"""Removes from the uploaded files what they say of a person: lines about them, or with an address of theirs."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.intake.addresses import LIKE_A_PHONE, mentioned
from adapters.intake.imports.block import Reader
from adapters.intake.imports.importing import Order, alone
from adapters.intake.imports.kinds import KINDS, owner_of
from adapters.intake.imports.ledger import REJECTED
from adapters.intake.imports.lines import LONGEST_LINE, Line, Opened
from adapters.intake.imports.mapping import translator
from adapters.intake.imports.origin import Origin
from adapters.intake.imports.refusals import FileCannotBeImported, ImportIsAtWork
from adapters.intake.imports.row import Manner, Row
from adapters.intake.imports.upload_store import UPLOAD, About, UploadStore
from adapters.postgres.keys.key_file import KeyFile
from domain.errors import Refused
from domain.profile_facts import address_key


@dataclass(frozen=True, slots=True)
class Sought:
    """The person of whom nothing is to be left: their `records`, e-mail addresses and telephone numbers."""

    records: Collection[UUID]
    emails: re.Pattern[str] | None
    phones: frozenset[str]
    forms: frozenset[tuple[str, str]] = frozenset()
    region: str | None = None

    def is_named(self, text: str) -> bool:
        """Return whether an address of the person is in the text, in any spelling. A longer address is another one."""
        if self.emails is not None and self.emails.search(" ".join(text.casefold().split())):
            return True
        if any(address_key("phone", number) in self.phones for number in LIKE_A_PHONE.findall(text)):
            return True
        return not self.forms.isdisjoint(mentioned(text, self.region))


def sought(
    records: Collection[UUID],
    addresses: Iterable[tuple[str, str]],
    forms: Iterable[tuple[str, str]] = (),
    region: str | None = None,
) -> Sought:
    """Return what identifies the person. `forms`: of the same addresses, by kind. `region`: the country of phone
    numbers that name none."""
    keys: dict[str, set[str]] = {"email": set(), "phone": set()}
    for kind, address in addresses:
        keys[kind].add(address_key(kind, address))
    emails = "|".join(re.escape(key) for key in sorted(keys["email"]) if key)
    pattern = re.compile(rf"(?<![\w.+-])(?:{emails})(?![\w-]|\.\w)") if emails else None
    return Sought(records, pattern, frozenset(keys["phone"]) - {""}, frozenset(forms), region)


def forget(uploads: UploadStore, key_file: KeyFile, whom: Sought) -> int:
    """Remove the person from waiting uploads and rejected lines, and return how many lines were removed.

    Errors: ImportIsAtWork, where an import that says something of the person is running; raised once all others are
    done. Call it again when that import has ended.
    """
    taken, at_work = 0, None
    for folder in (path for path in sorted(uploads.folder.glob("*")) if path.is_dir() and path != uploads.coming):
        try:
            taken += forget_in(uploads, folder, key_file, whom)
        except ImportIsAtWork as error:
            at_work = error
    if at_work is not None:
        raise at_work
    return taken


def forget_in(uploads: UploadStore, folder: Path, key_file: KeyFile, whom: Sought) -> int:
    about = uploads.find(UUID(folder.name))
    if about is None:
        finders: Mapping[str, Finder] = {REJECTED: partial(naming, whom=whom)}
    else:
        finders = dict.fromkeys((UPLOAD, REJECTED), partial(lines_about, about=about, key_file=key_file, whom=whom))
    present = {folder / name: find for name, find in finders.items() if (folder / name).exists()}
    try:
        with keeping_time(folder), alone(folder):
            for path in present:
                beside(path).unlink(missing_ok=True)  # left by a process that was killed, with lines of others in it
            taken = sum(take_out(path, find(path)) for path, find in present.items())
    except ImportIsAtWork:
        if any(find(path) for path, find in present.items()):
            raise
        return 0
    if taken:
        settle(uploads, folder, about)
    return taken


@contextmanager
def keeping_time(folder: Path) -> Iterator[None]:
    """Restore the time of the folder at the end: it says how long the folder is kept."""
    before = folder.stat()
    yield
    os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))


def settle(uploads: UploadStore, folder: Path, about: About | None) -> None:
    """Update the note of the upload; an import on the command line that was broken off is removed, and begins anew."""
    if about is None:
        shutil.rmtree(folder, ignore_errors=True)
    elif (folder / UPLOAD).exists():
        uploads.note(replace(about, size=(folder / UPLOAD).stat().st_size))


Finder = Callable[[Path], set[int]]
"""The numbers of a file's lines, from 1, that say something of the person."""


def lines_about(path: Path, about: About, key_file: KeyFile, whom: Sought) -> set[int]:
    """Return the numbers of the lines about the person: read as the import reads them while that is possible, then as
    raw lines."""
    order = Order(path, about.kind, about.system, about.format, about.wording)
    line_numbers: set[int] = set()
    reached = 0
    with path.open("rb") as file:
        try:
            order = order.settled()
            opened = order.open(file)
            is_about = judge(order, opened, key_file, whom)
            for line in opened.lines():
                reached = line.last
                if is_about(line):
                    line_numbers.update(range(line.number, line.last + 1))
        except FileCannotBeImported:
            return line_numbers | {number for number in naming(path, whom) if number > reached}
    return line_numbers


def judge(order: Order, opened: Opened, key_file: KeyFile, whom: Sought) -> Callable[[Line], bool]:
    """Return a function that says whether a line is about the person, or names an address of theirs."""
    kind, origin = KINDS[order.kind], Origin(order.system, key_file, datetime.now(UTC))
    manner = Manner(ZoneInfo("UTC"), order.wording.writing.times, order.wording.writing.list_separator)
    reader = Reader(
        order.kind,
        translator(order.kind, order.wording, opened.columns, opened.unnamed),
        manner,
        kind.record is not None,
    )

    def is_about(line: Line) -> bool:
        if any(map(whom.is_named, texts_of(line))):
            return True
        row = reader.read(line).row
        try:
            return isinstance(row, Row) and owner_of(kind, row, origin) in whom.records
        except Refused:
            return False

    return is_about


def texts_of(line: Line) -> Iterator[str]:
    """Yield every text of the line."""
    yield from line.cells or texts_in(line.values)
    if line.wrong is not None:
        yield line.text


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif value is not None:
        yield str(value)


def naming(path: Path, whom: Sought) -> set[int]:
    """Return the numbers of the lines in which an address of the person stands, in a file of any format."""
    with path.open("rb") as file:
        lines = enumerate(raw_lines(file), start=1)
        return {number for number, raw in lines if whom.is_named(raw.decode("utf-8", "replace"))}


def raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines as an import counts them."""
    while raw := file.readline(LONGEST_LINE + 1):
        yield raw


def take_out(path: Path, gone: set[int]) -> int:
    """Remove these lines from the file, and return how many they are. A crash meanwhile leaves the file as it was."""
    if gone:
        with path.open("rb") as file, beside(path).open("wb") as kept:
            kept.writelines(raw for number, raw in enumerate(raw_lines(file), start=1) if number not in gone)
            kept.flush()
            os.fsync(kept.fileno())
        beside(path).replace(path)
    return len(gone)


def beside(path: Path) -> Path:
    """Return the path at which the new version of the file is written."""
    return path.with_name(f"{path.name}.new")
