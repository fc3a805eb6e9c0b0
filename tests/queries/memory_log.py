"""An event log in memory that answers what questions read of the real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.event import Event, Recorded
from domain.streams import Loaded, Wanted

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(slots=True)
class MemoryLog:
    """Streams of events, each recorded a day after the one before it, in log order."""

    events: list[Recorded[Event]] = field(default_factory=list)

    def append(self, stream: UUID, event: Event, occurred_at: datetime | None = None) -> Recorded[Event]:
        position = len(self.events) + 1
        recorded = Recorded(
            stream=stream,
            version=len(self.history(stream)) + 1,
            event=event,
            id=UUID(int=(1 << 64) + position),
            recorded_at=START + timedelta(days=position),
            occurred_at=occurred_at,
            position=position,
        )
        self.events.append(recorded)
        return recorded

    def history(self, stream: UUID) -> list[Recorded[Event]]:
        return [recorded for recorded in self.events if recorded.stream == stream]

    def history_together(self, streams: Sequence[UUID], after: int, limit: int) -> list[Recorded[Event]]:
        wanted = [event for event in self.events if event.stream in streams and (event.position or 0) > after]
        return wanted[:limit]

    def stream_of(self, event: UUID) -> UUID | None:
        return next((recorded.stream for recorded in self.events if recorded.id == event), None)

    def load_all(self, wanted: Wanted) -> dict[UUID, Loaded]:
        loaded = {}
        for stream, (aggregate, reads) in wanted.items():
            state, history = aggregate.start(stream), self.history(stream)
            for recorded in history:
                if type(recorded.event) in reads:
                    state = aggregate.evolve(state, recorded)
            loaded[stream] = Loaded(state, len(history))
        return loaded
