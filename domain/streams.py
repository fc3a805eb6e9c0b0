"""The port by which decisions and questions read streams, and records of one person that are read together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from domain.event import Aggregate, Event


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
    """The streams that belong together with a loaded one, and were not loaded with all that is read of it."""
    linked_records: dict[UUID, tuple[Aggregate[Any], Reads]] = {}
    for stream, (aggregate, reads) in reading.items():
        for other in aggregate.linked_records(loaded[stream].state):
            known = (linked_records.get(other) or reading.get(other) or (aggregate, frozenset()))[1]
            if not reads <= known:
                linked_records[other] = aggregate, reads | known
    return linked_records
