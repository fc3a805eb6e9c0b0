"""Stores uploaded files until they are imported, each with a note, in a folder that is removed after thirty days."""

from __future__ import annotations

import errno
import fcntl
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from adapters.intake.imports.importing import Order, alone
from adapters.intake.imports.ledger import REJECTED, STATE, Ledger, Standing
from adapters.intake.imports.mapping import PLAIN, Wording, wording_of
from adapters.intake.imports.refusals import ImportIsAtWork

KEPT_FOR = timedelta(days=30)
BEGINS_WITHIN = timedelta(minutes=1)
"""How long a folder may be without its lock or its note: both come in the next moment, or never."""
ABOUT, UPLOAD, COMING = "about.json", "upload", "coming.lock"

State = Literal["waiting", "at-work", "done", "stopped"]


@dataclass(frozen=True, slots=True)
class About:
    """A requested import, and how far it has come. `digest`: a keyed hash of the request, None where it is not
    compared.

    `encoding`: that of the file when it came; here it is in UTF-8. `read` and `size` in bytes; `rate`: lines a second
    at work. `problem`: why it was stopped. `owner`: the actor who uploaded it, None for an upload of before there were
    owners.
    """

    id: UUID
    kind: str
    system: str
    format: str
    asked_at: datetime
    wording: Wording = PLAIN
    digest: str | None = None
    state: State = "waiting"
    size: int = 0
    read: int = 0
    rate: float | None = None
    ended_at: datetime | None = None
    problem: str | None = None
    owner: str | None = None
    encoding: str | None = None

    @property
    def kept_until(self) -> datetime | None:
        return None if self.ended_at is None else self.ended_at + KEPT_FOR


@dataclass(frozen=True, slots=True)
class UploadStore:
    """The folder of all imports. Its files may be personal: only its owner can read them."""

    folder: Path

    def of(self, name: UUID) -> Path:
        return self.folder / str(name)

    def incoming(self, upload: UUID) -> Path:
        """Return where an upload is written while it arrives: in a folder of its own."""
        folder = self.coming / str(upload)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / UPLOAD

    @contextmanager
    def receiving(self, upload: UUID) -> Iterator[Path]:
        """Lock a place for an upload, and give its path. What was not `put` is removed at the end.

        The lock lasts as long as its process, so that `sweep` recognises uploads that will never be complete.
        """
        came = self.incoming(upload)
        with (came.parent / COMING).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                yield came
            finally:
                shutil.rmtree(came.parent, ignore_errors=True)

    def put(self, about: About, came: Path) -> About:
        """Queue the received file for import. Errors: FileExistsError, where it was put before.

        The file and its note get their place in one step, so that a process that is killed leaves both or neither.
        """
        about = replace(about, size=came.stat().st_size)
        write_note(came.parent, about)
        (came.parent / COMING).unlink(missing_ok=True)
        try:
            came.parent.rename(self.of(about.id))
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                raise FileExistsError from None
            raise
        return about

    @property
    def coming(self) -> Path:
        """The folder of uploads that are arriving."""
        return self.folder / "coming"

    def note(self, about: About) -> None:
        write_note(self.of(about.id), about)

    def end(self, about: About, state: State, now: datetime, problem: str | None = None) -> None:
        """Record the end of an import: the upload is removed, the rejected lines stay for a while."""
        (self.of(about.id) / UPLOAD).unlink(missing_ok=True)
        self.note(replace(about, state=state, ended_at=now, problem=problem, rate=None))

    def find(self, name: UUID) -> About | None:
        try:
            return about_in(json.loads((self.of(name) / ABOUT).read_text()))
        except FileNotFoundError:
            return None

    def all(self) -> list[About]:
        """Return every requested import, the newest first."""
        imports = [self.find(UUID(path.parent.name)) for path in self.folder.glob(f"*/{ABOUT}")]
        present = [about for about in imports if about is not None]  # one may be forgotten meanwhile
        return sorted(present, key=lambda about: (about.asked_at, about.id), reverse=True)

    def waiting(self) -> list[About]:
        """Return the imports that have not ended, the oldest first."""
        return [about for about in reversed(self.all()) if about.ended_at is None]

    def standing(self, name: UUID) -> Standing:
        return Ledger(self.of(name)).newest()

    def rejected(self, name: UUID) -> Path:
        return self.of(name) / REJECTED

    def order(self, about: About) -> Order:
        return Order(self.of(about.id) / UPLOAD, about.kind, about.system, about.format, about.wording)

    def remove(self, name: UUID) -> None:
        shutil.rmtree(self.of(name), ignore_errors=True)

    def sweep(self, now: datetime) -> None:
        """Remove what has been kept long enough (imports that ended, abandoned ones of the command line), and what a
        killed process left unfinished."""
        for folder in self.folder.glob("*"):
            if folder != self.coming:
                if touched(folder) < now - (KEPT_FOR if is_known(folder) else BEGINS_WITHIN):
                    shutil.rmtree(folder, ignore_errors=True)
                else:
                    remove_half_written(folder)
        for half in self.coming.glob("*"):
            if touched(half) < now - BEGINS_WITHIN and not is_held(half):
                remove(half)


def is_known(folder: Path) -> bool:
    """Return whether more than an upload is there: one without its note was cut off before its request was answered."""
    return (folder / ABOUT).exists() or not (folder / UPLOAD).exists()


def is_held(half: Path) -> bool:
    """Return whether the process that receives the upload lives."""
    try:
        with (half / COMING).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def remove(path: Path) -> None:
    """Remove a folder, or a file of before uploads had folders."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def remove_half_written(folder: Path) -> None:
    """Remove unfinished new versions of files, unless an import or an erasure is at work there."""
    half = [folder / f"{name}.new" for name in (UPLOAD, REJECTED) if (folder / f"{name}.new").exists()]
    if half:
        with suppress(ImportIsAtWork), alone(folder):
            for path in half:
                path.unlink(missing_ok=True)


def write_note(folder: Path, about: About) -> None:
    note = {**asdict(about), "id": str(about.id), "wording": about.wording.model_dump(mode="json")}
    beside = folder / f"{ABOUT}.new"
    beside.write_text(json.dumps(note, default=datetime.isoformat))
    beside.replace(folder / ABOUT)


def touched(folder: Path) -> datetime:
    """Return when the import was last written to."""
    times = [path.stat().st_mtime for path in (folder / ABOUT, folder / STATE, folder) if path.exists()]
    return datetime.fromtimestamp(max(times, default=time.time()), UTC)


def about_in(note: dict[str, Any]) -> About:
    if "source" in note:  # as it was called before
        note = {**note, "system": note["source"]}
        del note["source"]
    moments = {name: None if note[name] is None else datetime.fromisoformat(note[name]) for name in MOMENTS}
    return About(**{**note, **moments, "id": UUID(note["id"]), "wording": wording_of(note["wording"])})


MOMENTS = ("asked_at", "ended_at")
