"""What is typed to sequence and to verify a log, and what is answered; exit code 1 when it is not what was signed."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from adapters.cli import proofs as cli_proof
from adapters.cli.proofs import NothingIsSigned, group
from adapters.postgres.proof import tree_rows
from adapters.proof.leaf import leaf_bytes
from adapters.proof.note import KeyCannotBeRead, SigningKey
from adapters.proof.signer import FORK, KEY, RECORD, ForkFound
from adapters.proof.tree import TiledTree, leaf_hash
from adapters.settings import Settings
from tests.adapters.proof.conftest import Append


@pytest.fixture(autouse=True)
def settings(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))
    return Settings()


def typed(*words: str) -> Result:
    return CliRunner().invoke(group, words)


def said(result: Result) -> str:
    return " ".join(re.sub(r"[^\w\s.,:()-]", " ", result.output).split())


def test_a_log_is_sequenced_and_verified(append: Append, settings: Settings) -> None:
    append(5)
    sequenced = typed("sequence", "--once")
    assert sequenced.exit_code == 0, sequenced.output
    assert "signed up to position 5" in said(sequenced)
    assert (settings.signing / RECORD).read_text().split("\n")[1] == "5"
    append(2)
    verified = typed("verify", "--log")
    assert verified.exit_code == 0, verified.output
    assert "5 leaves were rebuilt" in said(verified)
    assert "and 2 checkpoints 2 events wait" in said(verified).replace(";", "")  # the published one and the record
    assert "it extends the signing folder s last-checkpoint.txt no differences" in said(verified)
    assert "comes from the database itself" not in said(verified)


def test_what_was_changed_is_reported_and_fails(append: Append, superuser: psycopg.Connection) -> None:
    append(5)
    typed("sequence", "--once")
    superuser.execute("update event set actor = 'user:eve' where position = 2")
    verified = typed("verify", "--log")
    assert verified.exit_code == 1
    assert "position 2 (leaf 1): the event is not the one that was sequenced" in said(verified)
    assert "This is not the log that was signed." in said(verified)


def test_a_checkpoint_that_was_kept_shows_a_roll_back(
    append: Append, superuser: psycopg.Connection, settings: Settings, tmp_path: Path
) -> None:
    """The whole database is put back, and the signing folder with it: only what left the house tells."""
    append(5)
    typed("sequence", "--once")
    older = (settings.signing / RECORD).read_text()
    tables = ("event", "leaf", "tile", "checkpoint")
    append(3)
    typed("sequence", "--once")
    kept = tmp_path / "kept.txt"
    kept.write_text((settings.signing / RECORD).read_text())
    (settings.signing / RECORD).write_text(older)
    for table, column in zip(tables, ("position", "position", "width", "size"), strict=True):
        superuser.execute(f"delete from {table} where {column} > 5".encode())
    superuser.execute("insert into tile select 0, 0, 5, substr(%s, 1, 160)", (tile_before(superuser),))
    assert typed("verify", "--log").exit_code == 0
    caught = typed("verify", "--log", "--checkpoint", str(kept))
    assert caught.exit_code == 1
    assert "it covers 8 leaves and the log has 5: the log was cut off" in said(caught)


def tile_before(superuser: psycopg.Connection) -> bytes:
    """The level-0 tile as the remaining events make it."""
    rows = tree_rows.next_rows(superuser, tree_rows.Edge(TiledTree(), 0), 5, 10)
    origin = tree_rows.origin_of(superuser)
    return b"".join(leaf_hash(leaf_bytes(row, origin)) for row in rows)


def test_a_fork_is_a_complaint_and_the_check_fails(
    append: Append, superuser: psycopg.Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(5)
    assert typed("sequence", "--once").exit_code == 0
    assert typed("sequence", "--check").exit_code == 0
    superuser.execute("update tile set data = set_bit(data, 3, 1 - get_bit(data, 3))")
    append(1)
    assert isinstance(typed("sequence", "--once").exception, ForkFound)
    assert (settings.signing / FORK).exists()
    refusing = typed("sequence", "--check")
    assert refusing.exit_code == 1
    assert "FORK-FOUND.txt exists: nothing is signed until it is removed" in said(refusing)
    (settings.signing / FORK).unlink()
    monkeypatch.setattr(cli_proof, "LATE", 0.0)
    late = typed("sequence", "--check")
    assert late.exit_code == 1
    assert "the oldest event without a checkpoint has waited for" in said(late)


def test_the_key_may_be_named_or_comes_from_the_database_with_a_warning(
    append: Append, settings: Settings, tmp_path: Path
) -> None:
    assert isinstance(typed("verify", "--log").exception, NothingIsSigned)
    append(5)
    typed("sequence", "--once")
    (settings.signing / KEY).rename(tmp_path / "elsewhere")
    (settings.signing / RECORD).unlink()
    verified = typed("verify", "--log")
    assert verified.exit_code == 0
    assert "the key comes from the database itself" in said(verified)
    other = typed("verify", "--log", "--key", str(SigningKey.generate("other").verifier))
    assert other.exit_code == 1
    assert "the database names a verifier key that is not the one verified with" in said(other)
    assert isinstance(typed("verify", "--log", "--key", "x+y").exception, KeyCannotBeRead)


def test_a_signing_folder_that_was_spoilt_is_reported(append: Append, settings: Settings) -> None:
    append(5)
    typed("sequence", "--once")
    (settings.signing / RECORD).write_bytes(b"\xff\x00")
    verified = typed("verify", "--log")
    assert verified.exit_code == 1
    assert "last-checkpoint.txt: The note is not signed with the key" in said(verified)
    (settings.signing / KEY).write_bytes(b"\xff\x00")
    assert isinstance(typed("verify", "--log").exception, KeyCannotBeRead)


@pytest.mark.parametrize("words", [(), ("--log", "bundle.json"), ("--log", "--dispatches")])
def test_one_thing_is_verified_at_a_time(words: tuple[str, ...]) -> None:
    refused = typed("verify", *words)
    assert refused.exit_code == 2
    assert "either a bundle or --log" in said(refused)
