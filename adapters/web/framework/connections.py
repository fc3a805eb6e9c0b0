"""Limits connections: their number, the size of request heads, and the time of each part of a request.

uvicorn's httptools protocol limits neither the head nor the time of a request, and closes no connection that never
sends one. This protocol does. Bodies are limited where they are read (`adapters/web/framework/limits.py`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from heapq import nlargest
from typing import Any, Literal, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from adapters.access.principal import Principal
from adapters.web.framework.bounds import MIB, Bounds
from adapters.web.framework.headers import ALWAYS
from adapters.web.framework.problems import (
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
from adapters.web.framework.question_queue import reader_of
from adapters.web.framework.rates import network_of
from adapters.web.framework.turns import GoodKeys, Pace, Party, Turns

START_EVERY = 0.004
"""Seconds between the rounds in which requests begin, if none of them has a key that was good before."""
LINGER_BYTES = 64 * MIB
DROP_EVERY = 0.01
"""Seconds between the rounds that read pieces of bodies whose requests are answered already."""
STALLED_SECONDS = 1.0
"""Seconds without a byte after which an unfinished body makes room for another connection."""
OF_A_HEADER = 4
"""Bytes of a header beside its name and value."""
Stage = Literal["idle", "head", "body"]
NO_REQUEST, WAITING, STALLED, CRAWLING, ANSWERED, MOVING, AT_WORK = range(7)
"""The use of a connection, the least first. WAITING: it waits for another request, or was answered and goes on sending.
STALLED: its body stopped arriving. CRAWLING: its body arrives, or its answer is read, below the permitted average
speed. ANSWERED: it was answered a moment ago. MOVING: its body arrives, or its answer is read, fast enough, or its
request waits for its turn. AT_WORK: its request is being answered."""
LOOKS_AGAIN_AFTER = 0.1
LARGEST = 4
"""How many of the addresses with the most connections are searched for one to close: all of the first may be at work.
"""
STARTS_AT_ONCE, READS_AT_ONCE = 2, 4
"""Requests that begin, and pieces of data that are read, in one round of the event loop. Each takes 1 or 2 ms of it."""


class HeadIsRefused(Exception):
    """The head of a request exceeds a limit; `problem` names it."""

    def __init__(self, problem: ProblemType) -> None:
        super().__init__(problem.slug)
        self.problem = problem


@dataclass(slots=True)
class Group:
    """The connections of one address, or of all. `fresh`: those that never sent a request, oldest first."""

    all: dict[Connection, None] = field(default_factory=dict)
    fresh: dict[Connection, None] = field(default_factory=dict)
    full_until: dict[tuple[int, int], float] = field(default_factory=dict)
    """The time until which none of them makes room. Without it a flood would have all of them searched each time."""

    def add(self, connection: Connection) -> None:
        self.all[connection] = self.fresh[connection] = None

    def remove(self, connection: Connection) -> None:
        self.all.pop(connection, None)
        self.fresh.pop(connection, None)


class Connections:
    """All connections of a server, oldest first, and those of each address."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self.keys = bounds, GoodKeys()
        self.pace = pace = Pace()
        self.starts, self.reads = Turns(STARTS_AT_ONCE, START_EVERY, pace=pace), Turns(READS_AT_ONCE, pace=pace)
        self.drops = Turns(READS_AT_ONCE, DROP_EVERY, pace=pace)
        self._all, self._of = Group(), dict[str, Group]()
        self._address: dict[Connection, str] = {}

    def __len__(self) -> int:
        return len(self._all.all)

    def admit(self, connection: Connection) -> bool:
        """Add a connection, and return whether there is room for it. Over a limit, the connection of least use is cut.

        If the address has too many, one of its connections is cut that is below MOVING. If there are too many in all,
        one below AT_WORK is cut of an address with more connections than this one; else one below MOVING, of this
        address or of another with at least as many.
        """
        address = connection.network
        own = self._of.get(address, Group())
        if len(own.all) >= self.bounds.connections_per_address and not self._make_room(own, MOVING):
            return False
        if len(self) >= self.bounds.connections and not self._make_room_for(own):
            return False
        self._address[connection] = address
        self._all.add(connection)
        self._of.setdefault(address, Group()).add(connection)
        return True

    def note_request(self, connection: Connection) -> None:
        """Note that the connection sent a request."""
        self._all.fresh.pop(connection, None)
        if (address := self._address.get(connection)) is not None:
            self._of[address].fresh.pop(connection, None)

    def forget(self, connection: Connection) -> None:
        address = self._address.pop(connection, None)
        if address is not None:
            self._all.remove(connection)
            self._of[address].remove(connection)
            if not self._of[address].all:
                del self._of[address]

    def party_of(self, host: str) -> Party:
        """Return the party whose turn a new connection from that host takes."""
        return self.keys.party(b"", network_of(host))

    def refusal_for(self, host: str) -> bytes | None:
        """Return the refusal of a new connection from that host, if a search a moment ago found no room; else None."""
        own = self._of.get(network_of(host))
        if own is None or len(own.all) < self.bounds.connections_per_address or own.fresh:
            return None
        full = time.monotonic() < own.full_until.get((MOVING, 0), 0.0)
        return raw_answer(TOO_MANY_CONNECTIONS) if full else None

    def look(self) -> None:
        """End every connection that took too long."""
        for connection in list(self._all.all):
            connection.look()

    def _make_room_for(self, own: Group) -> bool:
        largest = nlargest(LARGEST, self._of.values(), key=lambda group: len(group.all))
        if any(len(group.all) > len(own.all) + 1 and self._make_room(group, AT_WORK) for group in largest):
            return True
        return self._make_room(own, MOVING) or self._make_room(self._all, MOVING, of_at_least=len(own.all))

    def _make_room(self, group: Group, below: int, of_at_least: int = 0) -> bool:
        """Cut the connection of least use, and return whether there is one whose use is less than `below`.

        `of_at_least`: how many connections its address must have.
        """
        fresh, every = (filter(partial(self._is_of, of_at_least), among) for among in (group.fresh, group.all))
        least = next(fresh, None)
        if least is None and (now := time.monotonic()) >= group.full_until.get((below, of_at_least), 0.0):
            least = least_used(every, below)
            if least is None:
                group.full_until[below, of_at_least] = now + LOOKS_AGAIN_AFTER
        if least is None:
            return False
        self.forget(least)
        least.cut()
        return True

    def _is_of(self, at_least: int, connection: Connection) -> bool:
        return at_least <= 1 or len(self._of[self._address[connection]].all) >= at_least


