"""Imports files of history block by block, through the same decisions as every other command, and only once."""

from __future__ import annotations

import fcntl
import gc
import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from adapters.intake.imports.block import REFUSAL_COLUMNS, Block, Entry, Reader, outcome_head
from adapters.intake.imports.columns import TODAYS_NAMES, columns_of
from adapters.intake.imports.encodings import UTF8, delimiter_of, encoding_of, require_content
from adapters.intake.imports.kinds import KINDS
from adapters.intake.imports.ledger import OUTCOMES, REJECTED, Ledger, Standing
from adapters.intake.imports.lines import FORMATS, Opened
from adapters.intake.imports.mapping import PLAIN, Wording, Writing, translator
from adapters.intake.imports.origin import Origin
from adapters.intake.imports.refusals import (
    FileCannotBeImported,
    FormatIsUnknown,
    ImportIsAtWork,
    SystemIsWrittenWrongly,
)
from adapters.intake.imports.row import Manner
from adapters.intake.imports.trying import TryingLog
from adapters.intake.remembering import RememberingLog
from adapters.postgres.log.append import AlreadyReceived
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.store import PersonWasErased
from adapters.postgres.tables.offsets import reached
from commands.attached import Attached, Offset
from commands.handle import Result
from commands.handle_in_order import handle_in_order
from commands.log import Log
from commands.verb import Verb
from domain.codes import CODE

