"""A log that remembers what was read of it, so that many deliveries about few people read each of them once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from typing import Any, Protocol
from uuid import UUID

from commands.attached import Attached
from commands.log import Completed, Log
from domain.event import Aggregate, Erased, Event, Recorded
from domain.streams import Loaded, Reads, Wanted

MOST_STREAMS = 20_000
"""Streams that are remembered at most; then everything is forgotten, and read again where it is needed."""


class Histories(Log, Protocol):
    """A log that also tells whole streams."""

    def history(self, stream: UUID) -> list[Recorded[Event]]: ...


@dataclass(slots=True)
class Told:
    """The events of one stream, found by all that they say. What an erasure made unreadable is like anything."""

    whole: set[object] = field(default_factory=set)
    erased: dict[object, list[Event]] = field(default_factory=dict)

    def add(self, recorded: Recorded[Event]) -> None:
        values = values_of(recorded.event)
        if any(isinstance(value, Erased) for value in values):
            self.erased.setdefault((type(recorded.event), recorded.occurred_at), []).append(recorded.event)
        else:
            self.whole.add((type(recorded.event), recorded.occurred_at, values))

    def has(self, decided: Recorded[Event]) -> bool:
        """Whether an event says the same, of the same time."""
        kind, values = (type(decided.event), decided.occurred_at), values_of(decided.event)
        if (*kind, values) in self.whole:
            return True
        return any(alike(values, values_of(event)) for event in self.erased.get(kind, ()))


def values_of(event: Event) -> tuple[Any, ...]:
    return tuple(getattr(event, field.name) for field in fields(event))


def alike(values: Sequence[Any], recorded: Sequence[Any]) -> bool:
    return all(one == other or isinstance(other, Erased) for one, other in zip(values, recorded, strict=True))


@dataclass(slots=True)
class Remembered:
    """One stream as it was read: its states by what was read for each, and what it tells where all of it was read."""

    states: dict[tuple[str, Reads], tuple[Aggregate[Any], Loaded]] = field(default_factory=dict)
    told: Told | None = None

    def add(self, recorded: Recorded[Event]) -> None:
        """Takes in an event that was appended after what is remembered."""
        for (name, reads), (aggregate, loaded) in self.states.items():
            evolved = aggregate.evolve(loaded.state, recorded) if type(recorded.event) in reads else loaded.state
            self.states[name, reads] = aggregate, Loaded(evolved, recorded.version)
        if self.told is not None:
            self.told.add(recorded)


@dataclass(slots=True)
class Remembering:
    """The log to one reader who works alone. What others append meanwhile shows when an append meets it, and the
    stream is then read again: a decision on old knowledge is never written."""

    log: Histories
    streams: dict[UUID, Remembered] = field(default_factory=dict)

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        return self.load_all({stream: (aggregate, reads)})[stream]

    def load_all(self, wanted: Wanted) -> Mapping[UUID, Loaded]:
        found = {stream: self._known(stream, *asked) for stream, asked in wanted.items()}
        missing = {stream: asked for stream, asked in wanted.items() if found[stream] is None}
        read = self.log.load_all(missing) if missing else {}
        for stream, (aggregate, reads) in missing.items():
            self._stream(stream).states[aggregate.name, reads] = aggregate, read[stream]
        return {stream: read[stream] if known is None else known[1] for stream, known in found.items()}

    def stands(self, decided: Recorded[Event]) -> bool:
        """Whether the same was told before, of the same time: then it happened, whatever has come of it since."""
        known = self._stream(decided.stream)
        if known.told is None:
            known.told = Told()
            for recorded in self.log.history(decided.stream):
                known.told.add(recorded)
        return known.told.has(decided)

    def completed(self, commands: Sequence[Any]) -> Completed:
        return self.log.completed(commands)

    def known(self, events: Collection[UUID]) -> Mapping[UUID, int]:
        return self.log.known(events)

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        return self.log.precedence(streams)

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        try:
            position = self.log.append_block(events, attached)
        except BaseException:
            self._forget(events)
            raise
        self._add(events)
        return position

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> Sequence[int | Exception]:
        outcomes = self.log.append_all(appends)
        for (events, _), outcome in zip(appends, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self._forget(events)
            else:
                self._add(events)
        return outcomes

    def _known(self, stream: UUID, aggregate: Aggregate[Any], reads: Reads) -> tuple[Aggregate[Any], Loaded] | None:
        known = self.streams.get(stream)
        return None if known is None else known.states.get((aggregate.name, reads))

    def _stream(self, stream: UUID) -> Remembered:
        if len(self.streams) >= MOST_STREAMS and stream not in self.streams:
            self.streams.clear()
        return self.streams.setdefault(stream, Remembered())

    def _add(self, events: Sequence[Recorded[Event]]) -> None:
        for recorded in events:
            if recorded.stream in self.streams:
                self.streams[recorded.stream].add(recorded)

    def _forget(self, events: Sequence[Recorded[Event]]) -> None:
        for recorded in events:
            self.streams.pop(recorded.stream, None)
