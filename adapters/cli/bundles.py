"""What an auditor types: have a bundle made, and verify one where there is nothing else of Perennial."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO
from uuid import UUID

import typer

from adapters import bootstrap
from adapters.access.operators import operator
from adapters.access.recording import Readings
from adapters.cli.progress import bar, printable, say
from adapters.postgres.keys.sealing import SealIsBroken
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.proof.bundle_rows import BundleRows, Opening
from adapters.postgres.proof.bundling import Bundle, Bundling, CheckpointIsNotOurs, NothingIsSignedYet, batches
from adapters.postgres.proof.tree_rows import Proofs
from adapters.proof.bundle import Person, written
from adapters.proof.bundle_reading import BundleDoesNotHold
from adapters.proof.bundle_verification import CheckpointWasNotReached, Held, Verified, verify
from adapters.proof.dispatch_rule import DispatchRule
from adapters.proof.logged_event import LoggedEvent
from adapters.proof.note import CheckpointCannotBeRead, read_checkpoint
from adapters.proof.report import not_shown, on_dispatches, shown
from adapters.proof.trail import Trail
from adapters.proof.tree import TreeIsSmaller
from adapters.runtime.entropy import ENTROPY
from adapters.settings import Settings
from domain.candidate import CandidateDoesNotExist

SMALL = 10_000_000
"""Bytes that are read before anybody would want to see a progress bar."""
TOLD_EVERY = 1000
PAGE = "audit-bundle"


class FileCannotBeUsed(Exception):
    """{path} cannot be used: {why}."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__((self.__doc__ or "").format(path=path, why=why))


COMPLAINTS = (
    BundleDoesNotHold,
    CandidateDoesNotExist,
    CheckpointCannotBeRead,
    CheckpointIsNotOurs,
    CheckpointWasNotReached,
    FileCannotBeUsed,
    NothingIsSignedYet,
    SealIsBroken,
    TreeIsSmaller,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a bundle is asked to be: of a candidate or since a position; the files of older checkpoints to lead from."""

    candidate: UUID | None
    since: int | None
    checkpoints: tuple[Path, ...]
    opened: bool


def verify_bundle(file: Path, held: Held, *, dispatches: bool) -> None:
    """Says what a bundle shows. Errors: BundleDoesNotHold, CheckpointWasNotReached, FileCannotBeUsed.

    Exit code 1 where `dispatches` is asked and it is not proved that nothing was sent without a consent.
    """
    rule, trail = DispatchRule(), Trail()
    hearing = [trail.hear, *([rule.hear] if dispatches else [])]
    with opened_file(file) as bundle, progress_of(bundle) as told_so:

        def hear(told: LoggedEvent) -> None:
            for one in hearing:
                one(told)
            told_so()

        verified = verify(bundle, held, hear)
    proved, sentences = on_dispatches(verified, rule) if dispatches else (True, [])
    tell(verified, trail, sentences)
    if not proved:
        raise typer.Exit(1)


def tell(verified: Verified, trail: Trail, on_sends: list[str]) -> None:
    """On standard output, so that it can be kept; nothing of it before all of it is known.

    Errors: BundleDoesNotHold.
    """
    lines = list(shown(verified))
    if isinstance(verified.of, Person):
        lines += ["", "THE CONSENT TRAIL, in the order in which we learned it (times in UTC):"]
        lines += [f"  {line}" for line in trail.lines()]
    lines += ["", *on_sends] if on_sends else []
    lines += ["", "NOT SHOWN by this bundle:", *(f"  - {line}" for line in not_shown(verified))]
    for line in lines:
        typer.echo(printable(line))


@contextmanager
def opened_file(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise FileCannotBeUsed(path, error.strerror or str(error)) from error


def held(key: str | None, checkpoint: Path | None) -> Held:
    """What the auditor has from elsewhere; `key`: its text, or a file that has it. Errors: FileCannotBeUsed."""
    known = None if key is None else key if "+" in key else text_of(Path(key)).strip()
    return Held(known, None if checkpoint is None else note_in(checkpoint))


def note_in(path: Path) -> str:
    """The checkpoint in a file. Errors: FileCannotBeUsed."""
    note = text_of(path)
    try:
        read_checkpoint(note)
    except CheckpointCannotBeRead as error:
        raise FileCannotBeUsed(path, f"{error}"[0].lower() + f"{error}"[1:].rstrip(".")) from error
    return note


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileCannotBeUsed(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise FileCannotBeUsed(path, "it is no text") from error


@contextmanager
def progress_of(file: IO[bytes]) -> Iterator[Callable[[], None]]:
    """A progress bar by the bytes that are read, where there are many."""
    size, heard = os.fstat(file.fileno()).st_size, 0
    if size < SMALL:
        yield lambda: None
        return
    with bar("verifying (bytes)", size) as show:

        def told() -> None:
            nonlocal heard
            heard += 1
            if heard % TOLD_EVERY == 0:
                show(file.tell())

        yield told
        show(size)


def make_bundle(asked: Asked, out: Path | None, settings: Settings) -> None:
    """Writes the bundle, and records in the log who took it. Errors: CandidateDoesNotExist, NothingIsSignedYet,
    CheckpointIsNotOurs, FileCannotBeUsed."""
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        bundle = bundle_of(log, asked)
        record(log, bundle, asked)
        write(bundle, out)


def bundle_of(log: EventLog, asked: Asked) -> Bundle:
    datastore = log.recorder.datastore
    opening = Opening(log) if asked.opened else None
    bundling = Bundling(Proofs(datastore), BundleRows(datastore), opening)
    sizes = [size_of(path) for path in asked.checkpoints]
    if asked.candidate is not None:
        return bundling.of_candidate(asked.candidate, sizes)
    return bundling.since(asked.since or 0, sizes)


def size_of(path: Path) -> int:
    return read_checkpoint(note_in(path)).size


def record(log: EventLog, bundle: Bundle, asked: Asked) -> None:
    who = operator()
    holds = ("proofs", "clear", *(("personal",) if asked.opened else ()))
    view_stream = partial(log.mapper.keyring.key_file.stream_of, "perennial", "view")
    readings = Readings(log, ENTROPY.new_id, lambda: datetime.now(UTC), view_stream)
    for some in batches(bundle.people):
        readings.exported(who, PAGE, some, holds)


def write(bundle: Bundle, out: Path | None) -> None:
    """To the file, which is there whole or not at all and its owner's alone; else to standard output."""
    if out is None:
        for piece in written(bundle.header, bundle.entries):
            typer.echo(piece, nl=False)
        return
    beside = out.with_name(f"{out.name}.{secrets.token_hex(4)}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file, bar("writing events", bundle.events) as show:
            for number, piece in enumerate(written(bundle.header, bundle.entries)):
                file.write(piece)
                if number % TOLD_EVERY == 0:
                    show(number)
            show(bundle.events)
        beside.replace(out)
    except OSError as error:
        raise FileCannotBeUsed(out, error.strerror or str(error)) from error
    finally:
        beside.unlink(missing_ok=True)
    say.print(f"{bundle.events} events with their proofs are in {out}", highlight=False, soft_wrap=True)
