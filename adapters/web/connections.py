"""A connection takes a bounded part of the server, whoever is at its other end: heads, times, and how many there are.

uvicorn's httptools protocol bounds neither the head nor the time of a request, and closes no connection that never
sends one. This protocol does. A body is bounded where it is read (`adapters/web/limits.py`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from adapters.web.bounds import Bounds
from adapters.web.headers import ALWAYS
from adapters.web.problems import (
    HEAD_IS_TOO_LARGE,
    MEDIA_TYPE,
    REQUEST_CANNOT_BE_READ,
    REQUEST_TOOK_TOO_LONG,
    TARGET_IS_TOO_LONG,
    TOO_MANY_CONNECTIONS,
    TOO_MANY_REQUESTS,
    ProblemType,
    document,
)
from adapters.web.rates import network_of

STALLED_SECONDS = 1.0
"""After how long without a byte an unfinished body makes room for another connection."""
OF_A_HEADER = 4
"""Bytes of a header beside its name and its value."""
Stage = Literal["idle", "head", "body"]


class HeadIsRefused(Exception):
    """The head of a request cannot be taken; `problem` says why."""

    def __init__(self, problem: ProblemType) -> None:
        super().__init__(problem.slug)
        self.problem = problem


class Connections:
    """Every connection of a server, in the order in which they were made, and those of each address."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._all: dict[Connection, str] = {}
        self._of: dict[str, dict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, connection: Connection) -> bool:
        """Adds a connection. Where there are too many, the one that was of least use makes room; False: none can."""
        address = network_of(connection.client[0]) if connection.client else "unknown"
        own = self._of.get(address, {})
        if len(own) >= self.bounds.connections_per_address and not self._make_room(own):
            return False
        if len(self._all) >= self.bounds.connections and not self._make_room(self._all):
            return False
        self._all[connection] = address
        self._of.setdefault(address, {})[connection] = None
        return True

    def forget(self, connection: Connection) -> None:
        address = self._all.pop(connection, None)
        if address is not None:
            own = self._of[address]
            del own[connection]
            if not own:
                del self._of[address]

    def look(self) -> None:
        """Ends what took too long."""
        for connection in list(self._all):
            connection.look()

    def _make_room(self, among: Iterable[Connection]) -> bool:
        ranked = [(rank, connection) for connection in among if (rank := connection.dispensable()) is not None]
        if not ranked:
            return False
        _, least = min(ranked, key=lambda one: one[0])
        self.forget(least)
        least.cut()
        return True


