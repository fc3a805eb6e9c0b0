"""A key file's epochs are the log's own: a wrong or doubled key is refused at the start, and before it seals."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner

from adapters import bootstrap
from adapters.cli.keys import group as keys
from adapters.postgres.keys.epochs import Rotation, logged_fingerprints
from adapters.postgres.keys.key_file import (
    EpochIsNotInKeyFile,
    EpochKeyIsDoubled,
    EpochKeyIsWrong,
    KeyFileIsUnusable,
    read_key_file,
)
from adapters.postgres.log.event_log import EventLog
from adapters.settings import Settings
from tests.adapters.postgres.keys.test_epochs import name_of, tell

Owner = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    settings = Settings(data_folder=tmp_path)
    bootstrap.bound(database, settings)
    return settings


@pytest.fixture
def owner(database: str) -> Iterator[Owner]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def other_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def altered(path: Path, **epochs: str | None) -> None:
    """Puts epochs into the key file, or takes them out."""
    held = json.loads(path.read_text())
    held["epochs"] = {name: key for name, key in {**held["epochs"], **epochs}.items() if key is not None}
    path.write_text(json.dumps(held))


def people(owner: Owner) -> object:
    return owner.execute("select count(*) from person_key").fetchone()


def test_the_log_notes_every_epoch_and_nothing_of_its_key(
    database: str, settings: Settings, owner: Owner, tmp_path: Path
) -> None:
    key = read_key_file(settings.keys).epochs["1"]
    (noted,) = logged_fingerprints(owner).values()
    assert key.hex() not in noted
    assert Rotation(owner, settings.keys, lambda: None).run().epoch in logged_fingerprints(owner)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("update key_epoch set fingerprint = 'another'")


def test_a_wrong_key_is_refused_at_the_start(database: str, settings: Settings, owner: Owner) -> None:
    altered(settings.keys, **{"1": other_key()})
    with pytest.raises(EpochKeyIsWrong, match="the epoch 1"):
        bootstrap.bound(database, settings)
    with pytest.raises(EpochKeyIsWrong), bootstrap.open_log(database, settings):
        pass
    with pytest.raises(EpochKeyIsWrong), EventLog(database, read_key_file(settings.keys)):
        pass
    with pytest.raises(EpochKeyIsWrong):
        Rotation(owner, settings.keys, lambda: None).run()
    assert people(owner) == {"count": 0}


def test_a_wrong_key_that_comes_later_seals_nothing(database: str, settings: Settings, owner: Owner) -> None:
    """The machine's copy of the file has another key under the name of the epoch that another machine rotated to."""
    with EventLog(database, read_key_file(settings.keys)) as log:
        before = tell(log, "before")
        right = settings.keys.with_name("right.json")
        right.write_bytes(settings.keys.read_bytes())
        epoch = Rotation(owner, right, lambda: None).run().epoch
        altered(settings.keys, **{epoch: other_key()})
        for _ in range(2):
            with pytest.raises(EpochKeyIsWrong):
                tell(log, "no person")
        assert people(owner) == {"count": 1}
        right.replace(settings.keys)
        assert name_of(log, tell(log, "after")) == "after"
        assert name_of(log, before) == "before"


def test_a_key_that_goes_wrong_in_memory_seals_nothing(database: str, settings: Settings, owner: Owner) -> None:
    with EventLog(database, read_key_file(settings.keys)) as log:
        log.mapper.keyring.key_file.epochs = {"1": os.urandom(32)}
        log.mapper.keyring.key_file.path = None
        with pytest.raises(EpochKeyIsWrong):
            tell(log, "no person")
    assert people(owner) == {"count": 0}


def test_a_key_of_the_log_under_another_name_is_refused(database: str, settings: Settings, owner: Owner) -> None:
    former = base64.b64encode(read_key_file(settings.keys).epochs["1"]).decode()
    epoch = Rotation(owner, settings.keys, lambda: None).run().epoch
    altered(settings.keys, **{"9": former})  # the key of an epoch that was destroyed
    with pytest.raises(EpochKeyIsDoubled, match="9, and 1 "):
        bootstrap.bound(database, settings)
    with pytest.raises(EpochKeyIsDoubled):
        Rotation(owner, settings.keys, lambda: None).prepare()
    altered(settings.keys, **{"9": None})
    bootstrap.bound(database, settings)
    assert list(read_key_file(settings.keys).epochs) == [epoch]


