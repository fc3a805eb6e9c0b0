"""The log as commands and readers use it: the library's application over our recorder, mapper and keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from eventsourcing.application import Application, Repository
from eventsourcing.persistence import EventStore, Mapper, Recording
from eventsourcing.postgres import PostgresFactory

from adapters.intake.addresses import AddressReader
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.keys.sealing import Keyring, Place, open_part, seal
from adapters.postgres.log.bulk import BulkAppend
from adapters.postgres.log.datastore import connection_parts, take_role
from adapters.postgres.log.mapper import SealingMapper
from adapters.postgres.log.recorder import FoundStream, LogRecorder
from adapters.postgres.log.store import Putting, SealingEventStore
from adapters.postgres.migrate import SERVICE
from adapters.postgres.tables.deliveries import Deliveries
from commands.addresses import completed
from commands.attached import Attached
from commands.log import Completed
from domain.catalogue import EVENTS, UPCASTS
from domain.event import ERASED, Aggregate, Erased, Event, Recorded
from domain.streams import Loaded, Reads, Wanted

WORTH_A_COPY = 100


class StreamReader(EventStore[UUID]):
    """Gives the repository one stream's events, as they were found together with those of others."""

    def __init__(self, mapper: SealingMapper, recorder: LogRecorder, rows: FoundStream) -> None:
        super().__init__(mapper, recorder)
        self.rows = rows

    def get(
        self,
        originator_id: UUID,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Iterator[Any]:
        return map(self.mapper.to_domain_event, self.rows.events)


class EventLog(Application[UUID]):
    """The event log. Open it once a process; it is safe to use from many threads; close it to stop its threads."""

    name = "perennial"
    recorder: LogRecorder
    mapper: SealingMapper
    addresses: AddressReader

    def __init__(self, conninfo: str, key_file: KeyFile, *, role: str = SERVICE, pool_size: int = 4) -> None:
        self._key_file = key_file
        self._role = role
        self._parts = connection_parts(conninfo)
        super().__init__(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": self._parts["dbname"],
                "POSTGRES_HOST": self._parts["host"],
                "POSTGRES_PORT": self._parts["port"],
                "POSTGRES_USER": self._parts["user"],
                "POSTGRES_PASSWORD": self._parts["password"],
                "POSTGRES_POOL_SIZE": str(pool_size),
                "POSTGRES_MAX_OVERFLOW": "12",
                "POSTGRES_IDLE_IN_TRANSACTION_SESSION_TIMEOUT": "60",
                "CREATE_TABLE": "n",
            }
        )

    @property
    def store(self) -> SealingEventStore:
        return cast(SealingEventStore, self.events)

    def construct_recorder(self) -> LogRecorder:
        datastore = cast(PostgresFactory, self.factory).datastore
        take_role(datastore, self._role, self._parts)
        recorder = LogRecorder(datastore)
        self.mapper.origin = recorder.origin()
        self.addresses = AddressReader(self._key_file, recorder.phone_region())
        self._key_file.hold_to(recorder.logged_fingerprints())
        return recorder

    def construct_mapper(self) -> Mapper[UUID]:
        return SealingMapper("", Keyring(self._key_file), EVENTS, UPCASTS)

    def construct_event_store(self) -> EventStore[UUID]:
        return SealingEventStore(self.mapper, self.recorder)

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        """Return the stream's state, folded from the event types in `reads`, and its newest version."""
        return self.load_all({stream: (aggregate, reads)})[stream]

    @property
    def until_keys_are_destroyed(self) -> UntilKeysAreDestroyed:
        """Return the same log for the few readers that still need a person whose erasure was requested."""
        return UntilKeysAreDestroyed(self)

    def load_all(self, wanted: Wanted, *, until_destroyed: bool = False) -> dict[UUID, Loaded]:
        """As `load`, for many streams: one round trip for all those of which the same event types are read."""
        alike: dict[Reads, list[UUID]] = {}
        for stream, (_, reads) in wanted.items():
            alike.setdefault(reads, []).append(stream)
        loaded: dict[UUID, Loaded] = {}
        for reads, streams in alike.items():
            names = self.mapper.names_of(reads)
            for stream, rows in self.recorder.select_streams(streams, names, until_destroyed=until_destroyed).items():
                loaded[stream] = self._loaded(wanted[stream][0], stream, rows)
        return loaded

    def completed(self, commands: Sequence[Any]) -> Completed:
        """Return the commands with the streams of the addresses that they bring in or answer for."""
        return completed(self, self.addresses, commands)

    def _loaded(self, aggregate: Aggregate[Any], stream: UUID, rows: FoundStream) -> Loaded:
        self.mapper.keyring.learn(rows.keys)
        repository = Repository(StreamReader(self.mapper, self.recorder, rows))
        state = repository.get(
            stream, projector_func=lambda _, events: aggregate.fold(stream, cast(Iterable[Recorded[Event]], events))
        )
        return Loaded(state, rows.head)

    def history(self, stream: UUID, *, until_destroyed: bool = False) -> list[Recorded[Event]]:
        """Return every event of the stream, opened as far as its people's keys live."""
        rows = self.recorder.select_streams([stream], None, until_destroyed=until_destroyed)[stream]
        return [self.mapper.to_domain_event(event) for event in rows.events]

    def history_together(self, streams: Sequence[UUID], after: int, limit: int) -> list[Recorded[Event]]:
        """Return at most `limit` settled events of these streams after a position, in log order."""
        return [self.mapper.to_domain_event(event) for event in self.recorder.select_together(streams, after, limit)]

    def save(self, *objs: Any, **kwargs: Any) -> list[Recording[UUID]]:
        """Appends the given events. They are events already: there is nothing to collect from aggregates."""
        recordings = self.store.put(objs, **kwargs)
        self._notify(recordings)
        return recordings

    def append(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        """Appends all or nothing. Answers the last event's position, the log's head where there is no event."""
        return self._position(self.save(*events, attached=attached))

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> list[int | Exception]:
        """As `append`, for many that stand alone: each one's position, or what stood in its way."""
        outcomes = self.store.put_all([Putting(events, attached) for events, attached in appends])
        self._notify([recording for outcome in outcomes if not isinstance(outcome, Exception) for recording in outcome])
        return [outcome if isinstance(outcome, Exception) else self._position(outcome) for outcome in outcomes]

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        """As `append`, by COPY where there are many events. What goes before all others is written by its session."""
        if len(events) < WORTH_A_COPY or self.recorder.precedence.session is not None:
            return self.append(events, attached)
        return BulkAppend(self.store).append_block(events, attached)[1]

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        """Reserve appends to these streams for this thread, until the context ends."""
        return self.recorder.precedence.of(streams)

    def known(self, events: Collection[UUID]) -> dict[UUID, int]:
        """Return the positions of those event ids that stand in the log."""
        return self.recorder.positions_of(events)

    def _position(self, recordings: Sequence[Recording[UUID]]) -> int:
        return recordings[-1].notification.id if recordings else self.recorder.barrier.head()

    def seal_delivery(self, source: str, delivery_id: str, person: UUID, body: bytes) -> bytes:
        """Return a delivery's raw body, sealed for the person it is about. Errors: PersonWasErased."""
        sealer = self.store.stored_sealer(person)
        values = {"body": base64.b64encode(body).decode()}
        return f"[{seal(self._place(source, delivery_id, person), 'delivery', sealer, values)}]".encode()

    def open_delivery(
        self, source: str, delivery_id: str, sealed: bytes, *, until_destroyed: bool = False
    ) -> bytes | Erased:
        """Return the raw body of a kept delivery; ERASED if its person's key is gone."""
        part = json.loads(sealed)[0]
        person = UUID(part["person"])
        key = self.recorder.keys_of([person], until_destroyed=until_destroyed).get(person)
        cipher = None if key is None or str(key.key_id) != part["key"] else self.mapper.keyring.cipher(key)
        if cipher is None:
            return ERASED
        return base64.b64decode(open_part(self._place(source, delivery_id, person), part, cipher)["body"])

    def _place(self, source: str, delivery_id: str, person: UUID) -> Place:
        return Place(self.mapper.origin, person, 0, f"delivery/{source}/{delivery_id}")

    @property
    def deliveries(self) -> Deliveries:
        """What outside systems sent us, and what waits of it."""
        return Deliveries(self.recorder.datastore)

    def close(self) -> None:
        recorder = getattr(self, "recorder", None)
        if recorder is not None:
            recorder.close()
        super().close()


@dataclass(frozen=True, slots=True)
class UntilKeysAreDestroyed:
    """The log as an erasure that is at work and the person's own export read it. To everybody else a person is erased
    from the request on, while the erasure still waits for something as well."""

    log: EventLog

    def load_all(self, wanted: Wanted) -> dict[UUID, Loaded]:
        return self.log.load_all(wanted, until_destroyed=True)

    def history(self, stream: UUID) -> list[Recorded[Event]]:
        return self.log.history(stream, until_destroyed=True)

    def open_delivery(self, source: str, delivery_id: str, sealed: bytes) -> bytes | Erased:
        return self.log.open_delivery(source, delivery_id, sealed, until_destroyed=True)
