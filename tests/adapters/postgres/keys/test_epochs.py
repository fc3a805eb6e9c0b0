"""Rotation: living keys and running processes go on, and an older copy of a key opens nowhere."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from adapters import bootstrap
from adapters.postgres.keys import epochs
from adapters.postgres.keys import key_file as keyfile
from adapters.postgres.keys.epochs import KeysAreBeingRotated, Rotation, is_due, next_rotation
from adapters.postgres.keys.key_file import (
    EpochIsNotInKeyFile,
    KeyFileCannotBeWritten,
    KeyFileIsUnusable,
    ensure_key_file,
    read_key_file,
    replace_key_file,
)
from adapters.postgres.log.bulk import BulkAppend
from adapters.postgres.log.event_log import EventLog
from adapters.settings import Settings
from commands.attached import Attached
from domain.candidate import CandidateSourced
from domain.event import ERASED, Recorded
from tests.adapters.postgres.log.test_log import NOW, recorded, sourced

Owner = psycopg.Connection[dict[str, Any]]
Rotate = Callable[[], epochs.Rotated]


class Killed(Exception):
    """Stands for kill -9."""


@pytest.fixture
def path(tmp_path: Path, database: str) -> Path:
    """A key file of this test's own, bound to its log."""
    bootstrap.bound(database, Settings(key_file=tmp_path / "keys.json"))
    return tmp_path / "keys.json"


@pytest.fixture
def owner(database: str) -> Iterator[Owner]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def rotate(owner: Owner, path: Path) -> Rotate:
    return Rotation(owner, path, lambda: None).run


def tell(log: EventLog, name: str) -> UUID:
    """Record a new person."""
    stream = uuid4()
    log.append([recorded(stream, 1, sourced(name))], Attached())
    return stream


def name_of(log: EventLog, stream: UUID) -> object:
    (sourced,) = log.history(stream)
    assert isinstance(sourced.event, CandidateSourced)
    return sourced.event.name


def wrapped_with(owner: Owner) -> set[str]:
    rows = owner.execute("select distinct epoch from person_key where wrapped is not null").fetchall()
    return {ordinal(row["epoch"]) for row in rows}


def ordinal(epoch: str) -> str:
    return str(epochs.number_of(epoch))


def test_everybody_stays_readable_and_the_former_epoch_is_gone(
    database: str, path: Path, owner: Owner, rotate: Rotate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epochs, "BATCH", 3)
    with EventLog(database, read_key_file(path)) as log:
        people = {tell(log, f"person {n}"): f"person {n}" for n in range(8)}
        former = read_key_file(path).epochs["1"]
        done = rotate()
        assert (ordinal(done.epoch), done.wrapped, done.destroyed, done.left) == ("2", 8, ["1"], [])
        assert wrapped_with(owner) == {"2"}
        assert {stream: name_of(log, stream) for stream in people} == people
    held = json.loads(path.read_text())
    assert list(held["epochs"]) == [held["current"]] == [done.epoch]
    assert former not in read_key_file(path).epochs.values()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]
    with EventLog(database, read_key_file(path)) as log:
        assert {stream: name_of(log, stream) for stream in people} == people
        assert name_of(log, tell(log, "later")) == "later"


def test_a_process_that_opened_the_log_before_goes_on_after(
    database: str, path: Path, owner: Owner, rotate: Rotate
) -> None:
    with EventLog(database, read_key_file(path)) as writer, EventLog(database, read_key_file(path)) as reader:
        before = tell(writer, "before")
        for _ in range(3):  # also one that slept through two rotations
            rotate()
        after = tell(writer, "after")
        chunk = [recorded(uuid4(), 1, sourced(f"bulk {n}")) for n in range(150)]
        rotate()
        BulkAppend(writer.store).append_block(chunk, Attached())
        assert wrapped_with(owner) == {"5"}
        kept = writer.seal_delivery("acorn", "1", uuid4(), b"body")
        rotate()
        assert writer.open_delivery("acorn", "1", kept) == b"body"
        rotate()
        assert reader.open_delivery("acorn", "2", writer.seal_delivery("acorn", "2", uuid4(), b"other")) == b"other"
        assert wrapped_with(owner) == {"7"}
        names = [name_of(reader, stream) for stream in (before, after, chunk[149].stream)]
        assert names == ["before", "after", "bulk 149"]


