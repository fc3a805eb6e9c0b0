"""The change feed: ranges of the settled log without personal data, and notices that it has grown."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from adapters.postgres.connections import UNREACHABLE
from adapters.postgres.following.feed import Feed
from adapters.postgres.log.recorder import LogRecorder
from domain.access import PeopleExported, PeopleSearched, PeopleViewed

P = ParamSpec("P")
R = TypeVar("R")

LOGGER = logging.getLogger(__name__)
FEED_ERRORS: tuple[type[Exception], ...] = (*UNREACHABLE, OSError)
"""A connection that is waited on may also fail as a socket does."""
READ_AT_ONCE = 2
"""Ranges that are read at one moment, however many follow: commands have the other connections."""
LOOK_AGAIN_SECONDS = 1.0
GATHER_SECONDS = 0.02
LINGER_SECONDS = 5.0

SELECT_CHANGES = """
    select position, event_id, stream_id, stream_version, type, at, recorded_at, actor, clear
    from batch(%(after)s::bigint, %(upto)s::bigint)
    where (%(types)s::text[] is null or type = any(%(types)s)) and type <> all(%(readings)s)
    order by position
"""
READINGS = [event.stored_name for event in (PeopleViewed, PeopleSearched, PeopleExported)]
"""Who looked at whom is for auditors alone."""


@dataclass(frozen=True, slots=True)
class Change:
    """An event as everybody may read it: `data` is its clear part, codes and ids; what is personal stays in the log."""

    position: int
    id: UUID
    stream: UUID
    version: int
    type: str
    at: datetime
    recorded_at: datetime
    actor: str
    data: Mapping[str, Any]


class Following:
    """Waits for the log to grow, with one listener for all readers of this process, while there are any.

    A waiting reader holds no connection.
    """

    def __init__(self, recorder: LogRecorder) -> None:
        self._recorder = recorder
        self._feed = Feed(recorder.barrier)
        self._lock = threading.Lock()
        self._waiting: dict[asyncio.Future[None], asyncio.AbstractEventLoop] = {}
        self._head = 0
        self._listener: threading.Thread | None = None
        self._wanted_at = float("-inf")
        self._readers = ThreadPoolExecutor(READ_AT_ONCE, thread_name_prefix="changes")
        self.closed = False

    async def head(self) -> int:
        return await self._in_thread(self._feed.head)

    async def changes(self, after: int, upto: int, types: Sequence[str]) -> list[Change]:
        """Return the changes of after < position <= upto, which must be settled, in order. `types`: of these alone
        (empty: all)."""
        return await self._in_thread(self._read, after, upto, types)

    async def _in_thread(self, function: Callable[P, R], *given: P.args, **_: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._readers, function, *given)

    def _read(self, after: int, upto: int, types: Sequence[str]) -> list[Change]:
        parameters = {"after": after, "upto": upto, "types": list(types) or None, "readings": READINGS}
        with self._recorder.datastore.pool.connection() as connection:
            rows = psycopg.Cursor(connection, row_factory=tuple_row).execute(SELECT_CHANGES, parameters).fetchall()
        return [Change(*row) for row in rows]

    async def settled_beyond(self, position: int, seconds: float) -> int:
        """Return the settled end once it is beyond the position, or as it is after `seconds` or when the server
        stops."""
        loop = asyncio.get_running_loop()
        grown: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self.closed or self._head > position:
                return self._head
            self._waiting[grown] = loop
            self._listen()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await grown
        finally:
            with self._lock:
                self._waiting.pop(grown, None)
        return self._head

    def _listen(self) -> None:
        self._wanted_at = time.monotonic()
        if self._listener is None:
            self._listener = threading.Thread(target=self._listen_on, name="changes-listener", daemon=True)
            self._listener.start()

    def _listen_on(self) -> None:
        while self._goes_on():
            try:
                with self._recorder.datastore.pool.connection() as connection:
                    self._tell_growth(connection)
            except FEED_ERRORS as error:
                LOGGER.warning("the log's growth is not heard: %s", error)
                time.sleep(LOOK_AGAIN_SECONDS)

    def _goes_on(self) -> bool:
        """Return whether there is a reader. If not, this listener ends, and the next reader starts another."""
        with self._lock:
            if not self._followed():
                self._listener = None
            return self._listener is not None

    def _followed(self) -> bool:
        """Readers that were just notified are reading, and wait again in a moment."""
        return not self.closed and (bool(self._waiting) or time.monotonic() < self._wanted_at + LINGER_SECONDS)

    def _tell_growth(self, connection: psycopg.Connection[Any]) -> None:
        """Looks at the settled end after every notice, and once a second without one: a notice may be lost."""
        with self._feed.listening(connection):
            self._look()
            looked = time.monotonic()
            while self._followed():
                if self._feed.wait(connection, 0.1) or time.monotonic() > looked + LOOK_AGAIN_SECONDS:
                    time.sleep(GATHER_SECONDS)  # one notice covers what is written meanwhile
                    self._look()
                    looked = time.monotonic()

    def _look(self) -> None:
        head = self._feed.present_head()
        with self._lock:
            if head <= self._head:
                return
            self._head = head
            self._release()

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for grown, loop in waiting.items():
            with suppress(RuntimeError):  # its loop is closed: no reader waits there any more
                loop.call_soon_threadsafe(wake, grown)

    def close(self) -> None:
        """End every wait, and send no further notice."""
        with self._lock:
            self.closed = True
            listener = self._listener
            self._release()
        if listener is not None:
            listener.join()
        self._readers.shutdown()


def wake(grown: asyncio.Future[None]) -> None:
    if not grown.done():
        grown.set_result(None)
