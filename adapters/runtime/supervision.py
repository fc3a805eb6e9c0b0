"""Keeps a worker running: after an error it starts again, later each time, and its state can be read meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import psycopg
from eventsourcing.persistence import PersistenceError
from psycopg_pool import PoolClosed

LOGGER = logging.getLogger(__name__)
FIRST_DELAY, LONGEST_DELAY = 0.5, 5.0
"""Seconds from an error to the next start: twice as long after each that follows at once."""
STEADY_AFTER = 30.0
"""Seconds after which a worker that has run for so long starts again at once when it fails."""
LOGS_AGAIN_EVERY = 60.0
LONGEST_ERROR = 300
EXPECTED = (psycopg.Error, PersistenceError, OSError)
"""What a database that goes away, or a disk, does to any worker: logged in one line."""

Work = Callable[[threading.Event], object]
"""Works until the event is set. Errors: any; the work is begun anew."""


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How a worker does: how often it was started again, and its last error with its time; None: it had none."""

    restarts: int = 0
    failing: bool = False
    last_error: str | None = None
    last_error_at: datetime | None = None


@dataclass(slots=True)
class Supervision:
    """Runs one worker's work. expected: errors of its own that are logged without their traceback."""

    name: str
    work: Work
    expected: tuple[type[Exception], ...] = ()
    first_delay: float = FIRST_DELAY
    longest_delay: float = LONGEST_DELAY
    state: WorkerState = field(default_factory=WorkerState)
    _delay: float = 0.0
    _logged: str = ""
    _logged_at: float = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Runs the work until it is to stop, whatever it raises."""
        while not stop.is_set():
            began = time.monotonic()
            self.state = replace(self.state, failing=False)
            try:
                self.work(stop)
            except PoolClosed:
                return  # the process ends
            except Exception as error:  # noqa: BLE001 - a worker that ended would leave its work undone without notice
                self._failed(error, ran=time.monotonic() - began)
            else:
                self._delay = self.first_delay
            stop.wait(self._delay)

    def _failed(self, error: Exception, ran: float) -> None:
        if ran > STEADY_AFTER:
            self._delay = 0.0
        self._delay = min(self.longest_delay, 2 * self._delay or self.first_delay)
        text = summary_of(error)
        self.state = WorkerState(self.state.restarts + 1, True, text, datetime.now(UTC))
        if text != self._logged or time.monotonic() > self._logged_at + LOGS_AGAIN_EVERY:
            trace = None if isinstance(error, (*EXPECTED, *self.expected)) else error
            LOGGER.error(
                "%s is interrupted and starts again in %.1f s: %s", self.name, self._delay, error, exc_info=trace
            )
            self._logged, self._logged_at = text, time.monotonic()


def summary_of(error: Exception) -> str:
    """Return the error in one line: its class and the first line of its message."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:LONGEST_ERROR]
