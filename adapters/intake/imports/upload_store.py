"""Where uploaded files wait to be imported, and what is known of each: a folder an import, gone after thirty days."""

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
    """What was asked, and how far it has come. `digest`: a keyed hash of the request, None where nobody compares it.

    `encoding`: what the file was in when it came; here it is in UTF-8. `read` and `size` in bytes; `rate`: lines a
    second at work. `problem`: why it was stopped. `owner`: the actor who uploaded it, None for one of before there were
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
    """The folder of all imports. What is in it may be personal: nobody but its owner reads it."""

    folder: Path

    def of(self, name: UUID) -> Path:
        return self.folder / str(name)

    def incoming(self, upload: UUID) -> Path:
        """Where an upload is written to while it comes: in a folder of its own."""
        folder = self.coming / str(upload)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / UPLOAD

    @contextmanager
    def receiving(self, upload: UUID) -> Iterator[Path]:
        """Where an upload is written to. It is locked as long as its process lives, so that `sweep` knows what nobody
        will finish; what was not `put` is gone at the end."""
        came = self.incoming(upload)
        with (came.parent / COMING).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                yield came
            finally:
                shutil.rmtree(came.parent, ignore_errors=True)

    def put(self, about: About, came: Path) -> About:
        """From now on the file that came waits to be imported: it and what is known of it get their place in one step,
        so that a process that is killed leaves both or neither. Errors: FileExistsError, where it was put before."""
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
        """Where uploads are while they come."""
        return self.folder / "coming"

    def note(self, about: About) -> None:
        write_note(self.of(about.id), about)

    def end(self, about: About, state: State, now: datetime, problem: str | None = None) -> None:
        """Nothing is left to be done: the upload goes, the rejected lines stay for a while."""
        (self.of(about.id) / UPLOAD).unlink(missing_ok=True)
        self.note(replace(about, state=state, ended_at=now, problem=problem, rate=None))

    def find(self, name: UUID) -> About | None:
        try:
            return about_in(json.loads((self.of(name) / ABOUT).read_text()))
        except FileNotFoundError:
            return None

    def all(self) -> list[About]:
        """Every import that was asked for, the newest first."""
        found = [self.find(UUID(path.parent.name)) for path in self.folder.glob(f"*/{ABOUT}")]
        known = [about for about in found if about is not None]  # one may be forgotten meanwhile
        return sorted(known, key=lambda about: (about.asked_at, about.id), reverse=True)

    def waiting(self) -> list[About]:
        """Those that are not through, the oldest first."""
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
        """Removes what has been kept long enough (imports that ended, those from the command line that nobody went on
        with), and whatever a process that was killed left half done."""
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
    """Whether more than an upload is there: one without its note was cut off before anybody was answered."""
    return (folder / ABOUT).exists() or not (folder / UPLOAD).exists()


def is_held(half: Path) -> bool:
    """Whether the process that receives the upload lives."""
    try:
        with (half / COMING).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def remove(path: Path) -> None:
    """Removes a folder, or a file of before uploads had folders."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def remove_half_written(folder: Path) -> None:
    """Removes files that somebody wrote anew and was killed at, unless an import or an erasure is at work there."""
    half = [folder / f"{name}.new" for name in (UPLOAD, REJECTED) if (folder / f"{name}.new").exists()]
    if half:
        with suppress(ImportIsAtWork), alone(folder):
            for path in half:
                path.unlink(missing_ok=True)


def write_note(folder: Path, about: About) -> None:
    told = {**asdict(about), "id": str(about.id), "wording": about.wording.model_dump(mode="json")}
    beside = folder / f"{ABOUT}.new"
    beside.write_text(json.dumps(told, default=datetime.isoformat))
    beside.replace(folder / ABOUT)


def touched(folder: Path) -> datetime:
    """When anything was last written of the import."""
    times = [path.stat().st_mtime for path in (folder / ABOUT, folder / STATE, folder) if path.exists()]
    return datetime.fromtimestamp(max(times, default=time.time()), UTC)


def about_in(told: dict[str, Any]) -> About:
    if "source" in told:  # as it was called before
        told = {**told, "system": told["source"]}
        del told["source"]
    moments = {name: None if told[name] is None else datetime.fromisoformat(told[name]) for name in MOMENTS}
    return About(**{**told, **moments, "id": UUID(told["id"]), "wording": wording_of(told["wording"])})


MOMENTS = ("asked_at", "ended_at")
