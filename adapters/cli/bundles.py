"""What the commands about bundles do: write one, and verify one where nothing else of Perennial is installed."""

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

from adapters.access.operators import operator
from adapters.access.recording import Readings
from adapters.cli.errors import FileCannotBeUsed
from adapters.cli.log import existing_log
from adapters.cli.progress import counting_bar, printable, stderr
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.proof.bundle_rows import BundleRows, Opening
from adapters.postgres.proof.bundling import Bundle, Bundling, batches
from adapters.postgres.proof.tree_rows import Proofs
from adapters.proof.bundle import Person, written
from adapters.proof.bundle_verification import Held, Verified, verify
from adapters.proof.dispatch_rule import DispatchRule
from adapters.proof.logged_event import LoggedEvent
from adapters.proof.note import CheckpointCannotBeRead, read_checkpoint
from adapters.proof.report import not_shown, on_dispatches, shown
from adapters.proof.trail import Trail
from adapters.runtime.entropy import ENTROPY
from adapters.settings import Settings

SMALL = 10_000_000
"""Bytes. A smaller bundle is verified without a progress bar."""
PROGRESS_EVERY = 1000
"""Events."""
PAGE = "audit-bundle"


@dataclass(frozen=True, slots=True)
class BundleRequest:
    """What a bundle contains: a candidate, or what follows a position. `checkpoints`: files that it must extend."""

    candidate: UUID | None
    since: int | None
    checkpoints: tuple[Path, ...]
    opened: bool


def verify_bundle(file: Path, held: Held, *, dispatches: bool) -> None:
    """Verify a bundle and print what it shows. Errors: BundleDoesNotHold, CheckpointWasNotReached, FileCannotBeUsed.

    With `dispatches`, raise Exit with code 1 where it does not prove that every send had a consent in effect.
    """
    rule, trail = DispatchRule(), Trail()
    listeners = [trail.hear, *([rule.hear] if dispatches else [])]
    with open_file(file) as bundle, verification_bar(bundle) as count_event:

        def receive(event: LoggedEvent) -> None:
            for listener in listeners:
                listener(event)
            count_event()

        verified = verify(bundle, held, receive)
    proved, sentences = on_dispatches(verified, rule) if dispatches else (True, [])
    show(verified, trail, sentences)
    if not proved:
        raise typer.Exit(1)


def show(verified: Verified, trail: Trail, on_sends: list[str]) -> None:
    """Print the result on standard output, all of it or none. Errors: BundleDoesNotHold."""
    lines = list(shown(verified))
    if isinstance(verified.of, Person):
        lines += ["", "THE CONSENT TRAIL, in the order in which we learned it (times in UTC):"]
        lines += [f"  {line}" for line in trail.lines()]
    lines += ["", *on_sends] if on_sends else []
    lines += ["", "NOT SHOWN by this bundle:", *(f"  - {line}" for line in not_shown(verified))]
    for line in lines:
        typer.echo(printable(line))


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """Yield the open file. Errors: FileCannotBeUsed."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise FileCannotBeUsed(path, error.strerror or str(error)) from error


def held_by_auditor(key: str | None, checkpoint: Path | None) -> Held:
    """Return the key and the checkpoint that the auditor has. `key`: its text, or a file. Errors: FileCannotBeUsed."""
    if key is not None and "+" not in key:
        key = text_of(Path(key)).strip()
    return Held(key, None if checkpoint is None else note_in(checkpoint))


def note_in(path: Path) -> str:
    """Return the checkpoint in a file. Errors: FileCannotBeUsed."""
    note = text_of(path)
    try:
        read_checkpoint(note)
    except CheckpointCannotBeRead as error:
        raise FileCannotBeUsed(path, f"{error}"[0].lower() + f"{error}"[1:].rstrip(".")) from error
    return note


def text_of(path: Path) -> str:
    """Return the text of a file. Errors: FileCannotBeUsed."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileCannotBeUsed(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise FileCannotBeUsed(path, "it is no text") from error


@contextmanager
def verification_bar(file: IO[bytes]) -> Iterator[Callable[[], None]]:
    """Yield a callback for each event. A large file has a progress bar by bytes that are read."""
    size, events = os.fstat(file.fileno()).st_size, 0
    if size < SMALL:
        yield lambda: None
        return
    with counting_bar("verifying (bytes)", size) as update:

        def count_event() -> None:
            nonlocal events
            events += 1
            if events % PROGRESS_EVERY == 0:
                update(file.tell())

        yield count_event
        update(size)


def make_bundle(request: BundleRequest, out: Path | None, settings: Settings) -> None:
    """Write a bundle, and record in the log who exported it.

    Errors: CandidateDoesNotExist, NothingIsSignedYet, CheckpointIsNotOurs, FileCannotBeUsed.
    """
    with existing_log(settings) as log:
        bundle = bundle_of(log, request)
        record(log, bundle, request)
        write(bundle, out)


def bundle_of(log: EventLog, request: BundleRequest) -> Bundle:
    """Return the bundle that is requested. Errors: as of `make_bundle`."""
    datastore = log.recorder.datastore
    opening = Opening(log) if request.opened else None
    bundling = Bundling(Proofs(datastore), BundleRows(datastore), opening)
    sizes = [size_of(path) for path in request.checkpoints]
    if request.candidate is not None:
        return bundling.of_candidate(request.candidate, sizes)
    return bundling.since(request.since or 0, sizes)


def size_of(path: Path) -> int:
    """Return the tree size of the checkpoint in a file. Errors: FileCannotBeUsed."""
    return read_checkpoint(note_in(path)).size


def record(log: EventLog, bundle: Bundle, request: BundleRequest) -> None:
    """Record in the log that an operator exports these people."""
    principal = operator()
    holds = ("proofs", "clear", *(("personal",) if request.opened else ()))
    view_stream = partial(log.mapper.keyring.key_file.stream_of, "perennial", "view")
    readings = Readings(log, ENTROPY.new_id, lambda: datetime.now(UTC), view_stream)
    for people in batches(bundle.people):
        readings.exported(principal, PAGE, people, holds)


def write(bundle: Bundle, out: Path | None) -> None:
    """Write to standard output, or to a file that only its owner may read and that is complete or absent.

    Errors: FileCannotBeUsed.
    """
    if out is None:
        for piece in written(bundle.header, bundle.entries):
            typer.echo(piece, nl=False)
        return
    beside = out.with_name(f"{out.name}.{secrets.token_hex(4)}.new")
    try:
        write_private(bundle, beside)
        beside.replace(out)
    except OSError as error:
        raise FileCannotBeUsed(out, error.strerror or str(error)) from error
    finally:
        beside.unlink(missing_ok=True)
    stderr.print(f"{bundle.events} events with their proofs are in {out}", highlight=False, soft_wrap=True)


def write_private(bundle: Bundle, path: Path) -> None:
    """Write a new file that only its owner may read, with a progress bar."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file, counting_bar("writing events", bundle.events) as update:
        for number, piece in enumerate(written(bundle.header, bundle.entries)):
            file.write(piece)
            if number % PROGRESS_EVERY == 0:
                update(number)
        update(bundle.events)
