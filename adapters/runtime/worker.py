"""A background worker: how it is started, how far it is behind, and what the workers of one process share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TypeVar

from eventsourcing.postgres import PostgresDatastore

from adapters import bootstrap
from adapters.postgres.log.event_log import EventLog
from adapters.runtime.supervision import LONGEST_DELAY, Work
from adapters.settings import Settings

T = TypeVar("T")


@dataclass(slots=True)
class Host:
    """What the workers of one process share. What they open is closed with the stack, after they have ended."""

    conninfo: str
    settings: Settings
    stack: ExitStack
    shared_log: EventLog | None = None

    @property
    def log(self) -> EventLog:
        """The event log, opened when the first worker needs it."""
        if self.shared_log is None:
            self.shared_log = self.enter(bootstrap.open_log(self.conninfo, self.settings))
        return self.shared_log

    def enter(self, context: AbstractContextManager[T]) -> T:
        """Opens what is needed as long as the workers run."""
        return self.stack.enter_context(context)


@dataclass(frozen=True, slots=True)
class Worker:
    """A background worker.

    does: one line for the help text. start: opens what it needs and returns its work, which supervision runs, and runs
    again after an error. It must bear a second copy of itself in another process. lag: for how many seconds its oldest
    undone work has waited; read with a connection that may read the log and the read models. None: nothing waits for
    it. expected: errors of its own that are logged without their traceback. longest_delay: seconds from one failure to
    the next start, at most.
    """

    name: str
    does: str
    start: Callable[[Host], Work]
    lag: Callable[[PostgresDatastore, Settings], float] | None = None
    expected: tuple[type[Exception], ...] = ()
    longest_delay: float = LONGEST_DELAY
