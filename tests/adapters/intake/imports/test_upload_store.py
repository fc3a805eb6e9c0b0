"""A process may be killed at any step of an upload: the file is there with its note, or nothing of it is."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.intake.imports.encodings import make_utf8
from adapters.intake.imports.importing import alone
from adapters.intake.imports.ledger import REJECTED
from adapters.intake.imports.upload_store import BEGINS_WITHIN, UPLOAD, About, UploadStore

CANARY = "id,name\n1,Canary Zoë\n"
KILLED = 9
STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "fcntl.flock", "shutil.rmtree")
"""What a process does with files, as Python's audit hooks tell it."""


def upload(uploads: UploadStore, name: UUID, steps: int | None = None) -> None:
    """Takes an upload in, as a server does. `steps`: how many of its steps the process lives for."""
    left = [steps]

    def count(event: str, _: object) -> None:
        if left[0] is not None and event in STEPS:
            left[0] -= 1
            if left[0] < 0:
                os._exit(KILLED)

    sys.addaudithook(count)
    about = About(name, "candidates", "old-crm", "csv", datetime.now(UTC), encoding="utf-16")
    with uploads.receiving(uuid4()) as came:
        came.write_bytes(CANARY.encode("utf-16"))
        make_utf8(came, "utf-16")
        uploads.put(replace(about, size=1), came)
    left[0] = None


def in_a_process_that_lives_for(steps: int, uploads: UploadStore, name: UUID) -> bool:
    """Whether it came to its end."""
    child = os.fork()
    if not child:
        upload(uploads, name, steps)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def later() -> datetime:
    return datetime.now(UTC) + BEGINS_WITHIN + timedelta(seconds=1)


def texts(folder: Path) -> list[str]:
    """Where anything of the upload stands."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if "Canary" in path.read_bytes().replace(b"\0", b"").decode("utf-8", "replace")]


def test_killed_at_any_step_it_is_whole_or_gone_and_its_key_is_free(tmp_path: Path) -> None:
    steps, ended = 0, False
    whole = 0
    while not ended:
        uploads, name = UploadStore(tmp_path / f"uploads-{steps}"), uuid4()
        ended = in_a_process_that_lives_for(steps, uploads, name)
        uploads.sweep(later())
        about = uploads.find(name)
        if about is None:
            assert texts(uploads.folder) == [], f"after {steps} steps"
            assert in_a_process_that_lives_for(1_000, uploads, name), "the same key is taken in"
        else:
            whole += 1
            assert texts(uploads.folder) == [UPLOAD]
            assert (uploads.of(name) / UPLOAD).read_text(encoding="utf-8").endswith(CANARY)
            with uploads.receiving(uuid4()) as came:
                came.write_text(CANARY)
                with pytest.raises(FileExistsError):
                    uploads.put(about, came)
        steps += 1
    assert steps > 8
    assert whole >= 1


def test_an_upload_that_still_comes_is_left_alone(tmp_path: Path) -> None:
    uploads = UploadStore(tmp_path / "uploads")
    with uploads.receiving(uuid4()) as came:
        came.write_text(CANARY)
        uploads.sweep(later())
        assert came.exists()
    assert texts(uploads.folder) == []


def test_what_older_versions_left_without_a_note_goes(tmp_path: Path) -> None:
    uploads = UploadStore(tmp_path / "uploads")
    folder = uploads.of(uuid4())
    folder.mkdir(parents=True)
    (folder / UPLOAD).write_text(CANARY)
    (uploads.coming).mkdir()
    (uploads.coming / str(uuid4())).write_text(CANARY)
    uploads.sweep(datetime.now(UTC))
    assert len(texts(uploads.folder)) == 2, "it may be at work at this moment"
    uploads.sweep(later())
    assert texts(uploads.folder) == []


def test_what_an_erasure_wrote_anew_and_was_killed_at_goes(tmp_path: Path) -> None:
    uploads = UploadStore(tmp_path / "uploads")
    about = About(uuid4(), "candidates", "old-crm", "csv", datetime.now(UTC))
    with uploads.receiving(uuid4()) as came:
        came.write_text("id\n")
        uploads.put(about, came)
    half = uploads.of(about.id) / f"{REJECTED}.new"
    half.write_text(CANARY)
    with alone(uploads.of(about.id)):
        uploads.sweep(datetime.now(UTC))
        assert half.exists(), "an import is at work there"
    uploads.sweep(datetime.now(UTC))
    assert not half.exists()
    assert (uploads.of(about.id) / UPLOAD).exists()