def least_used(connections: Iterable[Connection], below: int) -> Connection | None:
    """Return the connection of least use, or None if none has a use less than `below`."""
    uses = [(use, connection) for connection in connections if (use := connection.use())[0] < below]
    return min(uses, key=lambda pair: pair[0])[1] if uses else None


class QuietTransport:
    """A transport that ignores writes after it was closed.

    uvloop's transport raises then, and asyncio's does not: a client that disconnects during an answer would leave a
    traceback in the log.
    """

    def __init__(self, transport: asyncio.Transport, is_sending: Callable[[], bool]) -> None:
        """`is_sending`: returns whether the other end is in the middle of a body."""
        self._transport, self._is_sending = transport, is_sending
        self.is_held = self._is_paused = self.lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self.lingers or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        if not self.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close, at once if the other end is not sending: a client that is cut off while it sends reads no answer."""
        if not self.is_closing() and self._is_sending():
            self.lingers, self._is_paused = True, False
            self._follow()
        else:
            self.end()

    def end_after_answer(self) -> None:
        """Signal the end of the answer, and discard what still arrives.

        If data is unread when a connection ends, the client may lose the answer.
        """
        if not self.is_closing():
            self._transport.write_eof()
            self.lingers, self._is_paused = True, False
            self._follow()

    def end(self) -> None:
        """Close, whatever still arrives."""
        self._transport.close()

    def pause_reading(self) -> None:
        self._is_paused = True
        self._follow()

    def resume_reading(self) -> None:
        self._is_paused = False
        self._follow()

    def hold(self) -> None:
        """Read nothing until `release`, whatever else resumes reading."""
        self.is_held = True
        self._follow()

    def release(self) -> None:
        self.is_held = False
        self._follow()

    def _follow(self) -> None:
        if self._transport.is_closing():
            return
        if self._is_paused or self.is_held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


class Connection(HttpToolsProtocol):
    """One connection. `stage`: the part of a request that is being received. `since`: when that began."""

    def __init__(self, *args: Any, all_connections: Connections, **options: Any) -> None:
        super().__init__(*args, **options)
        self.all_connections, self.bounds = all_connections, all_connections.bounds
        self.timeout_keep_alive = self.bounds.keep_alive_seconds  # type: ignore[assignment]  # the loop takes a float
        self.stage: Stage = "idle"
        self.since = self.moved_at = self.looked_at = self.loop.time()
        self.came = self.unread = 0
        """Received bytes of the body, and received bytes that are neither a whole head nor part of a body."""
        self.served = False
        self.answered_at: float | None = None
        self.stalled: tuple[float, int] | None = None
        """When the other end stopped reading, and how many bytes waited for it then."""
        self.closing_at: float | None = None
        self.answering: RequestResponseCycle | None = None
        self.refused = False
        self.begun = False
        """Whether the request had its turn. Before it, the connection may be cut."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self.gate = QuietTransport(transport, lambda: self.stage == "body")
        super().connection_made(cast(asyncio.Transport, self.gate))
        self.network = network_of(self.client[0]) if self.client else "unknown"
        self.party = self.all_connections.keys.party(b"", self.network)
        if not self.all_connections.admit(self):
            self.refuse(TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        self.all_connections.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Process the data when it is its turn. Until then nothing more is read, so that little data waits here."""
        self._unset_keepalive_if_required()
        turns = self.all_connections.drops if self.gate.lingers else self.all_connections.reads
        if not turns.begin(self.party, partial(self._take, data)):
            self.gate.hold()

    def _take(self, data: bytes) -> None:
        self.gate.release()
        if self.parser is None or (self.transport.is_closing() and not self.gate.lingers):
            return
        if self.refused:
            self.came += len(data)
            if self.came > self.bounds.head_bytes:
                self.gate.end()
            return
        self.unread += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # no other protocol is supported, and what follows is not HTTP
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
        self.all_connections.note_request(self)
        self._enter("body")
        self.came, self.answered_at = 0, None
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin the request when it is its turn, unless its client has disconnected by then."""

        self.begun = False

        def start() -> None:
            self.begun = True
            if not cycle.disconnected:
                self.answering = cycle
                super(Connection, self)._start_asgi_task(cycle, app)

        shown = key_in(cycle)
        self.party = self.all_connections.keys.party(shown, self.network)
        self.all_connections.starts.begin(self.party, start)

    def on_body(self, body: bytes) -> None:
        self.came += len(body)
        self.unread, self.moved_at = 0, self.loop.time()
        if not self.gate.lingers:
            super().on_body(body)
        elif self.came > LINGER_BYTES:
            self.gate.end()

    def on_message_complete(self) -> None:
        self._enter("idle")
        super().on_message_complete()
        if self.gate.lingers:
            self.gate.end()

    def on_response_complete(self) -> None:
        self.served, self.answered_at = True, self.loop.time()
        if self.answering is not None:
            self._note_key(self.answering)
        if self.stage == "idle":
            self.since = self.answered_at
        super().on_response_complete()

    def _note_key(self, answered: RequestResponseCycle) -> None:
        if shown := key_in(answered):
            principal = cast(Principal | None, answered.scope.get("principal"))
            self.all_connections.keys.note(shown, self.network, None if principal is None else reader_of(principal))

    def shutdown(self) -> None:
        super().shutdown()
        if self.gate.lingers:
            self.gate.end()

    def pause_writing(self) -> None:
        self.stalled = self.loop.time(), self.transport.get_write_buffer_size()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stalled = None
        super().resume_writing()

    def look(self) -> None:
        """End the connection if it took too long to send, to read, to close, or to begin a request."""
        now, waited = self.loop.time(), self.loop.time() - self.looked_at
        self.looked_at = now
        if self.transport.is_closing():
            self.closing_at = now if self.closing_at is None else self.closing_at
            if now > self.closing_at + (self.bounds.head_seconds if self.gate.lingers else self.bounds.closing_seconds):
                self.transport.abort()
        elif self.stalled is not None and now > self._reads_until(*self.stalled):
            self.transport.abort()
        elif self.flow.read_paused or self.gate.is_held:  # the server does not read, so the client is not late
            self.since, self.moved_at = self.since + waited, self.moved_at + waited
        elif now > self._sends_until():
            self._end()

    def use(self) -> tuple[int, float]:
        """Return the use of the connection, and since when it has it."""
        now = self.loop.time()
        if self.gate.lingers:
            return (WAITING, self.since)
        if self.stalled is not None and now > self.stalled[0] + STALLED_SECONDS:
            return (CRAWLING if self._reads_slowly(now) else MOVING, self.stalled[0])
        if self.stage == "body" and not self._responding() and not (self.flow.read_paused or self.gate.is_held):
            return self._use_of_a_body(now)
        if self._busy():
            return (AT_WORK if self.begun else MOVING, self.since)
        if not self.served:
            return (NO_REQUEST, self.since)
        return (WAITING if now > self.since + STALLED_SECONDS else ANSWERED, self.since)

    def _use_of_a_body(self, now: float) -> tuple[int, float]:
        if self.answered_at is not None:  # answered before the body arrived: the rest of it is discarded
            return (WAITING, self.answered_at)
        if now > self.moved_at + STALLED_SECONDS:
            return (STALLED, self.moved_at)
        lasts = now - self.since
        slow = lasts > STALLED_SECONDS and self.came < lasts * self.bounds.bytes_per_second
        return (CRAWLING if slow else MOVING, self.since)

    def cut(self) -> None:
        """End the connection at once. Its request ends as if the client had disconnected."""
        self._disconnect()
        self.transport.abort()

    def refuse(self, problem: ProblemType) -> None:
        """Answer with a problem and close; without an answer if one has begun, or an earlier request waits for one."""
        if not self._responding() and not self.pipeline:
            self.transport.write(raw_answer(problem))
        self._disconnect()
        self.refused, self.came = True, 0
        self.gate.end_after_answer()

    def _enter(self, stage: Stage) -> None:
        self.stage, self.unread = stage, 0
        self.since = self.moved_at = self.loop.time()

    def _require_bounded(self) -> None:
        """Raises HeadIsRefused."""
        if self.transport.is_closing():  # nothing is begun after the last answer
            raise HeadIsRefused(REQUEST_CANNOT_BE_READ)
        size = len(self.url) + sum(len(name) + len(value) + OF_A_HEADER for name, value in self.headers)
        if len(self.url) > self.bounds.target_bytes:
            raise HeadIsRefused(TARGET_IS_TOO_LONG)
        if size > self.bounds.head_bytes or len(self.headers) > self.bounds.headers:
            raise HeadIsRefused(HEAD_IS_TOO_LARGE)
        if len(self.pipeline) >= self.bounds.pipelined:
            raise HeadIsRefused(TOO_MANY_REQUESTS)

    def _sends_until(self) -> float:
        """Return the time by which the part that is being received must have arrived."""
        bounds = self.bounds
        if self.stage == "head":
            return self.since + bounds.head_seconds
        if self.stage == "idle":
            if self._busy():
                return float("inf")
            return self.since + (bounds.keep_alive_seconds if self.served else bounds.head_seconds)
        if self.answered_at is not None:  # answered before the body arrived
            return self.answered_at + bounds.head_seconds
        on_average = self.since + bounds.body_seconds + self.came / bounds.bytes_per_second
        return min(on_average, self.moved_at + bounds.body_idle_seconds)

    def _reads_slowly(self, now: float) -> bool:
        """Return whether the client reads its answer below the permitted average speed."""
        if self.stalled is None:
            return False
        began, size = self.stalled
        return size - self.transport.get_write_buffer_size() < (now - began) * self.bounds.bytes_per_second

    def _reads_until(self, stalled_at: float, size: int) -> float:
        return stalled_at + self.bounds.read_seconds + size / self.bounds.bytes_per_second

    def _end(self) -> None:
        if self.stage == "idle":
            self.transport.close()
        else:
            self.refuse(REQUEST_TOOK_TOO_LONG)

    def _busy(self) -> bool:
        """Return whether a request is being answered, or waits to be."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _responding(self) -> bool:
        """Return whether an answer has begun and not ended, or a whole request is being answered."""
        return self._busy() and (self.stage != "body" or self.cycle.response_started)

    def _disconnect(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()


def key_in(cycle: RequestResponseCycle) -> bytes:
    """Return the Authorization header of a request; empty if there is none."""
    return next((value for name, value in cycle.scope["headers"] if name == b"authorization"), b"")


@cache
def raw_answer(problem: ProblemType) -> bytes:
    """Return the raw answer to a request that never reached the application."""
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
