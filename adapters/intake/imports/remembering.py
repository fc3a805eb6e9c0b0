"""A log that remembers what it has loaded: a file is often about the same people over and over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from commands.attached import Attached
from commands.log import Completed, Log
from domain.event import Aggregate, Event, Recorded
from domain.streams import Loaded, Reads, Wanted

STREAMS = 50_000


@dataclass(slots=True)
class RememberingLog:
    """Answers from memory what it loaded before. Whoever else wrote to such a stream meanwhile makes the append fail,
    upon which everything is loaded anew; streams that belong together with others are not remembered, because what
    is written to one says nothing of the others."""

    log: Log
    _known: dict[UUID, tuple[Aggregate[Any], Reads, Loaded]] = field(default_factory=dict)

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        return self.load_all({stream: (aggregate, reads)})[stream]

    def load_all(self, wanted: Wanted) -> Mapping[UUID, Loaded]:
        loaded: dict[UUID, Loaded] = {}
        missing: dict[UUID, tuple[Aggregate[Any], Reads]] = {}
        for stream, wants in wanted.items():
            known = self._known.get(stream)
            if known is not None and known[1] == wants[1]:
                loaded[stream] = known[2]
            else:
                missing[stream] = wants
        if missing:
            found = self.log.load_all(missing)
            self._remember(missing, found)
            loaded.update(found)
        return loaded

    def completed(self, commands: Sequence[Any]) -> Completed:
        """What it was completed from is as new as can be, and is not answered from memory."""
        whole = self.log.completed(commands)
        for stream in whole.seen:
            self._known.pop(stream, None)
        return whole

    def known(self, events: Collection[UUID]) -> Mapping[UUID, int]:
        return self.log.known(events)

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        return self.log.precedence(streams)

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        try:
            position = self.log.append_block(events, attached)
        except BaseException:
            self._known.clear()  # what stood in the way may be that somebody else wrote there
            raise
        self._take(events)
        return position

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> Sequence[int | Exception]:
        self._known.clear()
        return self.log.append_all(appends)

    def _remember(self, wanted: Wanted, found: Mapping[UUID, Loaded]) -> None:
        if len(self._known) + len(found) > STREAMS:
            self._known.clear()
        for stream, loaded in found.items():
            aggregate, reads = wanted[stream]
            if not aggregate.linked_records(loaded.state):
                self._known[stream] = aggregate, reads, loaded

    def _take(self, events: Sequence[Recorded[Event]]) -> None:
        """Brings what is remembered up to what was just written; as loading does, it passes over what is not read."""
        for event in events:
            known = self._known.get(event.stream)
            if known is not None:
                aggregate, reads, loaded = known
                state = aggregate.evolve(loaded.state, event) if type(event.event) in reads else loaded.state
                if aggregate.linked_records(state):
                    del self._known[event.stream]
                else:
                    self._known[event.stream] = aggregate, reads, Loaded(state, event.version)
