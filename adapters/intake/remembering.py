"""A log that remembers what was read of it: a file, or a year of deliveries, is about the same people over and over."""

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

MOST_STREAMS = 50_000
"""Streams that are remembered at most; then everything is forgotten, and read again where it is needed."""


class Histories(Log, Protocol):
    """A log that also gives whole streams."""

    def history(self, stream: UUID) -> list[Recorded[Event]]: ...


@dataclass(slots=True)
class RememberingLog:
    """A log that answers from memory what was loaded before.

    Where another process appends to such a stream meanwhile, the append fails and everything is loaded anew. Streams
    that are linked with others are not remembered, because what is written to one says nothing of the others.
    """

    log: Log
    _states: dict[UUID, dict[tuple[str, Reads], tuple[Aggregate[Any], Loaded]]] = field(default_factory=dict)

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        return self.load_all({stream: (aggregate, reads)})[stream]

    def load_all(self, wanted: Wanted) -> Mapping[UUID, Loaded]:
        loaded: dict[UUID, Loaded] = {}
        missing: dict[UUID, tuple[Aggregate[Any], Reads]] = {}
        for stream, (aggregate, reads) in wanted.items():
            remembered = self._states.get(stream, {}).get((aggregate.name, reads))
            if remembered is None:
                missing[stream] = aggregate, reads
            else:
                loaded[stream] = remembered[1]
        if missing:
            read = self.log.load_all(missing)
            self._remember(missing, read)
            loaded.update(read)
        return loaded

    def completed(self, commands: Sequence[Any]) -> Completed:
        """Return the completed commands. They are as new as can be, so they are not answered from memory."""
        whole = self.log.completed(commands)
        for stream in whole.seen:
            self._states.pop(stream, None)
        return whole

    def known(self, events: Collection[UUID]) -> Mapping[UUID, int]:
        return self.log.known(events)

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        return self.log.precedence(streams)

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        try:
            position = self.log.append_block(events, attached)
        except BaseException:  # raised again: however the append ended, what is remembered may be out of date
            self.forget()
            raise
        self._take(events)
        return position

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> Sequence[int | Exception]:
        outcomes = self.log.append_all(appends)
        for (events, _), outcome in zip(appends, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self.forget()
            else:
                self._take(events)
        return outcomes

    def forget(self) -> None:
        """Forget everything that was read."""
        self._states.clear()

    def _remember(self, wanted: Wanted, read: Mapping[UUID, Loaded]) -> None:
        if len(self._states) + len(read) > MOST_STREAMS:
            self.forget()
        for stream, loaded in read.items():
            aggregate, reads = wanted[stream]
            if not aggregate.linked_records(loaded.state):
                self._states.setdefault(stream, {})[aggregate.name, reads] = aggregate, loaded

    def _take(self, events: Sequence[Recorded[Event]]) -> None:
        """Bring what is remembered up to date with the events just written, skipping unread ones as loading does."""
        for event in events:
            for key, (aggregate, loaded) in list(self._states.get(event.stream, {}).items()):
                state = aggregate.evolve(loaded.state, event) if type(event.event) in key[1] else loaded.state
                if aggregate.linked_records(state):
                    del self._states[event.stream][key]
                else:
                    self._states[event.stream][key] = aggregate, Loaded(state, event.version)


@dataclass(slots=True)
class StreamContent:
    """The events of one stream, by all that they say. What an erasure made unreadable is like anything."""

    whole: set[object] = field(default_factory=set)
    erased: dict[object, list[Event]] = field(default_factory=dict)

    def add(self, recorded: Recorded[Event]) -> None:
        values = values_of(recorded.event)
        if any(isinstance(value, Erased) for value in values):
            self.erased.setdefault((type(recorded.event), recorded.occurred_at), []).append(recorded.event)
        else:
            self.whole.add((type(recorded.event), recorded.occurred_at, values))

    def has(self, decided: Recorded[Event]) -> bool:
        """Return whether an event says the same, of the same time."""
        kind, values = (type(decided.event), decided.occurred_at), values_of(decided.event)
        if (*kind, values) in self.whole:
            return True
        return any(alike(values, values_of(event)) for event in self.erased.get(kind, ()))


def values_of(event: Event) -> tuple[Any, ...]:
    return tuple(getattr(event, field.name) for field in fields(event))


def alike(values: Sequence[Any], recorded: Sequence[Any]) -> bool:
    return all(value == other or isinstance(other, Erased) for value, other in zip(values, recorded, strict=True))


@dataclass
class RememberingHistories(RememberingLog):
    """Remembers whole streams as well, to say what stands in them."""

    log: Histories
    _contents: dict[UUID, StreamContent] = field(default_factory=dict)

    def stands(self, decided: Recorded[Event]) -> bool:
        """Return whether an event of the same time says the same: then it happened, whatever has come of it since."""
        content = self._contents.get(decided.stream)
        if content is None:
            if len(self._contents) >= MOST_STREAMS:
                self._contents.clear()
            content = self._contents[decided.stream] = StreamContent()
            for recorded in self.log.history(decided.stream):
                content.add(recorded)
        return content.has(decided)

    def forget(self) -> None:
        super().forget()
        self._contents.clear()

    def _take(self, events: Sequence[Recorded[Event]]) -> None:
        super()._take(events)
        for recorded in events:
            if recorded.stream in self._contents:
                self._contents[recorded.stream].add(recorded)
