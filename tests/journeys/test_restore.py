"""A dump that is restored into another PostgreSQL is the same log: it verifies, goes on, and is signed on."""

from __future__ import annotations

import subprocess
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from adapters import bootstrap
from adapters.postgres.embedded.data_folder import programs
from adapters.postgres.embedded.server import embedded_server
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.migrate import migrate
from adapters.postgres.proof.log_verification import Held, verify_log
from adapters.proof.note import read_signing_key
from adapters.proof.signer import KEY, RECORD
from adapters.settings import Settings
from commands.attached import Attached
from tests.adapters.proof.conftest import touchpoint


def run(program: str, *arguments: str) -> None:
    subprocess.run([programs() / program, *arguments], check=True, capture_output=True, timeout=120)


@pytest.fixture
def settings(key_path: Path, tmp_path: Path) -> Settings:
    return Settings(key_file=key_path, data_folder=tmp_path)


def sequence(conninfo: str, settings: Settings) -> None:
    with bootstrap.sequencer(conninfo, settings) as sequencer:
        sequencer.catch_up()


def test_a_restored_dump_verifies_and_goes_on(
    log: EventLog, database: str, key_file: KeyFile, settings: Settings, tmp_path: Path, open_path: Path
) -> None:
    person, dump = uuid4(), tmp_path / "perennial.dump"
    log.append([touchpoint(person, 1)], Attached())
    sequence(database, settings)
    run("pg_dump", "--format=custom", f"--file={dump}", database)
    with embedded_server(open_path / "other") as elsewhere:
        with psycopg.connect(elsewhere) as connection:
            migrate(connection)
        run("pg_restore", "--clean", "--if-exists", "--exit-on-error", f"--dbname={elsewhere}", str(dump))
        with EventLog(elsewhere, key_file) as restored:
            assert "note 1" in str(restored.history(person))
            restored.append([touchpoint(person, 2)], Attached())
        sequence(elsewhere, settings)
        key = read_signing_key((settings.signing / KEY).read_text()).verifier
        held = Held(key, {"the signing folder's": (settings.signing / RECORD).read_text()})
        verified = verify_log(elsewhere, held, lambda _: None, processes=1)
    assert (verified.leaves, verified.waiting, verified.findings) == (2, 0, [])