def test_a_process_that_only_read_through_several_rotations_can_record_a_person(
    database: str, path: Path, rotate: Rotate
) -> None:
    with EventLog(database, read_key_file(path)) as log:
        person = tell(log, "before")
        for _ in range(3):
            rotate()
            assert name_of(log, person) == "before"
        assert name_of(log, tell(log, "after")) == "after"


def test_no_person_is_ever_stored_under_an_epoch_that_is_going(
    database: str, path: Path, owner: Owner, rotate: Rotate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several processes append new people all the while; each rotation leaves all of them readable."""
    monkeypatch.setattr(epochs, "BATCH", 20)
    stop = threading.Event()

    def go_on(log: EventLog) -> list[UUID]:
        streams = []
        while not stop.is_set():
            streams.append(tell(log, "a person"))
            assert name_of(log, streams[0]) == "a person"
        return streams

    logs = [EventLog(database, read_key_file(path)) for _ in range(3)]
    try:
        with ThreadPoolExecutor(6) as threads:
            going = [threads.submit(go_on, log) for log in logs * 2]
            try:
                for _ in range(5):
                    rotate()
                    assert len(read_key_file(path).epochs) == 1
            finally:
                stop.set()
            streams = [stream for future in going for stream in future.result()]
    finally:
        for log in logs:
            log.close()
    assert len(streams) > 20
    assert wrapped_with(owner) == {"6"}
    with EventLog(database, read_key_file(path)) as log:
        assert {name_of(log, stream) for stream in streams} == {"a person"}


def test_the_database_itself_refuses_a_key_of_a_former_epoch(owner: Owner, path: Path, rotate: Rotate) -> None:
    rotate()
    with pytest.raises(psycopg.Error) as refused:
        owner.execute("insert into person_key values (gen_random_uuid(), gen_random_uuid(), '1', '\\x00')")
    assert refused.value.sqlstate == "PK001"
    assert wrapped_with(owner) == set()


def test_a_key_from_an_older_backup_opens_nowhere(database: str, path: Path, owner: Owner, rotate: Rotate) -> None:
    with EventLog(database, read_key_file(path)) as log:
        erased, other = tell(log, "to be erased"), tell(log, "stays")
    backup = owner.execute("select * from person_key").fetchall()
    owner.execute("select destroy_person_key(%s)", (erased,))
    rotate()
    with EventLog(database, read_key_file(path)) as log:
        assert (name_of(log, erased), name_of(log, other)) == (ERASED, "stays")
    for row in backup:
        owner.execute("update person_key set epoch = %(epoch)s, wrapped = %(wrapped)s where person = %(person)s", row)
    with EventLog(database, read_key_file(path)) as log:
        for stream in (erased, other):  # the other is readable with person_key of a later backup
            with pytest.raises(EpochIsNotInKeyFile, match="epoch 1"):
                log.history(stream)
    with pytest.raises(EpochIsNotInKeyFile):
        rotate()
    assert wrapped_with(owner) == {"1"}


def test_a_person_erased_during_the_rotation_gets_no_key_back(
    database: str, path: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EventLog(database, read_key_file(path)) as log:
        people = [tell(log, "a person") for _ in range(3)]
    anew = epochs.wrapped_anew

    def erased_meanwhile(*given: Any) -> Any:
        owner.execute("select destroy_person_key(%s)", (people[0],))
        return anew(*given)

    monkeypatch.setattr(epochs, "wrapped_anew", erased_meanwhile)
    Rotation(owner, path, lambda: None).run()
    with EventLog(database, read_key_file(path)) as log:
        assert [name_of(log, person) for person in people] == [ERASED, "a person", "a person"]


@pytest.mark.parametrize("step", range(1, 40))
def test_killed_anywhere_it_goes_on_where_it_was(
    step: int, database: str, path: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each of its statements and file operations in turn; a process that has the log open goes on."""
    monkeypatch.setattr(epochs, "BATCH", 2)
    with EventLog(database, read_key_file(path)) as log:
        people = [tell(log, "a person") for _ in range(5)]
        taken = 0

        def counted(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*given: Any, **named: Any) -> Any:
                nonlocal taken
                taken += 1
                if taken == step:
                    raise Killed
                return function(*given, **named)

            return call

        with monkeypatch.context() as dying:
            for name in ("write_new", "sync", "overwrite"):
                dying.setattr(keyfile, name, counted(getattr(keyfile, name)))
            with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
                dying.setattr(connection, "execute", counted(connection.execute))
                try:
                    Rotation(connection, path, lambda: None).run()
                except Killed:
                    connection.close()
        people.append(tell(log, "a person"))
        assert {name_of(log, person) for person in people} == {"a person"}
        done = Rotation(owner, path, lambda: None).run()
        people.append(tell(log, "a person"))
    assert wrapped_with(owner) == {ordinal(done.epoch)}
    assert list(read_key_file(path).epochs) == [done.epoch]
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]
    states = {entry.name: entry.state for entry in epochs.epochs(owner)}
    assert states == {**dict.fromkeys(states, "destroyed"), done.epoch: "current"}
    with EventLog(database, read_key_file(path)) as log:
        assert {name_of(log, person) for person in people} == {"a person"}