class Connection(HttpToolsProtocol):
    """One connection. `stage`: what of a request is being received; `since`: when that began."""

    def __init__(self, *args: Any, everyone: Connections, **options: Any) -> None:
        super().__init__(*args, **options)
        self.everyone, self.bounds = everyone, everyone.bounds
        self.timeout_keep_alive = self.bounds.keep_alive_seconds  # type: ignore[assignment]  # the loop takes a float
        self.stage: Stage = "idle"
        self.since = self.moved_at = self.looked_at = self.loop.time()
        self.came = self.unread = 0
        """Bytes of the body, and bytes that were neither a whole head nor part of a body."""
        self.served = False
        self.answered_at: float | None = None
        self.stalled: tuple[float, int] | None = None
        """When the other end stopped reading, and how much waited for it then."""
        self.closing_at: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if not self.everyone.admit(self):
            self.refuse(TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        self.everyone.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        self.unread += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # nothing else is spoken here, and what follows is not HTTP
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.refuse(cause.problem if isinstance(cause, HeadIsRefused) else REQUEST_CANNOT_BE_READ)
        else:
            if self.unread > self.bounds.head_bytes:
                self.refuse(REQUEST_CANNOT_BE_READ if self.stage == "body" else HEAD_IS_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._enter("head")

    def on_headers_complete(self) -> None:
        self._require_bounded()
        self._enter("body")
        self.came, self.answered_at = 0, None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.came += len(body)
        self.unread, self.moved_at = 0, self.loop.time()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._enter("idle")
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.served, self.answered_at = True, self.loop.time()
        if self.stage == "idle":
            self.since = self.answered_at
        super().on_response_complete()

    def pause_writing(self) -> None:
        self.stalled = self.loop.time(), self.transport.get_write_buffer_size()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stalled = None
        super().resume_writing()

    def look(self) -> None:
        """Ends the connection where it took too long: to send, to read, to close, or to ask for anything."""
        now, waited = self.loop.time(), self.loop.time() - self.looked_at
        self.looked_at = now
        if self.transport.is_closing():
            self.closing_at = now if self.closing_at is None else self.closing_at
            if now > self.closing_at + self.bounds.closing_seconds:
                self.transport.abort()
        elif self.stalled is not None and now > self._reads_until(*self.stalled):
            self.transport.abort()
        elif self.flow.read_paused:  # it is we who do not read
            self.since, self.moved_at = self.since + waited, self.moved_at + waited
        elif now > self._sends_until():
            self._end()

    def dispensable(self) -> tuple[int, float] | None:
        """How soon it makes room for another connection, the smallest first; None: it is being served.

        First those that never sent a request, the oldest before the others; then those that wait for another request;
        then those whose body does not come.
        """
        if self.stage == "body":
            ours = self._responding() or self.flow.read_paused
            stalled = not ours and self.loop.time() > self.moved_at + STALLED_SECONDS
            return (2, self.moved_at) if stalled else None
        if self._busy():
            return None
        return (1 if self.served else 0, self.since)

    def cut(self) -> None:
        """Ends the connection at once. What its request waits for is as if the other end had gone."""
        self._let_go()
        self.transport.abort()

    def refuse(self, problem: ProblemType) -> None:
        """Answers a problem and closes; no answer where one has begun, or is owed to a request before."""
        if not self._responding() and not self.pipeline:
            self.transport.write(raw_answer(problem))
        self._let_go()
        self.transport.close()

    def _enter(self, stage: Stage) -> None:
        self.stage, self.unread = stage, 0
        self.since = self.moved_at = self.loop.time()

    def _require_bounded(self) -> None:
        """Raises HeadIsRefused."""
        size = len(self.url) + sum(len(name) + len(value) + OF_A_HEADER for name, value in self.headers)
        if len(self.url) > self.bounds.target_bytes:
            raise HeadIsRefused(TARGET_IS_TOO_LONG)
        if size > self.bounds.head_bytes or len(self.headers) > self.bounds.headers:
            raise HeadIsRefused(HEAD_IS_TOO_LARGE)
        if len(self.pipeline) >= self.bounds.pipelined:
            raise HeadIsRefused(TOO_MANY_REQUESTS)

    def _sends_until(self) -> float:
        """When what is being received must be there."""
        bounds = self.bounds
        if self.stage == "head":
            return self.since + bounds.head_seconds
        if self.stage == "idle":
            if self._busy():
                return float("inf")
            return self.since + (bounds.keep_alive_seconds if self.served else bounds.head_seconds)
        if self.answered_at is not None:  # the answer did not wait for the body
            return self.answered_at + bounds.head_seconds
        on_average = self.since + bounds.body_seconds + self.came / bounds.bytes_per_second
        return min(on_average, self.moved_at + bounds.body_idle_seconds)

    def _reads_until(self, stalled_at: float, size: int) -> float:
        return stalled_at + self.bounds.read_seconds + size / self.bounds.bytes_per_second

    def _end(self) -> None:
        if self.stage == "idle":
            self.transport.close()
        else:
            self.refuse(REQUEST_TOOK_TOO_LONG)

    def _busy(self) -> bool:
        """Whether a request is being answered, or waits to be."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _responding(self) -> bool:
        """Whether an answer has begun and has not ended, or is made of a request that came whole."""
        return self._busy() and (self.stage != "body" or self.cycle.response_started)

    def _let_go(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()


def raw_answer(problem: ProblemType) -> bytes:
    """The answer to a request that never reached the application."""
    body = json.dumps(document(problem, problem.description, "/")).encode()
    headers = {
        b"content-type": MEDIA_TYPE.encode(),
        b"content-length": str(len(body)).encode(),
        b"connection": b"close",
        **({b"retry-after": b"1"} if problem in (TOO_MANY_CONNECTIONS, TOO_MANY_REQUESTS) else {}),
        **ALWAYS,
    }
    lines = b"".join(b"%s: %s\r\n" % (name, value) for name, value in headers.items())
    return b"%s%s\r\n%s" % (STATUS_LINE[problem.status], lines, body)
