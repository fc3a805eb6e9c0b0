"""The worker rotates the keys when a rotation is due, in one process, and never otherwise."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner

from adapters import bootstrap
from adapters.cli.keys import group as keys
from adapters.postgres.keys import epochs
from adapters.postgres.keys.key_file import read_key_file
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.projector import folds
from adapters.postgres.projector import rebuild as rebuild_
from adapters.postgres.projector.rebuild import Rebuild
from adapters.postgres.projector.runner import no_progress
from adapters.runtime.supervision import Supervision
from adapters.runtime.worker import Host
from adapters.runtime.workers import key_rotation
from adapters.runtime.workers.key_rotation import EXPECTED, MustStop, rotate_if_due
from adapters.settings import Settings
from commands.attached import Attached
from domain.candidate import ErasureRequested
from projections.directory import DIRECTORY
from tests.adapters.postgres.log.test_log import recorded, sourced

DAY = 24 * 3600
Owner = psycopg.Connection[dict[str, object]]


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    settings = Settings(data_folder=tmp_path)
    bootstrap.bound(database, settings)
    with EventLog(database, read_key_file(settings.keys)) as log:
        log.append([recorded(uuid4(), 1, sourced("Ines"))], Attached())
    return settings


@pytest.fixture
def owner(database: str) -> Iterator[Owner]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def ordinal(epoch: str) -> str:
    return str(epochs.number_of(epoch))


def age(owner: Owner, days: int) -> None:
    owner.execute("update key_epoch set made_at = made_at - %s * interval '1 day' where state = 'current'", (days,))


def test_a_young_epoch_is_left_alone(database: str, settings: Settings, owner: Owner) -> None:
    age(owner, 29)
    rotate_if_due(database, settings, threading.Event())
    assert ordinal(epochs.current_epoch(owner)) == "1"


def test_an_old_one_is_rotated_and_the_directory_made_anew(
    database: str, settings: Settings, owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    age(owner, 30)
    rotate_if_due(database, settings, threading.Event())
    assert ordinal(epochs.current_epoch(owner)) == "2"
    assert list(map(ordinal, read_key_file(settings.keys).epochs)) == ["2"]
    rows = owner.execute(f"select name from {DIRECTORY.schema}.person".encode()).fetchall()
    assert rows == [{"name": "Ines"}]
    assert f"epoch {epochs.current_epoch(owner)} is current, destroyed: 1" in caplog.text
    rotate_if_due(database, settings, threading.Event())
    assert ordinal(epochs.current_epoch(owner)) == "2"


def test_a_process_that_must_stop_leaves_a_rotation_that_goes_on(
    database: str, settings: Settings, owner: Owner
) -> None:
    age(owner, 30)
    stop = threading.Event()
    stop.set()
    rotate_if_due(database, settings, stop)
    assert epochs.is_due(owner, settings.rotate_every)
    rotate_if_due(database, settings, threading.Event())
    assert not epochs.is_due(owner, settings.rotate_every)
    assert list(map(ordinal, read_key_file(settings.keys).epochs)) == ["2"]


def test_what_a_killed_rebuild_left_of_a_person_erased_since_is_not_taken_up(
    database: str, settings: Settings, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows would be deleted one by one, and their bytes would stay in the table that is served from then on."""
    lena = uuid4()
    with EventLog(database, read_key_file(settings.keys)) as log, bootstrap.projector(database) as datastore:
        log.append([recorded(lena, 1, sourced("Lena Canary"))], Attached())
        with monkeypatch.context() as dying:
            dying.setattr(rebuild_, "CLOSE_ENOUGH", 0)
            dying.setattr(Rebuild, "_swap", killed)
            with pytest.raises(MustStop):
                bootstrap.rebuild(datastore, settings, DIRECTORY.name, no_progress).rebuild()
        log.append([recorded(lena, 2, ErasureRequested("self", "art-17"))], Attached())
    age(owner, 31)
    rotate_if_due(database, settings, threading.Event())
    assert "Ines" in bytes_of(owner, f"{DIRECTORY.schema}.person")
    assert "Lena Canary" not in bytes_of(owner, f"{DIRECTORY.schema}.person")


