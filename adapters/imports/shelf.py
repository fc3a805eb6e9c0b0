"""Where uploaded files wait to be imported, and what is known of each: a folder an import, gone after thirty days."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from adapters.imports.importing import Order
from adapters.imports.ledger import REJECTED, STATE, Ledger, Standing
from adapters.imports.mapping import PLAIN, Wording, wording_of

KEPT_FOR = timedelta(days=30)
COMES_WITHIN = timedelta(days=1)
ABOUT, UPLOAD = "about.json", "upload"

State = Literal["waiting", "at-work", "done", "stopped"]


@dataclass(frozen=True, slots=True)
class About:
    """What was asked, and how far it has come. `digest`: a keyed hash of the request, None where nobody compares it.

    `read` and `size` in bytes; `rate`: lines a second at work. `problem`: why it was stopped. `owner`: the actor who
    uploaded it, None for one of before there were owners.
    """

    id: UUID
    kind: str
    source: str
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

    @property
    def kept_until(self) -> datetime | None:
        return None if self.ended_at is None else self.ended_at + KEPT_FOR


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder of all imports. What is in it may be personal: nobody but its owner reads it."""

    folder: Path

    def of(self, name: UUID) -> Path:
        return self.folder / str(name)

    def incoming(self, upload: UUID) -> Path:
        """Where an upload is written to while it comes."""
        self.coming.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.coming / str(upload)

    def put(self, about: About, came: Path) -> About:
        """From now on the file that came waits to be imported. Errors: FileExistsError, where it was put before."""
        self.of(about.id).mkdir(mode=0o700)
        about = replace(about, size=came.stat().st_size)
        came.replace(self.of(about.id) / UPLOAD)
        self.note(about)
        return about

    @property
    def coming(self) -> Path:
        """Where uploads are while they come."""
        return self.folder / "coming"

    def note(self, about: About) -> None:
        told = {**asdict(about), "id": str(about.id), "wording": about.wording.model_dump(mode="json")}
        beside = self.of(about.id) / f"{ABOUT}.new"
        beside.write_text(json.dumps(told, default=datetime.isoformat))
        beside.replace(self.of(about.id) / ABOUT)

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
        return Order(self.of(about.id) / UPLOAD, about.kind, about.source, about.format, about.wording)

    def remove(self, name: UUID) -> None:
        shutil.rmtree(self.of(name), ignore_errors=True)

    def sweep(self, now: datetime) -> None:
        """Removes what has been kept long enough: imports that ended, those from the command line that nobody went on
        with, and uploads that never came to their end."""
        for folder in self.folder.glob("*"):
            if folder != self.coming and not (folder / UPLOAD).exists() and touched(folder) < now - KEPT_FOR:
                shutil.rmtree(folder, ignore_errors=True)
        for half in self.coming.glob("*"):
            if touched(half) < now - COMES_WITHIN:
                half.unlink(missing_ok=True)


def touched(folder: Path) -> datetime:
    """When anything was last written of the import."""
    times = [path.stat().st_mtime for path in (folder / ABOUT, folder / STATE, folder) if path.exists()]
    return datetime.fromtimestamp(max(times, default=time.time()), UTC)


def about_in(told: dict[str, Any]) -> About:
    moments = {name: None if told[name] is None else datetime.fromisoformat(told[name]) for name in MOMENTS}
    return About(**{**told, **moments, "id": UUID(told["id"]), "wording": wording_of(told["wording"])})


MOMENTS = ("asked_at", "ended_at")
