"""An embedded database folds the case of every script, whatever the host's locale; an older one is carried over."""

from __future__ import annotations

import logging
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from adapters import bootstrap
from adapters.postgres.embedded import case_folding, data_folder
from adapters.postgres.embedded import server as embedded
from adapters.postgres.embedded.server import embedded_server
from tests.databases import at

CASES = (
    ("ŁÓDŹ", "łódź"),
    ("ЖУКОВА", "жукова"),
    ("ΩΜΈΓΑ", "ωμέγα"),
    ("ՀԱՅ", "հայ"),
    ("ᲗᲑᲘᲚᲘᲡᲘ", "თბილისი"),
    ("ÀÉÎ", "àéî"),
)
FEW_EVENTS = 40


@pytest.fixture
def old_folder(open_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder as versions before this one made it on a host without a locale."""
    monkeypatch.setattr(data_folder, "LOCALE", ("--encoding=UTF8", "--no-locale"))
    monkeypatch.setattr(case_folding, "MAKE", sql.SQL("create database {}"))
    folder = open_path / "postgres"
    with embedded_server(folder) as conninfo:
        bootstrap.migrated(conninfo)
        with psycopg.connect(conninfo) as connection:
            connection.execute("insert into time_index (time, position) select now(), 0 from generate_series(1, 40)")
    monkeypatch.undo()
    return folder


def folded(conninfo: str) -> list[str]:
    with psycopg.connect(conninfo) as connection:
        rows = [connection.execute("select lower(%s)", (upper,)).fetchone() or ("",) for upper, _ in CASES]
    return [lower for (lower,) in rows]


def test_a_new_embedded_database_folds_every_script(server: str) -> None:
    conninfo = make_conninfo(server, dbname=embedded.DATABASE)
    assert folded(conninfo) == [lower for _, lower in CASES]


def test_an_older_embedded_folder_is_carried_over_whole(old_folder: Path) -> None:
    with embedded_server(old_folder) as conninfo:
        assert folded(conninfo)[1] == "ЖУКОВА"  # a command that does not migrate uses it as it is
        with psycopg.connect(conninfo) as connection:
            (origin,) = connection.execute("select origin from log").fetchone() or ("",)
    with embedded_server(old_folder, renew=True) as conninfo:
        assert bootstrap.migrated(conninfo) == []
        assert folded(conninfo) == [lower for _, lower in CASES]
        with psycopg.connect(conninfo) as connection:
            assert connection.execute("select origin from log").fetchone() == (origin,)
            assert connection.execute("select count(*) from time_index").fetchone() == (FEW_EVENTS,)
            names = connection.execute("select datname from pg_database where datname like 'perennial%'").fetchall()
        assert names == [(embedded.DATABASE,)]
        bootstrap.require_log(conninfo)


def test_what_cannot_be_carried_over_stays_in_use(
    old_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(case_folding, "copy", fails)
    with embedded_server(old_folder, renew=True) as conninfo, psycopg.connect(conninfo) as connection:
        assert connection.execute("select count(*) from time_index").fetchone() == (FEW_EVENTS,)
    assert "No space left" in caplog.text


def test_a_copy_that_was_killed_is_begun_anew(old_folder: Path) -> None:
    with embedded_server(old_folder) as conninfo, psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create database perennial_carried")
        connection.execute("create database perennial_former")
    with embedded_server(old_folder, renew=True) as conninfo:
        assert folded(conninfo) == [lower for _, lower in CASES]


@pytest.mark.parametrize("locale", ["xx_YY.UTF-8", "de_DE", ""])
def test_the_hosts_locale_does_not_matter(open_path: Path, monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    for name in ("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES"):
        monkeypatch.setenv(name, locale)
    with embedded_server(open_path / "postgres") as conninfo:
        assert folded(conninfo) == [lower for _, lower in CASES]


def test_a_foreign_database_that_folds_no_cyrillic_is_named(server: str, caplog: pytest.LogCaptureFixture) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            "create database of_ascii template template0 locale_provider libc lc_collate 'C' lc_ctype 'C'"
        )
    with caplog.at_level(logging.WARNING):
        bootstrap.migrated(at(server, "of_ascii"))
    assert "of_ascii" in caplog.text
    assert "Cyrillic" in caplog.text


def test_a_database_that_folds_every_script_is_not_named(database: str, caplog: pytest.LogCaptureFixture) -> None:
    bootstrap.migrated(database)
    assert "Cyrillic" not in caplog.text
