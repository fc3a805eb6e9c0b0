"""A log with events in it, and a sequencer that a test runs when it needs to."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.migrate import SEQUENCER
from adapters.postgres.proof.sequencer import Sequencer
from adapters.postgres.proof.tree_rows import Proofs
from commands.attached import Attached
from domain.event import Recorded
from domain.touchpoint import TouchpointRecorded

Append = Callable[..., list[UUID]]
GO_PROGRAM = Path(__file__).parent / "go"
Go = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def signing_folder(tmp_path: Path) -> Path:
    return tmp_path / "signing"


@contextmanager
def sequencing(database: str, folder: Path, batch: int = 5_000) -> Iterator[Sequencer]:
    with open_datastore(database, SEQUENCER, pool_size=2) as datastore:
        yield Sequencer(datastore, folder, batch=batch)


@pytest.fixture
def sequencer(database: str, signing_folder: Path) -> Iterator[Sequencer]:
    with sequencing(database, signing_folder) as sequencer:
        yield sequencer


@pytest.fixture
def proofs(log: EventLog) -> Proofs:
    return Proofs(log.recorder.datastore)


@pytest.fixture
def superuser(database: str) -> Iterator[psycopg.Connection]:
    """Connect as the superuser, for whom no trigger runs."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        yield connection


@pytest.fixture
def append(log: EventLog) -> Append:
    """Appends that many touchpoints to a person's stream (a new one's unless named); their event ids."""
    versions: dict[UUID, int] = {}

    def appended(events: int = 1, person: UUID | None = None) -> list[UUID]:
        whose, ids = person or uuid4(), []
        for _ in range(events):
            versions[whose] = versions.get(whose, 0) + 1
            recorded = touchpoint(whose, versions[whose])
            log.append([recorded], Attached())
            ids.append(recorded.id)
        return ids

    return appended


def touchpoint(person: UUID, version: int) -> Recorded[TouchpointRecorded]:
    event = TouchpointRecorded(
        touchpoint=uuid4(), kind="call-answered", message=uuid4(), machine=False, purpose=None, authorised=None,
        consent=None, reported_by="recruiter", note=f"note {version}",
    )  # fmt: skip
    return Recorded(person, version, event, uuid4(), datetime.now(UTC), None, "unknown", "user:ana")


@pytest.fixture(scope="session")
def go_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verifier on golang.org/x/mod, compiled once. It needs Go, and the module of go.sum from Go's proxy."""
    go = shutil.which("go")
    if go is None:
        pytest.fail(
            "Go is not installed, and the proofs are to be checked with other people's code too: .ci/run has how"
        )
    program = tmp_path_factory.mktemp("go") / "verify"
    environment = {**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}
    built = subprocess.run(
        [go, "build", "-buildvcs=false", "-o", str(program), "."],
        cwd=GO_PROGRAM, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return program


@pytest.fixture
def go(go_verifier: Path, tmp_path: Path) -> Go:
    """Runs the Go program on the text of a bundle."""

    def run(bundle: str | bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "bundle.json"
        file.write_bytes(bundle if isinstance(bundle, bytes) else bundle.encode())
        command = [str(go_verifier), str(file), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return run
