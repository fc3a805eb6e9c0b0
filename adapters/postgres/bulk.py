"""Many events at once: a transaction of thousands, written by COPY, under the same order and the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from adapters.postgres.append import KeysChanged
from adapters.postgres.application import RESEALS, Perennial
from adapters.postgres.sealing import Sealer
from adapters.postgres.stored import LoggedEvent
from commands.handle import SomebodyWasFaster
from domain.event import Event, Recorded

CHUNK = 10_000
BLOCK = 500
COPY = """copy event (position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, actor,
    causation_id, correlation_id, clear, people, state{recorded}) from stdin"""
NULL = "\\N"


class BulkAppend:
    """Appends events in chunks, each a short transaction: nobody waits longer than for one chunk."""

    def __init__(self, log: Perennial, *, recorded_at_too: bool = False) -> None:
        """`recorded_at_too`: write the events' own recording time. Only the owner of a synthetic log is allowed to."""
        self.log = log
        self._copy = COPY.format(recorded=", recorded_at" if recorded_at_too else "").encode()
        self._recorded_at_too = recorded_at_too

    def append(self, events: Iterable[Recorded[Event]]) -> Iterator[tuple[int, int]]:
        """(first, last) position of each chunk, as soon as it is committed. Errors: as of a single append."""
        rest = iter(events)
        while chunk := list(islice(rest, CHUNK)):
            yield self._append_chunk(chunk)

    def _append_chunk(self, chunk: Sequence[Recorded[Event]]) -> tuple[int, int]:
        store = self.log.store
        people = {person for event in chunk for person in self.log.mapper.people_of(event)}
        store.find_keys(chunk, people)
        for _ in range(RESEALS):
            try:
                first = self._write(chunk, people)
            except KeysChanged:
                store.learn_again(people)
                continue
            self.log.mapper.keyring.settle(people)
            self._wrote(first + len(chunk) - 1)
            return first, first + len(chunk) - 1
        raise SomebodyWasFaster

    def _wrote(self, position: int) -> None:
        """Told as after any append; an invented history brings marks of its own, so none may be set beside it."""
        recorder = self.log.recorder
        (recorder.barrier if self._recorded_at_too else recorder).wrote(position)

    def _write(self, chunk: Sequence[Recorded[Event]], people: Iterable[UUID]) -> int:
        """One transaction. The server takes in each block of lines while the next is being sealed."""
        keyring = self.log.mapper.keyring
        sealers = [keyring.sealer(person) or keyring.make(person) for person in people]
        with self.log.recorder.datastore.get_connection() as connection, connection.transaction():
            connection.execute("select pg_advisory_xact_lock_shared(log_lock())")
            bring_keys(connection, sealers)
            row = connection.execute("select reserve_positions(%s) as first", (len(chunk),)).fetchone() or {}
            first = int(row["first"])
            with connection.cursor().copy(self._copy) as copy:
                for begin in range(0, len(chunk), BLOCK):
                    copy.write("".join(self._lines(first + begin, chunk[begin : begin + BLOCK])).encode())
        return first

    def _lines(self, first: int, events: Sequence[Recorded[Event]]) -> Iterator[str]:
        for position, event in enumerate(map(self.log.mapper.to_stored_event, events), first):
            line = copy_line(position, event)
            yield f"{line}\t{event.recorded_at}\n" if self._recorded_at_too else f"{line}\n"


def copy_line(position: int, event: LoggedEvent) -> str:
    """One line of COPY's text format, without its end; clear data may hold backslashes only as JSON escapes."""
    people = ",".join(map(str, event.people))
    clear = event.clear.replace(BACKSLASH, TWO_BACKSLASHES)
    return (
        f"{position}\t{event.originator_id}\t{event.originator_version}\t{event.event_id}\t{event.topic}\t"
        f"{NULL if event.occurred_at is None else event.occurred_at}\t{event.occurred_how}\t{event.actor}\t"
        f"{event.causation_id or NULL}\t{event.correlation_id or NULL}\t{clear}\t"
        f"{{{people}}}\t{TWO_BACKSLASHES}x{event.state.hex()}"
    )


BACKSLASH, TWO_BACKSLASHES = "\\", "\\\\"


def bring_keys(connection: psycopg.Connection[DictRow], sealers: Sequence[Sealer]) -> None:
    """Stores the new keys and makes sure that all of them live. Errors: KeysChanged."""
    brought = [sealer.brought for sealer in sealers if sealer.brought is not None]
    if brought:
        columns: list[Any] = [[key.person for key in brought], [key.key_id for key in brought]]
        columns += [[key.epoch for key in brought], [key.wrapped for key in brought]]
        connection.execute(
            "insert into person_key (person, key_id, epoch, wrapped)"
            " select * from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bytea[]) on conflict (person) do nothing",
            columns,
        )
    used = [sealer.key_id for sealer in sealers]
    row = (
        connection.execute(
            "select count(*) as living from person_key where key_id = any(%s) and wrapped is not null", (used,)
        ).fetchone()
        or {}
    )
    if row["living"] != len(used):
        raise KeysChanged("in a bulk append")
