"""A connection takes a bounded part of the server, whoever is at its other end: heads, times, and how many there are.

uvicorn's httptools protocol bounds neither the head nor the time of a request, and closes no connection that never
sends one. This protocol does. A body is bounded where it is read (`adapters/web/framework/limits.py`).
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
from adapters.web.framework.turns import KnownKeys, Pace, Party, Turns

START_EVERY = 0.004
"""Seconds between the rounds in which requests begin where none of them shows a key that was good before."""
LINGER_BYTES = 64 * MIB
DROP_EVERY = 0.01
"""Seconds between the rounds in which pieces of bodies come that are answered already."""
STALLED_SECONDS = 1.0
"""After how long without a byte an unfinished body makes room for another connection."""
OF_A_HEADER = 4
"""Bytes of a header beside its name and its value."""
Stage = Literal["idle", "head", "body"]
NEVER_ASKED, WAITING, STALLED, CRAWLING, ANSWERED, MOVING, AT_WORK = range(7)
"""Of how much use a connection is. WAITING: for another request, or it was answered and goes on sending. STALLED: its
body stopped coming. CRAWLING: its body comes, or its answer is read, slower than bodies may on average. ANSWERED: a
moment ago. MOVING: its body comes, or its answer is read, as it should, or its request waits for its turn. AT_WORK: its
answer is being made."""
LOOKS_AGAIN_AFTER = 0.1
LARGEST = 4
"""Addresses with most connections that are looked at for one to give up: all those of the first may be at work."""
STARTS_AT_ONCE, READS_AT_ONCE = 2, 4
"""Requests that begin, and pieces that are read, in one round of the event loop: each takes a millisecond or two of it.
"""


class HeadIsRefused(Exception):
    """The head of a request cannot be taken; `problem` says why."""

    def __init__(self, problem: ProblemType) -> None:
        super().__init__(problem.slug)
        self.problem = problem


@dataclass(slots=True)
class Group:
    """The connections of one address, or of all. `fresh`: those that never sent a request, the oldest first."""

    all: dict[Connection, None] = field(default_factory=dict)
    fresh: dict[Connection, None] = field(default_factory=dict)
    full_until: dict[tuple[int, int], float] = field(default_factory=dict)
    """Until when it is known that none of them makes room: a flood of newcomers would have all looked at for each."""

    def add(self, connection: Connection) -> None:
        self.all[connection] = self.fresh[connection] = None

    def remove(self, connection: Connection) -> None:
        self.all.pop(connection, None)
        self.fresh.pop(connection, None)


class Connections:
    """Every connection of a server, in the order in which they were made, and those of each address."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self.keys = bounds, KnownKeys()
        self.pace = pace = Pace()
        self.starts, self.reads = Turns(STARTS_AT_ONCE, START_EVERY, pace=pace), Turns(READS_AT_ONCE, pace=pace)
        self.drops = Turns(READS_AT_ONCE, DROP_EVERY, pace=pace)
        self._all, self._of = Group(), dict[str, Group]()
        self._address: dict[Connection, str] = {}

    def __len__(self) -> int:
        return len(self._all.all)

    def admit(self, connection: Connection) -> bool:
        """Adds a connection. Where there are too many, another makes room; False: none can.

        It is the one of least use, and none whose body or answer moves: among those of its address where that has too
        many. Where there are too many in all, the address that has most of them gives one up, also of those that move;
        where that is the newcomer's own, it does too, or else any that has as many.
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

    def asked(self, connection: Connection) -> None:
        """Notes that it sent a request."""
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
        """Whose turn it is where a connection comes from that host."""
        return self.keys.party(b"", network_of(host))

    def turned_away(self, host: str) -> bytes | None:
        """The answer to a newcomer from that host, where it is known by now that none makes room for it."""
        own = self._of.get(network_of(host))
        if own is None or len(own.all) < self.bounds.connections_per_address or own.fresh:
            return None
        full = time.monotonic() < own.full_until.get((MOVING, 0), 0.0)
        return raw_answer(TOO_MANY_CONNECTIONS) if full else None

    def look(self) -> None:
        """Ends what took too long."""
        for connection in list(self._all.all):
            connection.look()

    def _make_room_for(self, own: Group) -> bool:
        largest = nlargest(LARGEST, self._of.values(), key=lambda group: len(group.all))
        if any(len(one.all) > len(own.all) + 1 and self._make_room(one, AT_WORK) for one in largest):
            return True
        return self._make_room(own, MOVING) or self._make_room(self._all, MOVING, of_at_least=len(own.all))

    def _make_room(self, group: Group, below: int, of_at_least: int = 0) -> bool:
        """Cuts the connection of least use, of an address with so many; False: there is none of less use than that."""
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
    """The connection of least use; None where there is none of less use than that."""
    uses = [(use, connection) for connection in connections if (use := connection.use())[0] < below]
    return min(uses, key=lambda one: one[0])[1] if uses else None


class Forgiving:
    """A transport that takes in silence what comes after its end.

    uvloop's raises where asyncio's own does not: whoever goes away in the middle of an answer would leave a page of
    traceback in the log.
    """

    def __init__(self, transport: asyncio.Transport, is_sending: Callable[[], bool]) -> None:
        """`is_sending`: whether the other end is in the middle of a body."""
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
        """Closes; at once only where the other end is not sending: who is cut off in the middle reads no answer."""
        if not self.is_closing() and self._is_sending():
            self.lingers, self._is_paused = True, False
            self._follow()
        else:
            self.end()

    def end_after_answer(self) -> None:
        """Says that nothing more follows, and takes in silence what still comes: what is unread when a connection ends
        takes the answer along."""
        if not self.is_closing():
            self._transport.write_eof()
            self.lingers, self._is_paused = True, False
            self._follow()

    def end(self) -> None:
        """Closes, whatever still comes."""
        self._transport.close()

    def pause_reading(self) -> None:
        self._is_paused = True
        self._follow()

    def resume_reading(self) -> None:
        self._is_paused = False
        self._follow()

    def hold(self) -> None:
        """Reads nothing until it is released, whatever else says that it may be read on."""
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
        self.answering: RequestResponseCycle | None = None
        self.refused = False
        self.begun = False
        """Whether the request had its turn; meanwhile its connection may be given up."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self.gate = Forgiving(transport, lambda: self.stage == "body")
        super().connection_made(cast(asyncio.Transport, self.gate))
        self.network = network_of(self.client[0]) if self.client else "unknown"
        self.party = self.everyone.keys.party(b"", self.network)
        if not self.everyone.admit(self):
            self.refuse(TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        self.everyone.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What comes is taken in turns. Meanwhile nothing more of it is read, so that little waits here."""
        self._unset_keepalive_if_required()
        turns = self.everyone.drops if self.gate.lingers else self.everyone.reads
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
        self.everyone.asked(self)
        self._enter("body")
        self.came, self.answered_at = 0, None
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """The request's turn is waited for; one whose sender has gone by then is not begun."""

        self.begun = False

        def start() -> None:
            self.begun = True
            if not cycle.disconnected:
                self.answering = cycle
                super(Connection, self)._start_asgi_task(cycle, app)

        shown = shown_in(cycle)
        self.party = self.everyone.keys.party(shown, self.network)
        self.everyone.starts.begin(self.party, start)

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
        if shown := shown_in(answered):
            principal = cast(Principal | None, answered.scope.get("principal"))
            self.everyone.keys.note(shown, self.network, None if principal is None else reader_of(principal))

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
        """Ends the connection where it took too long: to send, to read, to close, or to ask for anything."""
        now, waited = self.loop.time(), self.loop.time() - self.looked_at
        self.looked_at = now
        if self.transport.is_closing():
            self.closing_at = now if self.closing_at is None else self.closing_at
            if now > self.closing_at + (self.bounds.head_seconds if self.gate.lingers else self.bounds.closing_seconds):
                self.transport.abort()
        elif self.stalled is not None and now > self._reads_until(*self.stalled):
            self.transport.abort()
        elif self.flow.read_paused or self.gate.is_held:  # it is we who do not read
            self.since, self.moved_at = self.since + waited, self.moved_at + waited
        elif now > self._sends_until():
            self._end()

    def use(self) -> tuple[int, float]:
        """Of how much use it is, the least first, and since when."""
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
            return (NEVER_ASKED, self.since)
        return (WAITING if now > self.since + STALLED_SECONDS else ANSWERED, self.since)

    def _use_of_a_body(self, now: float) -> tuple[int, float]:
        if self.answered_at is not None:  # the answer did not wait for the body, and nothing more will come of it
            return (WAITING, self.answered_at)
        if now > self.moved_at + STALLED_SECONDS:
            return (STALLED, self.moved_at)
        lasts = now - self.since
        slow = lasts > STALLED_SECONDS and self.came < lasts * self.bounds.bytes_per_second
        return (CRAWLING if slow else MOVING, self.since)

    def cut(self) -> None:
        """Ends the connection at once. What its request waits for is as if the other end had gone."""
        self._let_go()
        self.transport.abort()

    def refuse(self, problem: ProblemType) -> None:
        """Answers a problem and closes; no answer where one has begun, or is owed to a request before."""
        if not self._responding() and not self.pipeline:
            self.transport.write(raw_answer(problem))
        self._let_go()
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

    def _reads_slowly(self, now: float) -> bool:
        """Whether so little of what waits was taken since it began to wait."""
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
        """Whether a request is being answered, or waits to be."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _responding(self) -> bool:
        """Whether an answer has begun and has not ended, or is made of a request that came whole."""
        return self._busy() and (self.stage != "body" or self.cycle.response_started)

    def _let_go(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()


def shown_in(cycle: RequestResponseCycle) -> bytes:
    """What a request shows as its key; nothing where it shows none."""
    return next((value for name, value in cycle.scope["headers"] if name == b"authorization"), b"")


@cache
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