def test_other_machines_get_the_next_epoch_before_it_is_used(database: str, path: Path, owner: Owner) -> None:
    """Each has a copy of the file: prepare, copy, rotate, copy."""
    elsewhere = path.with_name("copy.json")
    elsewhere.write_bytes(path.read_bytes())
    with EventLog(database, read_key_file(elsewhere)) as other:
        person = tell(other, "before")
        rotation = Rotation(owner, path, lambda: None)
        assert ordinal(prepared := rotation.prepare()) == "2"
        assert rotation.prepare() == prepared
        elsewhere.write_bytes(path.read_bytes())
        assert name_of(other, tell(other, "still the former epoch")) == "still the former epoch"
        assert wrapped_with(owner) == {"1"}
        assert ordinal(rotation.run().epoch) == "2"
        assert (name_of(other, person), name_of(other, tell(other, "after"))) == ("before", "after")
    assert wrapped_with(owner) == {"2"}


def test_an_epoch_that_was_prepared_while_a_rotation_was_broken_off_is_the_next_one_all_the_same(
    database: str, path: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies of it are on other machines: another key of the same name would lose what they seal."""
    elsewhere = path.with_name("copy.json")
    with monkeypatch.context() as dying:
        dying.setattr(Rotation, "_wrap_anew", killed)
        with pytest.raises(Killed):
            Rotation(owner, path, lambda: None).run()
    rotation = Rotation(owner, path, lambda: None)
    assert ordinal(rotation.prepare()) == "3"
    elsewhere.write_bytes(path.read_bytes())
    assert [ordinal(rotation.run().epoch) for _ in range(2)] == ["2", "3"]
    with EventLog(database, read_key_file(elsewhere)) as other, EventLog(database, read_key_file(path)) as log:
        assert name_of(log, tell(other, "sealed elsewhere")) == "sealed elsewhere"
    assert list(map(ordinal, read_key_file(path).epochs)) == ["3"]


def killed(*_: object) -> None:
    raise Killed


def test_a_machine_whose_copy_is_too_old_is_refused_and_writes_nothing(
    database: str, path: Path, owner: Owner, rotate: Rotate
) -> None:
    elsewhere = path.with_name("copy.json")
    elsewhere.write_bytes(path.read_bytes())
    with EventLog(database, read_key_file(elsewhere)) as other:
        person = tell(other, "before")
        rotate()
        with pytest.raises(EpochIsNotInKeyFile, match="Put the newest key file here"):
            name_of(other, person)
        with pytest.raises(EpochIsNotInKeyFile, match="Put the newest key file here"):
            tell(other, "no person")
    assert owner.execute("select count(*) as n from event").fetchall() == [{"n": 1}]


def test_only_one_rotates(database: str, path: Path, owner: Owner, rotate: Rotate) -> None:
    with psycopg.connect(database, autocommit=True) as another:
        another.execute("select pg_advisory_lock(%s)", (epochs.ROTATION_LOCK,))
        with pytest.raises(KeysAreBeingRotated):
            rotate()
        another.execute("select pg_advisory_unlock(%s)", (epochs.ROTATION_LOCK,))
    assert ordinal(rotate().epoch) == "2"


def test_a_login_that_may_not_move_the_servers_log_says_what_is_left(owner: Owner, path: Path, rotate: Rotate) -> None:
    with psycopg.connect(owner.info.dsn, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("create role lesser nologin")
        try:
            connection.execute("grant perennial_service to lesser")
            connection.execute("grant select, update, insert, maintain on person_key, key_epoch to lesser")
            connection.execute("set role lesser")
            done = Rotation(connection, path, lambda: None).run()
        finally:
            connection.execute("reset role")
            connection.execute("drop owned by lesser")
            connection.execute("drop role lesser")
    assert done.left == ["checkpoint", "select pg_switch_wal()", "checkpoint"]
    assert not is_due(owner, timedelta(days=30))


def test_when_the_next_one_is_due(owner: Owner, path: Path, rotate: Rotate) -> None:
    month = timedelta(days=30)
    rotate()
    assert abs(next_rotation(owner, month) - datetime.now(UTC) - month) < timedelta(minutes=1)
    assert not is_due(owner, month)
    owner.execute("update key_epoch set made_at = made_at - interval '31 days' where state = 'current'")
    assert is_due(owner, month)
    assert next_rotation(owner, month) > datetime.now(UTC), "nothing is promised for a time that has passed"
    rotate()
    assert not is_due(owner, month)


def test_a_new_log_takes_the_epoch_that_its_key_file_has_come_to(database: str, tmp_path: Path, owner: Owner) -> None:
    path = tmp_path / "keys.json"
    rotated = ensure_key_file(path)
    replace_key_file(path, keyfile.KeyFile(rotated.naming_key, {"4": rotated.epochs["1"]}, "4"))
    bootstrap.bound(database, Settings(key_file=path))
    with EventLog(database, read_key_file(path)) as log:
        tell(log, "a person")
    assert wrapped_with(owner) == {"4"}
    assert ordinal(Rotation(owner, path, lambda: None).run().epoch) == "5"


def test_a_folder_that_may_not_be_written_changes_nothing(
    path: Path, owner: Owner, rotate: Rotate, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def read_only(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(keyfile, "write_new", read_only)
        with pytest.raises(KeyFileCannotBeWritten, match="Permission denied"):
            rotate()
    assert path.read_bytes() == before
    assert [entry.name for entry in epochs.epochs(owner)] == ["1"]


def test_the_former_files_bytes_are_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ensure_key_file(path)
    before = path.read_bytes()
    with path.open("rb") as open_before:
        replace_key_file(path, read_key_file(path))
        assert open_before.read() not in (b"", before)
    with pytest.raises(KeyFileIsUnusable):
        read_key_file(tmp_path / "none.json")


def test_history_is_what_it_was(database: str, path: Path, rotate: Rotate) -> None:
    with EventLog(database, read_key_file(path)) as log:
        stream = tell(log, "a person")
        before: list[Recorded[Any]] = log.history(stream)
        rotate()
        assert log.history(stream) == before
        assert before[0].recorded_at != NOW
