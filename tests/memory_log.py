"""An event log in memory, for workflows over ports: streams, positions and conflicts, and nothing sealed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from commands.attached import Attached
from commands.catalogue import VERBS
from commands.log import Completed, ConcurrencyConflict
from domain.event import Aggregate, Event, Recorded
from domain.streams import Loaded, Reads, Wanted

VERB_OF = {verb.command: verb for verb in VERBS}


@dataclass(slots=True)
class MemoryLog:
    """Satisfies the port that handling commands needs; addresses have no streams here."""

    events: list[Recorded[Event]] = field(default_factory=list)

    def history(self, stream: UUID) -> list[Recorded[Event]]:
        return [event for event in self.events if event.stream == stream]

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        history = self.history(stream)
        return Loaded(aggregate.fold(stream, [entry for entry in history if type(entry.event) in reads]), len(history))

    def load_all(self, wanted: Wanted) -> Mapping[UUID, Loaded]:
        return {stream: self.load(aggregate, stream, reads) for stream, (aggregate, reads) in wanted.items()}

    def completed(self, commands: Sequence[Any]) -> Completed:
        return Completed(commands)

    def known(self, events: Collection[UUID]) -> Mapping[UUID, int]:
        return {event.id: number for number, event in enumerate(self.events, 1) if event.id in events}

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        return nullcontext()

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        versions: dict[UUID, int] = {}
        for event in events:
            versions.setdefault(event.stream, len(self.history(event.stream)))
            versions[event.stream] += 1
            if event.version != versions[event.stream] or self.known([event.id]):
                raise ConcurrencyConflict
        self.events += [replace(event, position=len(self.events) + n) for n, event in enumerate(events, 1)]
        return len(self.events)

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> Sequence[int | Exception]:
        return [self._outcome(events, attached) for events, attached in appends]

    def _outcome(self, events: Sequence[Recorded[Event]], attached: Attached) -> int | Exception:
        try:
            return self.append_block(events, attached)
        except ConcurrencyConflict as conflict:
            return conflict
