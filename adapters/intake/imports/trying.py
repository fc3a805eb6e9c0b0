"""A log for dry runs: it answers as the real one does, and forgets at once what is appended to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from commands.attached import Attached
from commands.log import Completed, Log
from domain.event import Aggregate, Event, Recorded
from domain.streams import Loaded, Reads, Wanted


@dataclass(frozen=True, slots=True)
class TryingLog:
    """Reads through to `log` and writes nothing. What one block would have added, the next does not see."""

    log: Log

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        return self.log.load(aggregate, stream, reads)

    def load_all(self, wanted: Wanted) -> Mapping[UUID, Loaded]:
        return self.log.load_all(wanted)

    def completed(self, commands: Sequence[Any]) -> Completed:
        return self.log.completed(commands)

    def known(self, events: Collection[UUID]) -> Mapping[UUID, int]:
        return self.log.known(events)

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        return nullcontext()  # nothing is written, so nothing conflicts

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        """Return the number of events: positions count from 1, as if the log were empty."""
        return len(events)

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> list[int | Exception]:
        return [self.append_block(*append) for append in appends]
