"""The port by which decisions and queries load streams, and the linked records of one person loaded with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from domain.event import Aggregate, Event, Recorded


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stream's state, as far as the asked event types tell it, and its newest version (0: no such stream)."""

    state: Any
    version: int


Reads = frozenset[type[Event]]
Wanted = Mapping[UUID, tuple[Aggregate[Any], Reads]]
"""Streams to load: of what kind each is, and which of its events matter."""


class Loads(Protocol):
    """What reading needs of the event log."""

    def load_all(self, wanted: Wanted) -> Mapping[UUID, Loaded]: ...


def load_with_linked_records(log: Loads, wanted: Wanted) -> dict[UUID, Loaded]:
    """Loads the streams, and whatever belongs together with any of them, read as that one is."""
    reading = dict(wanted)
    loaded = dict(log.load_all(reading))
    while linked_records := linked_to_load(reading, loaded):
        reading |= linked_records
        loaded |= log.load_all(linked_records)
    return loaded


def linked_to_load(reading: Wanted, loaded: Mapping[UUID, Loaded]) -> dict[UUID, tuple[Aggregate[Any], Reads]]:
    """Return the streams linked with a loaded one that were not loaded with everything that is read of it."""
    linked_records: dict[UUID, tuple[Aggregate[Any], Reads]] = {}
    for stream, (aggregate, reads) in reading.items():
        for other in aggregate.linked_records(loaded[stream].state):
            record = (linked_records.get(other) or reading.get(other) or (aggregate, frozenset()))[1]
            if not reads <= record:
                linked_records[other] = aggregate, reads | record
    return linked_records


@dataclass(slots=True)
class ReadStreams:
    """The streams that a decision reads: what it reads of each, their states, and linked records of one person.

    Events that it decides are added to the states, so that what is decided after them sees them.
    """

    reading: dict[UUID, Reads] = field(default_factory=dict)
    aggregates: dict[UUID, Aggregate[Any]] = field(default_factory=dict)
    loaded: dict[UUID, Loaded] = field(default_factory=dict)

    def want(self, stream: UUID, aggregate: Aggregate[Any], reads: Reads) -> bool:
        """Read these event types of the stream too. Return False where it is read as a stream of another kind."""
        if self.aggregates.setdefault(stream, aggregate) is not aggregate:
            return False
        former = self.reading.get(stream)
        self.reading[stream] = reads if former is None else former | reads
        return True

    def wanted(self) -> Wanted:
        """Return every stream that was wanted, with all that is read of it."""
        return {stream: (self.aggregates[stream], reads) for stream, reads in self.reading.items()}

    def take(self, loaded: Mapping[UUID, Loaded]) -> None:
        """Keep the wanted ones of the loaded streams, and the records that are linked to them."""
        waiting = list(self.aggregates)
        while waiting:
            stream = waiting.pop()
            if stream not in self.loaded:
                self.loaded[stream] = loaded[stream]
                aggregate = self.aggregates[stream]
                if linked_records := aggregate.linked_records(loaded[stream].state):
                    self.aggregates |= {other: aggregate for other in linked_records if other not in self.aggregates}
                    waiting += linked_records

    def version(self, stream: UUID) -> int:
        return self.loaded[stream].version

    def state(self, stream: UUID) -> Any:
        """Return the state that a decision sees: of a candidate that of the whole person."""
        return self.aggregates[stream].joined(self.loaded[stream].state, lambda other: self.loaded[other].state)

    def add(self, recorded: Recorded[Event]) -> None:
        """Evolve the stream's state by the event. A type that is not read is passed over, as loading passes it over."""
        reads, state = self.reading.get(recorded.stream), self.loaded[recorded.stream].state
        if reads is None or type(recorded.event) in reads:
            state = self.aggregates[recorded.stream].evolve(state, recorded)
        self.loaded[recorded.stream] = Loaded(state, recorded.version)
