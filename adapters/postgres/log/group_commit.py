"""Appends that come at the same moment from one process share a transaction, and none can harm another."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import psycopg
from eventsourcing.persistence import OperationalError
from psycopg.rows import DictRow

from adapters.postgres.connections import Connect
from adapters.postgres.log.append import Append, Outcome, outcome_of

LARGEST_GROUP = 48
ATTEMPTS = 8
LOST = (psycopg.OperationalError, psycopg.InterfaceError)
PendingAppend = tuple[Append, "Future[int | None]"]


class GroupCommit:
    """Takes appends from any thread; one thread of its own writes those waiting, together, in one round trip.

    A group that fails as a whole (a deadlock, a lost connection) is tried again one append at a time. An append whose
    acknowledgement was lost is asked again: the database finds its event ids and answers as the first time.
    """

    def __init__(self, connect: Connect, wrote: Callable[[int], None]) -> None:
        self._connect = connect
        self._wrote = wrote
        self._pending: queue.SimpleQueue[PendingAppend | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = False

    def append_all(self, appends: Sequence[Append]) -> list[int | Exception | None]:
        """For each its first position, None where it holds no event, or StreamMoved, AlreadyReceived, KeysChanged."""
        self._start()
        answers: list[Future[int | None]] = [Future() for _ in appends]
        for pending in zip(appends, answers, strict=True):
            self._pending.put(pending)
        return [outcome_or_error(answer) for answer in answers]

    def close(self) -> None:
        """Writes what was asked before, then stops."""
        with self._starting:
            self._closed = True
            if self._writer is not None:
                self._pending.put(None)
                self._writer.join()
                self._writer = None

    def _start(self) -> None:
        if self._writer is None:
            with self._starting:
                if self._closed:
                    raise OperationalError("the log is closed")
                if self._writer is None:
                    self._writer = threading.Thread(target=self._write, name="group-commit", daemon=True)
                    self._writer.start()

    def _write(self) -> None:
        while (first := self._pending.get()) is not None:
            group, last = [first], False
            while len(group) < LARGEST_GROUP and not last:
                try:
                    more = self._pending.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                else:
                    group.append(more)
            self._write_group(group)
            if last:
                return

    def _write_group(self, group: Sequence[PendingAppend]) -> None:
        try:
            self._answer(group, self._call([append for append, _ in group]))
        except psycopg.Error as error:
            if len(group) == 1:
                self._write_alone(group[0], error)
            else:
                for pending in group:
                    self._write_group([pending])
        except BaseException as error:  # noqa: BLE001 - the waiting threads must hear of it, whatever it is
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(error)

    def _write_alone(self, pending: PendingAppend, error: psycopg.Error) -> None:
        """Retry a failed lone append while that can help; else give its caller the error."""
        for attempt in range(1, ATTEMPTS):
            if not isinstance(error, LOST):
                break
            time.sleep(0.02 * 2**attempt)
            try:
                return self._answer([pending], self._call([pending[0]]))
            except psycopg.Error as again:
                error = again
        kind = OperationalError if isinstance(error, LOST) else type(error)
        pending[1].set_exception(kind(str(error)))
        return None

    def _call(self, appends: Sequence[Append]) -> list[Outcome]:
        with self._connect() as connection:
            return call(connection, appends)

    def _answer(self, group: Sequence[PendingAppend], outcomes: Sequence[Outcome]) -> None:
        newest = 0
        for (append, _), outcome in zip(group, outcomes, strict=True):
            if outcome.first_position is not None:
                newest = max(newest, outcome.first_position + len(append.events) - 1)
        if newest:
            self._wrote(newest)
        for (_, answer), outcome in zip(group, outcomes, strict=True):
            if outcome.error is not None:
                answer.set_exception(outcome.error)
            else:
                answer.set_result(outcome.first_position)


def call(connection: psycopg.Connection[DictRow], appends: Sequence[Append]) -> list[Outcome]:
    """Write the appends in one transaction and return the outcome of each."""
    requests = "[" + ",".join(append.request() for append in appends) + "]"
    rows = connection.execute(
        "select request, status, first_position, detail from append_events(%s::jsonb)",
        (requests,),
        prepare=True,
    ).fetchall()
    return [outcome_of(row["status"], row["first_position"], row["detail"]) for row in rows]


def outcome_or_error(answer: Future[int | None]) -> int | Exception | None:
    error = answer.exception()
    if error is None:
        return answer.result()
    if isinstance(error, Exception):
        return error
    raise error
