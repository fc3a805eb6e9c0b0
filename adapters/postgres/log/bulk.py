"""Many events at once: a transaction of thousands, written by COPY, under the same order and the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from adapters.postgres.keys.sealing import Sealer
from adapters.postgres.log.append import KeysChanged, error_of, receipts
from adapters.postgres.log.precedence import LOCKED
from adapters.postgres.log.store import RESEALS, PersonWasErased, SealingEventStore
from commands.attached import Attached
from commands.log import ConcurrencyConflict
from domain.event import Event, Recorded

CHUNK = 10_000
BLOCK = 500
COPY = """copy event (position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, actor,
    causation_id, correlation_id, clear, people, state{recorded}) from stdin"""
NULL = "\\N"
FORMER_EPOCH = "PK001"
"""The database's error where a key is wrapped with an epoch that is not current."""


class BulkAppend:
    """Appends events in chunks, each a short transaction: other writers wait for one chunk at most."""

    def __init__(self, store: SealingEventStore, *, recorded_at_too: bool = False) -> None:
        """`recorded_at_too`: write the events' own recording time. Only the owner of a synthetic log is allowed to."""
        self._store, self._mapper, self._recorder = store, store.mapper, store.recorder
        self._copy = COPY.format(recorded=", recorded_at" if recorded_at_too else "").encode()
        self._recorded_at_too = recorded_at_too

    def append(self, events: Iterable[Recorded[Event]]) -> Iterator[tuple[int, int]]:
        """(first, last) position of each chunk, as soon as it is committed. Errors: as of a single append."""
        rest = iter(events)
        while chunk := list(islice(rest, CHUNK)):
            yield self.append_block(chunk, Attached())

    def append_block(self, chunk: Sequence[Recorded[Event]], attached: Attached) -> tuple[int, int]:
        """Appends all of at least one event, with what goes with them, or nothing: the first and last position. Of an
        erased person the texts of codes are left out."""
        while True:
            try:
                return self._append_block(chunk, attached)
            except PersonWasErased as gone:
                plain = self._mapper.without_texts(chunk, gone.person)
                if plain is None:
                    raise
                chunk = plain

    def _append_block(self, chunk: Sequence[Recorded[Event]], attached: Attached) -> tuple[int, int]:
        people = {person for event in chunk for person in self._mapper.people_of(event)}
        self._store.find_keys(chunk, people)
        for _ in range(RESEALS):
            try:
                first = self._write(chunk, people, attached)
            except KeysChanged:
                self._store.turn_epoch()
                self._store.learn_again(people)
                continue
            except psycopg.errors.UniqueViolation as broken:
                if broken.diag.constraint_name == LOCKED:
                    self._recorder.precedence.wait({event.stream for event in chunk})
                raise error_of(broken.diag.constraint_name) from broken
            self._mapper.keyring.settle(people)
            self._wrote(first + len(chunk) - 1)
            return first, first + len(chunk) - 1
        raise ConcurrencyConflict

    def _wrote(self, position: int) -> None:
        """Notify as after any append. A synthetic history brings its own time index: no entry is added beside it."""
        (self._recorder.barrier if self._recorded_at_too else self._recorder).wrote(position)

    def _write(self, chunk: Sequence[Recorded[Event]], people: Iterable[UUID], attached: Attached) -> int:
        """One transaction. The server takes in each block of lines while the next is being sealed."""
        keyring = self._mapper.keyring
        sealers = [keyring.sealer(person) or keyring.make(person) for person in people]
        with self._recorder.datastore.pool.connection() as connection, connection.transaction():
            connection.execute("select pg_advisory_xact_lock_shared(log_lock())")
            bring_keys(connection, sealers)
            row = connection.execute("select reserve_positions(%s) as first", (len(chunk),)).fetchone() or {}
            first = int(row["first"])
            with connection.cursor().copy(self._copy) as copy:
                for begin in range(0, len(chunk), BLOCK):
                    copy.write("".join(self._lines(first + begin, chunk[begin : begin + BLOCK])).encode())
            if brought := receipts(attached):
                connection.execute("select bring_receipts(%s, %s)", (Jsonb(brought), first + len(chunk) - 1))
        return first

    def _lines(self, first: int, events: Sequence[Recorded[Event]]) -> Iterator[str]:
        """Yield the events in COPY's text format."""
        mapper = self._mapper
        for position, event in enumerate(events, first):
            sealers, parts = mapper.sealed(event)
            line = copy_line(position, event, mapper.clear(event.event), sealers, parts)
            yield f"{line}\t{event.recorded_at}\n" if self._recorded_at_too else f"{line}\n"


def copy_line(position: int, event: Recorded[Event], clear: str, sealers: Sequence[Sealer], parts: str) -> str:
    """One line without its end. Clear data and sealed parts are ASCII without escapes."""
    people = ",".join(str(sealer.person) for sealer in sealers)
    return (
        f"{position}\t{event.stream.int:032x}\t{event.version}\t{event.id.int:032x}\t{event.event.stored_name}\t"
        f"{event.occurred_at or NULL}\t{escaped(event.occurred_how)}\t{escaped(event.actor)}\t"
        f"{id_or_null(event.causation)}\t{id_or_null(event.correlation)}\t{clear}\t{{{people}}}\t\\\\x{parts.encode().hex()}"
    )


@lru_cache(maxsize=4096)
def escaped(text: str) -> str:
    """Return the text with the escapes of COPY's text format."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def id_or_null(value: UUID | None) -> str:
    return NULL if value is None else f"{value.int:032x}"


def bring_keys(connection: psycopg.Connection[DictRow], sealers: Sequence[Sealer]) -> None:
    """Stores the new keys and makes sure that all of them live. Errors: KeysChanged."""
    brought = [sealer.brought for sealer in sealers if sealer.brought is not None]
    if brought:
        columns: list[Any] = [[key.person for key in brought], [key.key_id for key in brought]]
        columns += [[key.epoch for key in brought], [key.wrapped for key in brought]]
        try:
            connection.execute(
                "insert into person_key (person, key_id, epoch, wrapped)"
                " select * from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bytea[])"
                " on conflict (person) do nothing",
                columns,
            )
        except psycopg.Error as refused:
            if refused.sqlstate == FORMER_EPOCH:
                raise KeysChanged(refused.diag.message_detail or "") from refused
            raise
    used = [sealer.key_id for sealer in sealers]
    row = (
        connection.execute(
            "select count(*) as living from person_key where key_id = any(%s) and wrapped is not null", (used,)
        ).fetchone()
        or {}
    )
    if row["living"] != len(used):
        raise KeysChanged("in a bulk append")
