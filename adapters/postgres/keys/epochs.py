"""Epochs of the key file: living keys are wrapped anew, and what opens older copies of them is destroyed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg.rows import class_row, dict_row, tuple_row

from adapters.postgres.keys.key_file import (
    EpochIsNotInKeyFile,
    EpochKeyIsDoubled,
    EpochKeyIsWrong,
    KeyFile,
    read_key_file,
    replace_key_file,
)
from adapters.postgres.keys.sealing import PersonKey
from adapters.postgres.log.recorder import key_from
from adapters.postgres.projector.runner import Progress, no_progress
from domain.errors import ExplainedError

Connection = psycopg.Connection[Any]

ROTATION_LOCK = 7400009
BATCH = 2_000
SAMPLE = 50
LOWEST = UUID(int=0)
"""Whose id comes before everybody's."""
ANSWERS_WITHIN = timedelta(days=1)
"""What is promised of a rotation that should have been already: it is tried every hour."""

SWEEP_LOG = ("checkpoint", "select pg_switch_wal()", "checkpoint")
"""After the first the log's old files are of no use, after the second they are gone (`wal_recycle` must be off)."""


class KeysAreBeingRotated(ExplainedError):
    """Rotation in progress

    Another process is rotating the keys.

    Wait for it; if it was killed, run this again: it resumes from there.
    """


class EpochsAreMissing(ExplainedError):
    """Missing epochs

    The table key_epoch names no current epoch.

    Restore it from the backup that person_key is of.
    """


class WrappedKeyIsBroken(ExplainedError):
    """Broken wrapped key

    The wrapped key of person {person} was altered in the database and does not open. The former epoch is kept.

    Restore the row of person_key from a backup, or erase the person, and rotate again.
    """

    def __init__(self, person: UUID) -> None:
        super().__init__(person=person)


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch: its `state` is 'current', 'retiring' or 'destroyed'; so many living keys are wrapped with it."""

    name: str
    made_at: datetime
    state: str
    destroyed_at: datetime | None
    swept_at: datetime | None
    keys: int


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. `left`: the statements that this login may not run and the operator must."""

    epoch: str
    wrapped: int
    destroyed: Sequence[str]
    left: Sequence[str]


def epochs(connection: Connection) -> list[Epoch]:
    """Return every epoch, past and present, the oldest first."""
    with connection.cursor(row_factory=class_row(Epoch)) as cursor:
        return cursor.execute(
            "select e.name, e.made_at, e.state, e.destroyed_at, e.swept_at,"
            " (select count(*) from person_key k where k.epoch = e.name and k.wrapped is not null) as keys"
            " from key_epoch e order by e.made_at, e.name"
        ).fetchall()


def current_epoch(connection: Connection) -> str:
    """Return the epoch that new keys are wrapped with. Errors: EpochsAreMissing."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("select name from key_epoch where state = 'current'").fetchone()
    if row is None:
        raise EpochsAreMissing
    return str(row[0])


def logged_fingerprints(connection: Connection) -> dict[str, str]:
    """Return the fingerprint of each epoch's key that the log knows."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute("select name, fingerprint from key_epoch where fingerprint is not null").fetchall())


def note_fingerprints(connection: Connection, key_file: KeyFile) -> None:
    """Record the fingerprints of epochs' keys that the log lacks. Errors: EpochKeyIsWrong, EpochKeyIsDoubled."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        unknown = cursor.execute(
            "select name from key_epoch where fingerprint is null and state <> 'destroyed'"
        ).fetchall()
    logged = logged_fingerprints(connection)
    for name in (name for (name,) in unknown if name in key_file.epochs):
        if not opens_what_it_wrapped(connection, key_file, name):
            raise EpochKeyIsWrong(key_file.path, name)
        fingerprint = key_file.fingerprint_of(key_file.epochs[name])
        if other := next(
            (epoch for epoch, logged_fingerprint in logged.items() if logged_fingerprint == fingerprint), None
        ):
            raise EpochKeyIsDoubled(key_file.path, name, other)
        connection.execute("update key_epoch set fingerprint = %s where name = %s", (fingerprint, name))
        logged[name] = fingerprint


def opens_what_it_wrapped(connection: Connection, key_file: KeyFile, epoch: str) -> bool:
    """Return whether the file's key of the epoch opens keys wrapped with it: one of a few, in case some are broken."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "select person, key_id, epoch, wrapped from person_key where epoch = %s and wrapped is not null"
            " order by person limit %s",
            (epoch, SAMPLE),
        ).fetchall()
    return not rows or any(opens(key_file, key_from(row)) for row in rows)


