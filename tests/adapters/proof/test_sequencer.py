"""Every event gets its leaf and a signed checkpoint soon; who is stopped between goes on; nothing else is signed."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import tuple_row

from adapters.postgres.log.event_log import EventLog
from adapters.postgres.proof import sequencer as sequencing_module
from adapters.postgres.proof import tree_rows
from adapters.postgres.proof.log_verification import Held, verify_log
from adapters.postgres.proof.sequencer import Sequencer
from adapters.postgres.proof.tree_rows import Inclusion, Pending, Proofs
from adapters.proof import signer as signer_module
from adapters.proof.leaf import leaf_bytes
from adapters.proof.note import open_checkpoint, read_signing_key, read_verifier_key
from adapters.proof.signer import FORK, KEY, RECORD, ForkFound, Signer, SigningFolderIsUnusable
from adapters.proof.tree import CompactRange, TreeIsSmaller, leaf_hash, verify_consistency, verify_inclusion
from adapters.runtime.supervision import Supervision
from tests.adapters.proof.conftest import Append, sequencing
from tests.adapters.proof.rows import row_of


def leaves_in(connection: psycopg.Connection) -> list[tuple[int, int]]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute("select leaf_index, position from leaf order by leaf_index").fetchall()


def test_leaves_follow_the_log_without_a_gap(
    log: EventLog, sequencer: Sequencer, superuser: psycopg.Connection, append: Append
) -> None:
    append(3)
    with log.recorder.datastore.pool.connection() as connection:
        connection.execute("select reserve_positions(5)")  # positions that nothing stands at
    append(4)
    sequencer.catch_up()
    assert leaves_in(superuser) == list(enumerate([1, 2, 3, 9, 10, 11, 12]))
    append(1)
    sequencer.catch_up()
    assert leaves_in(superuser)[-1] == (7, 13)


@pytest.mark.parametrize("batch", [1, 7, 5_000])
def test_every_event_is_proved_from_outside(
    database: str, signing_folder: Path, log: EventLog, proofs: Proofs, append: Append, batch: int
) -> None:
    """The answer is enough for a reader who has the verifier key and the event alone."""
    with sequencing(database, signing_folder, batch) as sequencer:
        person = uuid4()
        events = append(20, person)
        sequencer.catch_up()
        old = proofs.latest()
        events += append(280, person)
        sequencer.catch_up()
    new = proofs.latest()
    assert old is not None
    assert new is not None
    key = read_verifier_key(proofs.verifier_key() or "")
    checkpoint = open_checkpoint(new.note, key)
    assert (checkpoint.origin, checkpoint.size) == (log.recorder.origin(), 300)
    for place in (0, 19, 20, 255, 256, 299):
        inclusion = proofs.inclusion(events[place])
        assert isinstance(inclusion, Inclusion)
        assert inclusion.index == place
        event = next(iter(log.recorder.select_events(log_stream(log, events[place]), gt=place, lte=place + 1)))
        assert leaf_bytes(row_of(event), checkpoint.origin) == inclusion.leaf  # type: ignore[arg-type]  # events of ours all are
        verify_inclusion(inclusion.index, checkpoint.size, leaf_hash(inclusion.leaf), inclusion.hashes, checkpoint.root)
        assert proofs.leaf_of(events[place]) == (place, inclusion.leaf)
        assert proofs.inclusion_of(place, 300) == inclusion.hashes
    first = open_checkpoint(old.note, key)
    verify_consistency(first.size, first.root, 300, checkpoint.root, proofs.consistency(first.size, 300))
    assert proofs.checkpoint_of(20) == old
    assert old.checkpoint == first
    assert CompactRange.of(300, proofs.subtrees([(8, 0), (5, 8), (3, 36), (2, 74)])).root() == checkpoint.root


def log_stream(log: EventLog, event: UUID) -> UUID:
    with log.recorder.datastore.pool.connection() as connection:
        row = connection.execute("select stream_id from event where event_id = %s", (event,)).fetchone()
    assert row is not None
    stream: UUID = row["stream_id"]
    return stream


def test_what_is_not_sequenced_yet_is_pending(sequencer: Sequencer, proofs: Proofs, append: Append) -> None:
    (event,) = append()
    assert proofs.inclusion(event) == Pending(1)
    assert proofs.latest() is None
    assert proofs.verifier_key() is None
    assert proofs.inclusion(uuid4()) is None
    sequencer.catch_up()
    assert isinstance(proofs.inclusion(event), Inclusion)
    (later,) = append()
    assert proofs.inclusion(later) == Pending(2)
    assert (proofs.leaf_index_of(1), proofs.leaf_index_of(2)) == (0, None)


def test_tiles_are_given_as_wide_as_they_are_asked_for(sequencer: Sequencer, proofs: Proofs, append: Append) -> None:
    append(5)
    sequencer.catch_up()
    three = proofs.tile(0, 0, 3)
    assert three is not None
    assert len(three) == 96
    assert proofs.tile(0, 0, 5) == three + (proofs.tile(0, 0, 5) or b"")[96:]
    assert proofs.tile(0, 0, 6) is None
    assert proofs.tile(1, 0, 1) is None
    with pytest.raises(TreeIsSmaller):
        proofs.consistency(3, 6)
    with pytest.raises(TreeIsSmaller):
        proofs.consistency(0, 5)


def test_an_empty_log_has_nothing_to_sign(sequencer: Sequencer, proofs: Proofs, signing_folder: Path) -> None:
    assert sequencer.catch_up() == 0
    assert proofs.latest() is None
    assert not signing_folder.exists()


def test_the_secret_is_for_its_owner_alone(sequencer: Sequencer, signing_folder: Path, append: Append) -> None:
    append()
    sequencer.catch_up()
    assert signing_folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in signing_folder.iterdir()} == {KEY: 0o600, RECORD: 0o600}


def test_what_was_written_down_is_published_by_the_next(
    database: str, signing_folder: Path, proofs: Proofs, append: Append, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between the record and the database: the very note comes out, also when the log has grown since."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    append(3)
    with monkeypatch.context() as patched, sequencing(database, signing_folder) as sequencer:
        patched.setattr(tree_rows, "publish", stopped)
        with pytest.raises(KeyboardInterrupt):
            sequencer.catch_up()
    assert proofs.latest() is None
    append(2)
    with sequencing(database, signing_folder) as sequencer:
        sequencer.catch_up()
    again = proofs.checkpoint_of(3)
    latest = proofs.latest()
    assert again is not None
    assert latest is not None
    assert latest.size == 5
    key = read_verifier_key(proofs.verifier_key() or "")
    assert open_checkpoint(again.note, key).size == 3


STEPS = (
    (tree_rows, "write_leaves"), (signer_module, "write_safely"), (os, "fsync"),
    (Path, "replace"), (tree_rows, "publish"),
)  # fmt: skip


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step[1]))
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_stop_at_any_step_loses_nothing(
    database: str, signing_folder: Path, append: Append, monkeypatch: pytest.MonkeyPatch, times: int,
    step: tuple[object, str], done: bool,
) -> None:  # fmt: skip
    """As kill -9 would: at the first, second or third time that it comes to the step, before it or after it."""
    original, left = getattr(*step), iter(range(1, times))

    def stopped(*values: Any, **named: Any) -> Any:
        goes_on = next(left, None) is not None
        answer = original(*values, **named) if goes_on or done else None
        if not goes_on:
            raise KeyboardInterrupt
        return answer

    append(5)
    with monkeypatch.context() as patched, sequencing(database, signing_folder, batch=2) as sequencer:
        patched.setattr(*step, stopped)
        patched.setattr(sequencing_module, "EVERY", -1.0)
        with contextlib.suppress(KeyboardInterrupt):
            sequencer.catch_up()
    append(4)
    with sequencing(database, signing_folder) as sequencer:
        sequencer.catch_up()
    key = read_signing_key((signing_folder / KEY).read_text()).verifier
    held = Held(key, {"held": (signing_folder / RECORD).read_text()})
    verified = verify_log(database, held, lambda _: None)
    assert (verified.leaves, verified.waiting, verified.findings) == (9, 0, [])


def test_leaves_that_are_made_again_are_no_log_that_has_shrunk(
    database: str, signing_folder: Path, superuser: psycopg.Connection, append: Append, monkeypatch: pytest.MonkeyPatch,
    proofs: Proofs,
) -> None:  # fmt: skip
    """The events are all there and their leaves are not, as after a restore to just before these were written: a pass
    so long that it signs in between must come to where the last checkpoint was first."""
    append(6)
    with sequencing(database, signing_folder) as sequencer:
        sequencer.catch_up()
    changed_by(superuser, "truncate leaf", "truncate tile", "truncate checkpoint")
    append(2)
    monkeypatch.setattr(sequencing_module, "EVERY", -1.0)
    with sequencing(database, signing_folder, batch=1) as sequencer:
        sequencer.catch_up()
    latest = proofs.latest()
    assert latest is not None
    assert latest.size == 8
    assert not (signing_folder / FORK).exists()


def test_the_sequencer_may_do_its_work_and_nothing_else(sequencer: Sequencer, append: Append) -> None:
    append()
    sequencer.catch_up()
    for statement in (
        "update leaf set position = 9", "delete from leaf", "truncate leaf", "delete from tile", "truncate tile",
        "update checkpoint set note = ''", "delete from checkpoint", "insert into event (position) values (9)",
        "select * from person_key", "update tile set level = 3", "delete from verifier_key",
    ):  # fmt: skip
        with sequencer._datastore.pool.connection() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_not_even_the_owner_changes_proofs_by_mistake(database: str, sequencer: Sequencer, append: Append) -> None:
    append()
    sequencer.catch_up()
    for statement in (
        "update leaf set position = 9", "delete from leaf", "truncate leaf", "update checkpoint set note = ''",
        "delete from checkpoint", "truncate checkpoint", "truncate verifier_key", "delete from tile", "truncate tile",
    ):  # fmt: skip
        with (
            psycopg.connect(database) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
        ):
            connection.execute(statement.encode())


def test_the_service_reads_proofs_and_makes_none(log: EventLog, sequencer: Sequencer, append: Append) -> None:
    append()
    sequencer.catch_up()
    for table in ("leaf", "tile", "checkpoint"):
        with log.recorder.datastore.pool.connection() as connection:
            connection.execute(f"select from {table}".encode())
        with (
            log.recorder.datastore.pool.connection() as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(f"insert into {table} select * from {table}".encode())


@contextmanager
def running(sequencer: Sequencer) -> Iterator[None]:
    stop = threading.Event()
    supervision = Supervision("sequencer", sequencer.run, (ForkFound, SigningFolderIsUnusable), first_delay=0.1)
    thread = threading.Thread(target=supervision.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wait_for(proofs: Proofs, size: int, seconds: float = 60.0) -> float:
    """Seconds until a checkpoint of that size or more was published."""
    began = time.monotonic()
    while (latest := proofs.latest()) is None or latest.size < size:
        assert time.monotonic() < began + seconds, "no checkpoint came"
        time.sleep(0.01)
    return time.monotonic() - began


def test_it_follows_the_log_and_others_stand_by(
    database: str, sequencer: Sequencer, signing_folder: Path, proofs: Proofs, append: Append
) -> None:
    with running(sequencer), sequencing(database, signing_folder) as other:
        append()
        waited = [wait_for(proofs, 1)]
        with running(other):
            append(30)
            waited.append(wait_for(proofs, 31))
    with sequencing(database, signing_folder) as other, running(other):
        append()
        waited.append(wait_for(proofs, 32))
    assert median(waited) < 5, "a pause of the machine may delay one of them, not most"


def test_to_sequence_once_ends_when_another_has_done_it(
    database: str, sequencer: Sequencer, signing_folder: Path, proofs: Proofs, append: Append
) -> None:
    append(3)
    with running(sequencer), sequencing(database, signing_folder) as other:
        wait_for(proofs, 3)
        assert other.catch_up() == 3


def changed_by(superuser: psycopg.Connection, *statements: str) -> None:
    for statement in statements:
        superuser.execute(statement.encode())


def test_a_log_that_has_shrunk_is_not_signed(
    sequencer: Sequencer, signing_folder: Path, superuser: psycopg.Connection, append: Append
) -> None:
    append(4)
    sequencer.catch_up()
    changed_by(
        superuser, "delete from leaf where leaf_index >= 2", "delete from event where position > 2",
        "update tile set width = 2, data = substr(data, 1, 64)", "truncate checkpoint",
        "select setval('event_position', 2)",
    )  # fmt: skip
    with pytest.raises(ForkFound, match="4 leaves were signed, 2 are there"):
        sequencer.catch_up()
    assert "the log has shrunk" in (signing_folder / FORK).read_text()


def test_an_emptied_log_is_not_begun_anew(sequencer: Sequencer, superuser: psycopg.Connection, append: Append) -> None:
    append(4)
    sequencer.catch_up()
    changed_by(superuser, "truncate leaf", "truncate event", "truncate tile", "truncate checkpoint",
               "select setval('event_position', 1, false)")  # fmt: skip
    with pytest.raises(ForkFound, match="4 leaves were signed, 0 are there"):
        sequencer.catch_up()


def test_a_log_that_was_rewritten_is_not_signed(
    sequencer: Sequencer, signing_folder: Path, superuser: psycopg.Connection, append: Append, proofs: Proofs
) -> None:
    append(4)
    sequencer.catch_up()
    changed_by(superuser, "update event set actor = 'user:eve' where position = 2",
               "truncate leaf", "truncate tile", "truncate checkpoint")  # fmt: skip
    with pytest.raises(ForkFound, match="not the one that was signed at 4 leaves"):
        sequencer.catch_up()
    assert proofs.latest() is None
    with pytest.raises(ForkFound, match="a fork was found before"):
        sequencer.catch_up()
    changed_by(superuser, "update event set actor = 'user:ana' where position = 2", "truncate leaf", "truncate tile")
    (signing_folder / FORK).unlink()
    sequencer.catch_up()
    assert proofs.latest() is not None


@pytest.mark.parametrize(
    "record",
    [None, b"", "perennial\n4\nAAAA\n\n— perennial AAAA\n".encode(), b"\xff\x00\xff"],
    ids=["missing", "empty", "another log's", "no text"],
)
def test_without_its_record_nothing_is_signed(
    sequencer: Sequencer, signing_folder: Path, append: Append, record: bytes | None
) -> None:
    append(4)
    sequencer.catch_up()
    (signing_folder / RECORD).unlink()
    if record is not None:
        (signing_folder / RECORD).write_bytes(record)
    append()
    with pytest.raises(ForkFound, match=r"last-checkpoint\.txt (is missing|was altered)"):
        sequencer.catch_up()


def test_a_folder_of_another_log_or_without_the_key_is_refused(
    database: str, tmp_path: Path, sequencer: Sequencer, signing_folder: Path, append: Append
) -> None:
    append()
    sequencer.catch_up()
    others, broken = tmp_path / "others", tmp_path / "broken"
    Signer(others, "another-log").key(published=False)
    broken.mkdir()
    (broken / KEY).write_text("no key")
    for folder, why in ((tmp_path / "new", "restore its backup"), (others, "is that of another-log"), (broken, "read")):
        with sequencing(database, folder) as lost, pytest.raises(SigningFolderIsUnusable, match=why):
            lost.catch_up()
    assert not (tmp_path / "new").exists()
    (signing_folder / KEY).unlink()
    append()
    with pytest.raises(SigningFolderIsUnusable, match="restore its backup"):
        sequencer.catch_up()


def test_a_fork_is_logged_and_leaves_the_lock_free(
    database: str, sequencer: Sequencer, signing_folder: Path, tmp_path: Path, proofs: Proofs, append: Append,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    append()
    sequencer.catch_up()
    append()
    with caplog.at_level(logging.ERROR), sequencing(database, tmp_path / "wrong") as wrong, running(wrong):
        while not caplog.records:
            time.sleep(0.01)
        with running(sequencer):
            wait_for(proofs, 2)
    assert "Nothing is signed: the signing folder" in caplog.text


def test_torn_tables_are_reported(sequencer: Sequencer, superuser: psycopg.Connection, append: Append) -> None:
    append(4)
    sequencer.catch_up()
    changed_by(superuser, "update tile set width = 2, data = substr(data, 1, 64)")
    append()
    with pytest.raises(tree_rows.TreeIsTorn, match="verify --log"):
        sequencer.catch_up()