LINES_AT_ONCE = 4_000
BYTES_AT_ONCE = 4 * 1024 * 1024
BLOCKS_BEFORE_LOOKING_AT_ALL = 100
LOCK = "lock"
PLAIN_DELIMITER = ","
PREFIX = "import:"
NAME_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Order:
    """A file to import: its path, the kind of its lines, the system that it comes from, and the wording of its columns.

    Errors: KindIsUnknown, SystemIsWrittenWrongly, FormatIsUnknown.
    """

    path: Path
    kind: str
    system: str
    format: str
    wording: Wording = PLAIN

    def __post_init__(self) -> None:
        columns_of(self.kind)
        if not re.fullmatch(CODE.pattern, self.system):
            raise SystemIsWrittenWrongly(system=self.system)
        if self.format not in FORMATS:
            raise FormatIsUnknown(name=self.format)

    def identity(self, content: str) -> bytes:
        """Return all that distinguishes this import from any other, given the hash of the file."""
        parts = [content, self.kind, self.system, self.format, self.wording.identity()]
        return json.dumps(parts, sort_keys=True).encode()

    def settled(self) -> Order:
        """Return the order with the encoding and the delimiter of the file, detected where they are not named. Errors:
        FileIsEmpty."""
        require_content(self.path)
        writing = self.wording.writing
        encoding = writing.encoding or encoding_of(self.path)
        delimiter = writing.delimiter
        if delimiter is None and self.format == "csv":
            theirs = {name for ours in self.wording.columns for name in self.wording.theirs(ours)}
            delimiter = delimiter_of(
                self.path, encoding, {*columns_of(self.kind), *TODAYS_NAMES, *theirs, *REFUSAL_COLUMNS}
            )
        return replace(self, wording=self.wording.written(delimiter or PLAIN_DELIMITER, encoding))

    def open(self, file: BinaryIO) -> Opened:
        """Open the file of a settled order. Errors: FileCannotBeImported."""
        writing = self.wording.writing
        return FORMATS[self.format](
            file, REFUSAL_COLUMNS, writing.delimiter or PLAIN_DELIMITER, writing.encoding or UTF8
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the file. `went_on_after`: the line up to which it had been imported before this run.

    `through`: it was read to its end. `seconds`: how long this run took. `writing`: how the file was read.
    """

    standing: Standing
    through: bool
    went_on_after: int
    seconds: float
    writing: Writing = PLAIN.writing


Progress = Callable[[int, int, Standing], object]
"""Called with the bytes read so far, the size in bytes, and the standing."""


def no_progress(_: int, __: int, ___: Standing) -> None: ...


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports files. `zone`: of times that name none. `now`: the time, with its zone. `folder`: of the ledgers."""

    log: EventLog
    verbs: Mapping[type, Verb]
    zone: ZoneInfo
    now: Callable[[], datetime]
    folder: Path
    lines_at_once: int = LINES_AT_ONCE

    def import_file(
        self, order: Order, to: Mapping[str, Path | None], *, dry_run: bool = False, progress: Progress = no_progress
    ) -> Report:
        """Import a file from its beginning, or from where an earlier run stopped, to its end. `to`: where its sheets go
        then.

        A dry run decides every line and writes nothing but the sheets. It cannot foresee what lines that are further
        apart than a block mean for each other, nor what others write meanwhile. Errors: as of `run`.
        """
        per_line = to.get(OUTCOMES) is not None
        order = order.settled()
        if dry_run:
            return self._try(order, to, per_line, progress)
        name = self._consumer(order)
        folder = self.folder / name.removeprefix(PREFIX)[:NAME_LENGTH]
        report = self._run_named(name, order, folder, per_line, progress, never)
        handed_over(report, folder, to)
        shutil.rmtree(folder)
        return report

    def _try(self, order: Order, to: Mapping[str, Path | None], per_line: bool, progress: Progress) -> Report:
        """Return the report of a dry run. Its sheets are among those of all imports, where an erasure finds them if it
        is killed."""
        trying = self.folder / str(uuid4())
        try:
            run = Run(order, self, TryingLog(RememberingLog(self.log)), Ledger(trying), per_line, "dry-run")
            return handed_over(self._run(run, 0, progress, never), trying, to)
        finally:
            shutil.rmtree(trying, ignore_errors=True)

    def run(self, order: Order, folder: Path, progress: Progress, stopping: Callable[[], bool]) -> Report:
        """Import the file from where an earlier run stopped, until its end or `stopping`. Its ledger and its rejected
        lines are kept in `folder`.

        Errors: ImportIsAtWork, and FileCannotBeImported for what stops it at a line; the lines before stay imported.
        """
        order = order.settled()
        return self._run_named(self._consumer(order), order, folder, False, progress, stopping)

    def _consumer(self, order: Order) -> str:
        """Return the name under which the log stores how far this file is imported."""
        return PREFIX + self.log.mapper.keyring.key_file.fingerprint("import", order.identity(hash_of(order.path)))

    def _run_named(
        self,
        consumer: str,
        order: Order,
        folder: Path,
        per_line: bool,
        progress: Progress,
        stopping: Callable[[], bool],
    ) -> Report:
        with self.log.recorder.datastore.pool.connection() as connection:
            number = reached(connection, consumer)
        run = Run(order, self, RememberingLog(self.log), Ledger(folder), per_line, consumer)
        return self._run(run, number, progress, stopping)

    def _run(self, run: Run, number: int, progress: Progress, stopping: Callable[[], bool]) -> Report:
        began, ledger, path = time.monotonic(), run.ledger, run.order.path
        with alone(ledger.folder), path.open("rb") as file:
            before = ledger.resume(number)
            opened = run.order.open(file)
            ledger.heads = {REJECTED: opened.head(), OUTCOMES: outcome_head()}
            size = path.stat().st_size
            through = run.through(opened, lambda: progress(opened.text.size, size, ledger.kept), stopping)
        return Report(ledger.kept, through, before.line, time.monotonic() - began, run.order.wording.writing)


@dataclass(frozen=True, slots=True)
class Run:
    """One run over a file. `log`: the real log, or one for a dry run."""

    order: Order
    importer: Importer
    log: Log
    ledger: Ledger
    per_line: bool
    consumer: str

    def through(self, opened: Opened, report: Callable[[], object], stopping: Callable[[], bool]) -> bool:
        """Import the rest of the file, and return whether its end was reached."""
        kind, wording = self.order.kind, self.order.wording.of_file(opened.columns)
        about_records = KINDS[kind].record is not None
        translate = translator(kind, wording, opened.columns, opened.unnamed)
        reader = Reader(kind, translate, self._manner(), about_records)
        log = self.importer.log
        origin = Origin(self.order.system, log.mapper.keyring.key_file, self.importer.now(), log.addresses.region)
        for entries in self._blocks(opened, reader):
            self._take_in(Block(kind, KINDS[kind], origin, self.log, entries, wording), opened)
            report()
            if stopping():
                return False
        self._end()
        return True

    def _manner(self) -> Manner:
        writing = self.order.wording.writing
        zone = self.importer.zone if writing.zone is None else ZoneInfo(writing.zone)
        return Manner(zone, writing.times, writing.list_separator, self.importer.now())

    def _blocks(self, opened: Opened, reader: Reader) -> Iterator[list[Entry]]:
        """Yield the lines that are not imported yet, in blocks; a record that is repeated begins another block."""
        entries: list[Entry] = []
        records: set[str] = set()
        begins = 0
        for entry in until_broken(map(reader.read, opened.lines(self.ledger.kept.line))):
            full = len(entries) >= self.importer.lines_at_once or opened.text.size - begins > BYTES_AT_ONCE
            again = not isinstance(entry, Exception) and entry.record in records
            if entries and (full or again or isinstance(entry, Exception)):
                yield entries
                entries, records = [], set()
            if isinstance(entry, Exception):
                raise entry
            begins = begins if entries else opened.text.size
            entries.append(entry)
            if entry.record is not None:
                records.add(entry.record)
        if entries:
            yield entries

    def _take_in(self, block: Block, opened: Opened) -> None:
        """Decide the block and append its events, once. Errors: ImportIsAtWork."""
        proposed = self.ledger.kept

        def attach(results: Sequence[Result]) -> Attached:
            nonlocal proposed
            proposed = self.ledger.propose(block.decided(results, opened, per_line=self.per_line))
            return self._attached(proposed)

        verbs = self.importer.verbs
        while True:
            try:
                handle_in_order(self.log, verbs, list(block.intentions.values()), attach=attach, once=True)
            except PersonWasErased:
                if not block.refuse_erased(self._erased(block)):
                    raise
            except AlreadyReceived:
                raise ImportIsAtWork from None
            else:
                return self.ledger.keep(proposed)

    def _attached(self, standing: Standing) -> Attached:
        return Attached(offset=Offset(self.consumer, standing.number))

    def _erased(self, block: Block) -> set[UUID]:
        """Return the people of the block who were erased."""
        keys = self.importer.log.recorder.keys_of(block.owners())
        return {person for person, key in keys.items() if key.wrapped is None}

    def _end(self) -> None:
        """Record that the file is through: imported again it is read from its beginning, and adds nothing that is
        known."""
        ended = self.ledger.ended()
        handle_in_order(self.log, self.importer.verbs, [], attach=lambda _: self._attached(ended))
        self.ledger.end()


def until_broken(entries: Iterator[Entry]) -> Iterator[Entry | FileCannotBeImported]:
    """Yield the entries and, where they end before the file does, the error."""
    try:
        yield from entries
    except FileCannotBeImported as broken:
        yield broken


def handed_over(report: Report, folder: Path, to: Mapping[str, Path | None]) -> Report:
    """Move the sheets to where they belong, and return the report. A sheet without a line overwrites nothing."""
    for name, path in to.items():
        if path is not None and (folder / name).exists():
            shutil.move(folder / name, path)
    return report


@contextmanager
def collecting_between(progress: Progress) -> Iterator[Progress]:
    """Collect garbage between blocks only, when all that a block made is free; for a process that does nothing else.

    Collecting all the time among what is still needed would take a fifth of the time.
    """
    blocks = 0

    def collect(read: int, size: int, standing: Standing) -> None:
        nonlocal blocks
        blocks += 1
        gc.collect(2 if blocks % BLOCKS_BEFORE_LOOKING_AT_ALL == 0 else 1)
        progress(read, size, standing)

    gc.disable()
    try:
        yield collect
    finally:
        gc.enable()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Lock the folder. Errors: ImportIsAtWork."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImportIsAtWork from None
        yield


def hash_of(path: Path) -> str:
    """Return the SHA-256 of the file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
