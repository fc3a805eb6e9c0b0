"""The event log as the handling of commands needs it: load, complete, append, and the conflict it may report."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from commands.attached import Attached
from domain.errors import ExplainedError
from domain.event import Aggregate, Event, Recorded
from domain.streams import Loaded, Loads, Reads


class ConcurrencyConflict(ExplainedError):
    """Concurrent change

    Another command changed the stream between reading and writing. Nothing was written.

    Send the request again: it is decided on the newest state.
    """


@dataclass(frozen=True, slots=True)
class Completed:
    """Commands with all that no client may fill. `seen`: the versions at which streams stood that were read for it."""

    commands: Sequence[Any]
    seen: Mapping[UUID, int] = field(default_factory=dict)


class Log(Loads, Protocol):
    """The event log. Its methods take many requests at once, which then share round trips and a commit."""

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded: ...

    def completed(self, commands: Sequence[Any]) -> Completed:
        """Return the same commands in their order, with what only the log knows, such as the streams of addresses."""
        ...

    def known(self, events: Collection[UUID]) -> Mapping[UUID, int]:
        """Return those of the event ids that stand in the log, with their positions."""
        ...

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        """Keep all others, in whichever process, from appending to these streams until the end; this thread may."""
        ...

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        """Append all or nothing, however many there are, and return the position of the last.

        Errors: ConcurrencyConflict.
        """
        ...

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> Sequence[int | Exception]:
        """Return for each append the log position after it, or its error: ConcurrencyConflict, or worse.

        An append that fails has written nothing and harms no other.
        """
        ...