def test_a_directory_of_an_older_version_goes(database: str, settings: Settings, owner: Owner) -> None:
    """It is folded no more, so an erased person would stand in it until the next migration."""
    older = replace(DIRECTORY, version=DIRECTORY.version - 1)
    with bootstrap.projector(database) as datastore, datastore.pool.connection() as connection:
        folds.register(connection, older, older.schema, settings.zone, "live")
    age(owner, 31)
    rotate_if_due(database, settings, threading.Event())
    schemas = owner.execute("select nspname as name from pg_namespace where nspname like 'directory%%'").fetchall()
    assert schemas == [{"name": DIRECTORY.schema}]


def killed(*_: object) -> None:
    raise MustStop


def bytes_of(owner: Owner, table: str) -> str:
    """What is in the table's file."""
    owner.execute("checkpoint")
    query = "select encode(pg_read_binary_file(pg_relation_filepath(%s)), 'escape') as held"
    (row,) = owner.execute(query, (table,)).fetchall()
    return str(row["held"])


def test_what_stands_in_the_way_is_logged_and_tried_again(
    database: str, settings: Settings, owner: Owner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(owner, 30)
    held = settings.keys.read_bytes()
    settings.keys.unlink()
    stop = threading.Event()

    def mended(_: float | None = None) -> bool:
        """While the supervision waits after the first error."""
        if not settings.keys.exists():
            settings.keys.write_bytes(held)
        return stop.is_set()

    def work(over: threading.Event) -> None:
        rotate_if_due(database, settings, over)
        stop.set()

    monkeypatch.setattr(stop, "wait", mended)
    supervision = Supervision("key-rotation", work, EXPECTED)
    with caplog.at_level(logging.ERROR):
        supervision.run(stop)
    assert "key-rotation is interrupted and starts again in 0.5 s: The key file" in caplog.text
    assert supervision.state.restarts == 1
    assert ordinal(epochs.current_epoch(owner)) == "2"


def test_how_long_a_rotation_is_overdue(database: str, settings: Settings, owner: Owner) -> None:
    with bootstrap.projector(database) as datastore:
        age(owner, 29)
        assert key_rotation.lag(datastore, settings) == 0
        age(owner, 3)
        assert 2 * DAY < key_rotation.lag(datastore, settings) < 3 * DAY
        rotate_if_due(database, settings, threading.Event())
        assert key_rotation.lag(datastore, settings) == 0


def test_it_is_not_done_where_it_is_not_wanted(database: str, settings: Settings, owner: Owner) -> None:
    age(owner, 31)
    by_hand = Settings(data_folder=settings.data_folder, rotate_by_itself=False)
    stop = threading.Event()
    with ExitStack() as stack:
        work = key_rotation.start(Host(database, by_hand, stack))
        threading.Timer(0.3, stop.set).start()
        work(stop)
    assert ordinal(epochs.current_epoch(owner)) == "1"


def test_the_command_line_rotates_and_says_when_it_is_overdue(
    database: str, settings: Settings, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(settings.data_folder))
    assert CliRunner().invoke(keys, ["status"]).exit_code == 0
    age(owner, 31)
    assert CliRunner().invoke(keys, ["status", "--json"]).exit_code == 1
    assert CliRunner().invoke(keys, ["rotate", "--prepare"]).exit_code == 0
    assert ordinal(epochs.current_epoch(owner)) == "1"
    assert CliRunner().invoke(keys, ["rotate"]).exit_code == 0
    assert ordinal(epochs.current_epoch(owner)) == "2"
    assert CliRunner().invoke(keys, ["status", "--json"]).exit_code == 0
