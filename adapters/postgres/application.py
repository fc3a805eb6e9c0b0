"""The log as commands and readers use it: the library's application over our recorder, mapper and keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from eventsourcing.application import Application, Repository
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import EventStore, Mapper, Notification, Recording, Tracking
from eventsourcing.postgres import PostgresFactory

from adapters.postgres.append import Append, KeysChanged
from adapters.postgres.datastore import connection_parts, take_role
from adapters.postgres.keyfile import KeyFile
from adapters.postgres.mapper import SealingMapper
from adapters.postgres.migrate import SERVICE
from adapters.postgres.recorder import FoundStream, LogRecorder
from adapters.postgres.sealing import Keyring, Place, Sealer, open_part, seal
from adapters.postgres.stored import LoggedEvent
from commands.handle import Attached, Loaded, Reads, Wanted
from domain.catalogue import EVENTS, UPCASTS
from domain.event import ERASED, Aggregate, Erased, Event, Recorded

RESEALS = 4


class PersonWasErased(Exception):
    """Person {person} was erased: nothing personal can be recorded about them any more. Nothing was written."""

    def __init__(self, person: UUID) -> None:
        super().__init__((self.__doc__ or "").format(person=person))
        self.person = person


@dataclass(frozen=True, slots=True)
class Putting:
    """Events to put, and what commits with them."""

    events: Sequence[Recorded[Event]]
    attached: Attached = field(default_factory=Attached)
    tracking: Tracking | None = None


class SealingEventStore(EventStore[UUID]):
    """Makes sure of the keys before it maps, and maps again when somebody else made a person's key first."""

    mapper: SealingMapper
    recorder: LogRecorder

    def put(  # type: ignore[override]  # our keyword arguments are named
        self,
        domain_events: Sequence[Recorded[Event]],
        *,
        attached: Attached | None = None,
        tracking: Tracking | None = None,
    ) -> list[Recording[UUID]]:
        """Appends all or nothing; each event's position. Errors: StreamMoved, AlreadyReceived, PersonWasErased."""
        (outcome,) = self.put_all([Putting(domain_events, attached or Attached(), tracking)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def put_all(self, asked: Sequence[Putting]) -> list[list[Recording[UUID]] | Exception]:
        """For each its recordings, or what stood in its way. Those beside it share its commit and nothing else."""
        try:
            people = [{person for event in one.events for person in self.mapper.people_of(event)} for one in asked]
            self.find_keys([event for one in asked for event in one.events], set().union(*people))
            return self._seal_and_put(asked, people, RESEALS)
        except Exception as error:  # noqa: BLE001 - one cannot be sealed: each goes alone, and it alone fails
            return [error] if len(asked) == 1 else [self.put_all([one])[0] for one in asked]

    def _seal_and_put(
        self, asked: Sequence[Putting], people: Sequence[set[UUID]], reseals: int
    ) -> list[list[Recording[UUID]] | Exception]:
        """Seals again what met another key; its people are looked up anew first."""
        stored = [list(map(self.mapper.to_stored_event, one.events)) for one in asked]
        appends = [Append(s, one.attached, one.tracking) for s, one in zip(stored, asked, strict=True)]
        outcomes: list[list[Recording[UUID]] | Exception] = []
        for number, outcome in enumerate(self.recorder.insert_together(appends)):
            if isinstance(outcome, KeysChanged) and reseals:
                self.learn_again(people[number])
                outcomes += self._seal_and_put(asked[number : number + 1], people[number : number + 1], reseals - 1)
            elif isinstance(outcome, Exception):
                outcomes.append(outcome)
            else:
                self.mapper.keyring.settle(people[number])
                three = zip(asked[number].events, stored[number], outcome, strict=True)
                outcomes.append([recording(*one) for one in three])
        return outcomes

    def find_keys(self, events: Sequence[Recorded[Event]], people: Iterable[UUID]) -> None:
        """Looks up the keys not yet known; a person whose own stream begins here has none, so is not asked for."""
        keyring = self.mapper.keyring
        beginning = {event.stream for event in events if event.version == 1}
        unknown = [person for person in people if keyring.sealer(person) is None and person not in beginning]
        if unknown:
            self._learn(unknown)

    def stored_sealer(self, person: UUID) -> Sealer:
        """The person's key for sealing, stored already. Errors: PersonWasErased."""
        keyring = self.mapper.keyring
        self.learn_again([person])
        sealer = keyring.sealer(person) or keyring.make(person)
        if sealer.brought is not None:
            self.recorder.store_key(sealer.brought)
            self.learn_again([person])
        return keyring.sealer(person) or sealer

    def _learn(self, people: Sequence[UUID]) -> None:
        stored = self.recorder.keys_of(people)
        gone = next((key.person for key in stored.values() if key.wrapped is None), None)
        if gone is not None:
            raise PersonWasErased(gone)
        self.mapper.keyring.learn(stored.values())

    def learn_again(self, people: Iterable[UUID]) -> None:
        people = list(people)
        self.mapper.keyring.forget(people)
        self._learn(people)


def recording(event: Recorded[Event], stored: LoggedEvent, position: int) -> Recording[UUID]:
    told = Notification(stored.originator_id, stored.originator_version, stored.topic, stored.state, position)
    return Recording(cast(DomainEventProtocol[UUID], event), told)


class StreamReader(EventStore[UUID]):
    """Gives the repository one stream's events, as they were found together with those of others."""

    def __init__(self, mapper: SealingMapper, recorder: LogRecorder, found: FoundStream) -> None:
        super().__init__(mapper, recorder)
        self.found = found

    def get(
        self,
        originator_id: UUID,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Iterator[Any]:
        return map(self.mapper.to_domain_event, self.found.events)


class Perennial(Application[UUID]):
    """The event log. Open it once a process; it is safe to use from many threads; close it to stop its threads."""

    name = "perennial"
    recorder: LogRecorder
    mapper: SealingMapper

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
        return recorder

    def construct_mapper(self) -> Mapper[UUID]:
        return SealingMapper("", Keyring(self._key_file), EVENTS, UPCASTS)

    def construct_event_store(self) -> EventStore[UUID]:
        return SealingEventStore(self.mapper, self.recorder)

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        """The stream's state as told by the event types in `reads`, and its newest version."""
        return self.load_all({stream: (aggregate, reads)})[stream]

    def load_all(self, wanted: Wanted) -> dict[UUID, Loaded]:
        """As `load`, for many streams: one round trip for all those of which the same event types are read."""
        alike: dict[Reads, list[UUID]] = {}
        for stream, (_, reads) in wanted.items():
            alike.setdefault(reads, []).append(stream)
        loaded: dict[UUID, Loaded] = {}
        for reads, streams in alike.items():
            for stream, found in self.recorder.select_streams(streams, self.mapper.names_of(reads)).items():
                loaded[stream] = self._loaded(wanted[stream][0], stream, found)
        return loaded

    def _loaded(self, aggregate: Aggregate[Any], stream: UUID, found: FoundStream) -> Loaded:
        self.mapper.keyring.learn(found.keys)
        repository = Repository(StreamReader(self.mapper, self.recorder, found))
        state = repository.get(stream, projector_func=lambda _, events: fold(aggregate, events))
        return Loaded(state, found.head)

    def history(self, stream: UUID) -> list[Recorded[Event]]:
        """Every event of the stream, opened as far as its people's keys live."""
        found = self.recorder.select_streams([stream], None)[stream]
        return [self.mapper.to_domain_event(event) for event in found.events]

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
        self._notify([recording for one in outcomes if not isinstance(one, Exception) for recording in one])
        return [one if isinstance(one, Exception) else self._position(one) for one in outcomes]

    def _position(self, recordings: Sequence[Recording[UUID]]) -> int:
        return recordings[-1].notification.id if recordings else self.recorder.barrier.head()

    def seal_delivery(self, source: str, delivery_id: str, person: UUID, body: bytes) -> bytes:
        """A delivery's raw body, sealed for the person it is about. Errors: PersonWasErased."""
        sealer = self.store.stored_sealer(person)
        values = {"body": base64.b64encode(body).decode()}
        return f"[{seal(self._place(source, delivery_id, person), 'delivery', sealer, values)}]".encode()

    def open_delivery(self, source: str, delivery_id: str, sealed: bytes) -> bytes | Erased:
        """The raw body of a kept delivery, or ERASED where its person's key is gone."""
        part = json.loads(sealed)[0]
        person = UUID(part["person"])
        key = self.recorder.keys_of([person]).get(person)
        cipher = None if key is None or str(key.key_id) != part["key"] else self.mapper.keyring.cipher(key)
        if cipher is None:
            return ERASED
        return base64.b64decode(open_part(self._place(source, delivery_id, person), part, cipher)["body"])

    def _place(self, source: str, delivery_id: str, person: UUID) -> Place:
        return Place(self.mapper.origin, person, 0, f"delivery/{source}/{delivery_id}")

    def close(self) -> None:
        recorder = getattr(self, "recorder", None)
        if recorder is not None:
            recorder.close()
        super().close()


def fold(aggregate: Aggregate[Any], events: Iterable[Any]) -> Any:
    state = aggregate.initial
    for recorded in events:
        state = aggregate.evolve(state, recorded)
    return state