def doubled_key(held: dict[str, Any]) -> str:
    return json.dumps({**held, "epochs": {**held["epochs"], "2": held["epochs"]["1"]}})


def doubled_name(held: dict[str, Any]) -> str:
    return json.dumps(held).replace('"1":', f'"1": "{other_key()}", "1":')


def short_key(held: dict[str, Any]) -> str:
    return json.dumps({**held, "epochs": {"1": base64.b64encode(os.urandom(16)).decode()}})


def not_base64(held: dict[str, Any]) -> str:
    return json.dumps({**held, "epochs": {"1": held["epochs"]["1"][:20] + "\n*" + held["epochs"]["1"][20:]}})


def short_naming_key(held: dict[str, Any]) -> str:
    return json.dumps({**held, "naming_key": ""})


def a_list(held: dict[str, Any]) -> str:
    return json.dumps([held])


@pytest.mark.parametrize("broken", [doubled_key, doubled_name, short_key, not_base64, short_naming_key, a_list])
def test_a_file_that_is_broken_in_itself_is_refused(
    database: str, settings: Settings, broken: Callable[[dict[str, Any]], str]
) -> None:
    settings.keys.write_text(broken(json.loads(settings.keys.read_text())))
    with pytest.raises(KeyFileIsUnusable):
        bootstrap.bound(database, settings)


def test_two_copies_that_are_prepared_apart_never_have_two_keys_of_one_name(
    database: str, settings: Settings, owner: Owner, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes(settings.keys.read_bytes())
    first, second = (Rotation(owner, path, lambda: None) for path in (settings.keys, copy))
    assert first.prepare() != second.prepare()
    with EventLog(database, read_key_file(copy)) as elsewhere:
        person = tell(elsewhere, "before")
        assert first.run().epoch in read_key_file(settings.keys).epochs
        with pytest.raises(EpochIsNotInKeyFile):
            tell(elsewhere, "no person")
        with pytest.raises(EpochIsNotInKeyFile):
            second.run()
        copy.write_bytes(settings.keys.read_bytes())
        assert name_of(elsewhere, tell(elsewhere, "after")) == "after"
        assert name_of(elsewhere, person) == "before"


def test_an_older_log_is_bound_by_the_file_that_opens_its_keys(database: str, settings: Settings, owner: Owner) -> None:
    with EventLog(database, read_key_file(settings.keys)) as log:
        person = tell(log, "a person")
    forget_fingerprints(owner)
    right = settings.keys.read_bytes()
    altered(settings.keys, **{"1": other_key()})
    with pytest.raises(EpochKeyIsWrong):
        bootstrap.bound(database, settings)
    assert logged_fingerprints(owner) == {}
    settings.keys.write_bytes(right)
    with bootstrap.open_log(database, settings) as log:
        assert name_of(log, person) == "a person"
    assert set(logged_fingerprints(owner)) == {"1"}


def forget_fingerprints(owner: Owner) -> None:
    """The state that an older version leaves."""
    owner.execute("alter table key_epoch disable trigger key_epoch_keeps_its_fingerprint")
    owner.execute("update key_epoch set fingerprint = null")
    owner.execute("alter table key_epoch enable trigger key_epoch_keeps_its_fingerprint")


def test_two_files_of_one_naming_key_are_distinguished(database: str, settings: Settings) -> None:
    key_file = read_key_file(settings.keys)
    other = replace(key_file, epochs={"1": os.urandom(32)}, path=None)
    assert key_file.name == other.name
    with pytest.raises(EpochKeyIsWrong), EventLog(database, other):
        pass


def test_the_command_line_says_which_epoch_is_wrong(
    database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered(settings.keys, **{"1": other_key()})
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(settings.data_folder))
    result = CliRunner().invoke(keys, ["rotate", "--prepare"])
    assert isinstance(result.exception, EpochKeyIsWrong)