def opens(key_file: KeyFile, key: PersonKey) -> bool:
    try:
        key_file.unwrap(key.person, key.key_id, key.epoch, key.wrapped or b"")
    except InvalidTag:
        return False
    return True


def next_rotation(connection: Connection, every: timedelta) -> datetime:
    """By when the present epoch is destroyed, and with it every copy of a key that was destroyed before: a promise,
    so never a time that has passed."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "select greatest(made_at + %s, clock_timestamp() + %s) from key_epoch where state = 'current'",
            (every, ANSWERS_WITHIN),
        ).fetchone()
    if row is None:
        raise EpochsAreMissing
    by: datetime = row[0]
    return by


def seconds_overdue(connection: Connection, every: timedelta) -> float:
    """Return for how long a rotation has been due: of an old epoch, or of one that was begun and never ended."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "select extract(epoch from clock_timestamp() - min(case state when 'current' then made_at + %s"
            " when 'retiring' then made_at else destroyed_at end))::float8 from key_epoch"
            " where state <> 'destroyed' or swept_at is null",
            (every,),
        ).fetchone()
    return 0.0 if row is None or row[0] is None else max(0.0, float(row[0]))


def is_due(connection: Connection, every: timedelta) -> bool:
    """Return whether the present epoch is older than that, or a rotation was begun and never ended."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "select exists (select from key_epoch where state = 'retiring'"
            " or (state = 'destroyed' and swept_at is null)"
            " or (state = 'current' and made_at + %s <= clock_timestamp()))",
            (every,),
        ).fetchone()
    return row == (True,)


class Rotation:
    """One rotation of the key file at `path`. Killed at any point and run again, it goes on where it was.

    `connection`: as the owner of the tables, in autocommit. `make_directory_anew`: builds the one read model with
    personal text beside the old, and drops that.
    """

    def __init__(
        self,
        connection: Connection,
        path: Path,
        make_directory_anew: Callable[[], object],
        progress: Progress = no_progress,
    ) -> None:
        self._connection = connection
        self._path = path
        self._make_directory_anew = make_directory_anew
        self._progress = progress

    def prepare(self) -> str:
        """Only puts the next epoch into the file, so that copies of it can be taken to other machines first."""
        with self._alone():
            return self._prepared(self._read(), epochs(self._connection))

    def run(self) -> Rotated:
        """Errors: KeysAreBeingRotated, EpochIsNotInKeyFile, WrappedKeyIsBroken, KeyFileIsUnusable,
        KeyFileCannotBeWritten, and what `make_directory_anew` raises."""
        with self._alone():
            epoch = self._begun()
            wrapped = self._wrap_anew(epoch)
            destroyed = self._destroy_former(epoch)
            return Rotated(epoch, wrapped, destroyed, self._sweep())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._ask("select pg_try_advisory_lock(%s)", ROTATION_LOCK) is not True:
            raise KeysAreBeingRotated
        try:
            yield
        finally:
            if not self._connection.broken:
                self._connection.execute("select pg_advisory_unlock(%s)", (ROTATION_LOCK,))

    def _begun(self) -> str:
        """Return the epoch to wrap every key with: that of an unfinished rotation, or else a new one."""
        all_epochs = epochs(self._connection)
        key_file = self._read()
        current = current_epoch(self._connection)
        if current not in key_file.epochs:
            raise EpochIsNotInKeyFile(self._path, current)
        if any(
            epoch.state == "retiring" or (epoch.state == "destroyed" and epoch.swept_at is None) for epoch in all_epochs
        ):
            return current
        name = self._prepared(key_file, all_epochs)
        fingerprint = key_file.fingerprint_of(read_key_file(self._path).epochs[name])
        with self._connection.transaction():
            # No append is under way now; the next append with a key of the former epoch is refused.
            self._connection.execute("select pg_advisory_xact_lock(log_lock())")
            self._connection.execute("update key_epoch set state = 'retiring' where state = 'current'")
            self._connection.execute(
                "insert into key_epoch (name, state, fingerprint) values (%s, 'current', %s)", (name, fingerprint)
            )
        return name

    def _read(self) -> KeyFile:
        """Return the key file if its keys are those that the log knows. Errors: EpochKeyIsWrong, EpochKeyIsDoubled."""
        key_file = read_key_file(self._path)
        note_fingerprints(self._connection, key_file)
        key_file.hold_to(logged_fingerprints(self._connection))
        return key_file

    def _prepared(self, key_file: KeyFile, present: Sequence[Epoch]) -> str:
        """Return the file's epoch that the database does not know yet; make it if there is none. The file has it
        first."""
        waiting = sorted(
            key_file.epochs.keys() - {epoch.name for epoch in present}, key=lambda name: (number_of(name), name)
        )
        if waiting:
            return waiting[-1]
        number = 1 + max(number_of(name) for name in (*key_file.epochs, *(epoch.name for epoch in present)))
        key = AESGCM.generate_key(256)
        name = key_file.name_of(number, key)
        more = {**key_file.epochs, name: key}
        replace_key_file(self._path, replace(key_file, epochs=more))
        return name

    def _wrap_anew(self, epoch: str) -> int:
        """Wrap every living key under another epoch, batch by batch. Return how many. A key destroyed meanwhile stays
        so."""
        key_file = replace(self._read(), current=epoch)
        total, done = self._waiting(epoch), 0
        while self._waiting(epoch):  # once, unless a key was stored by hand meanwhile
            last = LOWEST
            while keys := self._former_keys(epoch, last):
                done, last = done + self._store([wrapped_anew(key_file, key) for key in keys], keys), keys[-1].person
                self._progress("wrapping keys anew", done, total)
        return done

    def _waiting(self, epoch: str) -> int:
        return int(self._ask("select count(*) from person_key where wrapped is not null and epoch <> %s", epoch))

    def _former_keys(self, epoch: str, after: UUID) -> list[PersonKey]:
        rows = self._connection.execute(
            "select person, key_id, epoch, wrapped from person_key"
            " where wrapped is not null and epoch <> %s and person > %s order by person limit %s",
            (epoch, after, BATCH),
        ).fetchall()
        return [key_from(row) for row in rows]

    def _store(self, anew: Sequence[PersonKey], former: Sequence[PersonKey]) -> int:
        """Only in the place of the very bytes that were wrapped anew: a person erased meanwhile gets no key back."""
        with self._connection.transaction():
            return self._connection.execute(
                "update person_key set epoch = anew.epoch, wrapped = anew.wrapped"
                " from unnest(%s::uuid[], %s::text[], %s::bytea[], %s::bytea[]) anew (person, epoch, wrapped, former)"
                " where person_key.person = anew.person and person_key.wrapped = anew.former",
                (
                    [key.person for key in anew],
                    [key.epoch for key in anew],
                    [key.wrapped for key in anew],
                    [key.wrapped for key in former],
                ),
            ).rowcount

    def _destroy_former(self, epoch: str) -> list[str]:
        """Remove all former epochs from the file. Return those that become destroyed in the database."""
        key_file = read_key_file(self._path)
        former = {other.name for other in epochs(self._connection)} - {epoch}
        left = {name: key for name, key in key_file.epochs.items() if name not in former}
        if (left, epoch) != (key_file.epochs, key_file.current):
            replace_key_file(self._path, replace(key_file, epochs=left, current=epoch))
        rows = self._connection.execute(
            "update key_epoch set state = 'destroyed', destroyed_at = clock_timestamp() where state = 'retiring'"
            " returning name"
        ).fetchall()
        return sorted(row["name"] for row in rows)

    def _sweep(self) -> list[str]:
        """Leaves no file of the database with what was opened before; what this login may not do itself."""
        self._connection.execute("vacuum person_key")
        self._make_directory_anew()
        left: list[str] = []
        for statement in SWEEP_LOG:
            try:
                self._connection.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                left.append(statement)
        self._connection.execute(
            "update key_epoch set swept_at = clock_timestamp() where state = 'destroyed' and swept_at is null"
        )
        return list(SWEEP_LOG) if left else []

    def _ask(self, question: str, *values: object) -> Any:
        with self._connection.cursor(row_factory=tuple_row) as cursor:
            (answer,) = cursor.execute(question.encode(), values).fetchone() or (None,)
        return answer


def wrapped_anew(key_file: KeyFile, key: PersonKey) -> PersonKey:
    """Return the same data key, wrapped under the file's current epoch. Errors: EpochIsNotInKeyFile,
    WrappedKeyIsBroken."""
    try:
        opened = key_file.unwrap(key.person, key.key_id, key.epoch, key.wrapped or b"")
    except InvalidTag as error:
        raise WrappedKeyIsBroken(key.person) from error
    return PersonKey(key.person, key.key_id, *key_file.wrap(key.person, key.key_id, opened))


def number_of(epoch: str) -> int:
    """Epochs are counted: 3, or since their names follow from their keys 3-0f1e2d3c4b5a6978. Any other comes first."""
    number = epoch.partition("-")[0]
    return int(number) if number.isdecimal() else 0
