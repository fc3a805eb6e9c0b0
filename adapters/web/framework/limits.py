"""How much a request may send us, and how often and how fast requests were answered; no framework in between."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import ClientDisconnect

from adapters.web.framework.bounds import Bounds
from adapters.web.framework.problems import (
    ANSWER_TAKES_TOO_LONG,
    BODIES_FILL_THE_MEMORY,
    BODY_IS_TOO_LARGE,
    MEDIA_TYPE,
    REQUEST_TOOK_TOO_LONG,
    RETRY_AFTER_SECONDS,
    TOO_MANY_PARAMETERS,
    ProblemType,
    document,
)

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COMMAND_BYTES = 1024 * 1024
DELIVERY_BYTES = 5 * COMMAND_BYTES
IMPORT_BYTES = 4096 * COMMAND_BYTES
SMALL = 64 * 1024
"""A declared body up to this is not counted: no more of it is in the server than of any connection."""
STALLED_SECONDS = 1.0
"""After how long without a byte a body makes room for others."""
IMPORTS = "/v1/imports"


def allowed(scope: Scope) -> int:
    if scope["path"] == IMPORTS:
        return IMPORT_BYTES
    return DELIVERY_BYTES if is_delivery(scope) else COMMAND_BYTES


def is_delivery(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith("/v1/inbound/")


@dataclass(eq=False, slots=True)
class Filling:
    """A body that is coming: what of it is held, when the last of it came, and what ends the wait for more."""

    ends: asyncio.Timeout
    held: int = 0
    moved_at: float = 0.0
    dropped: bool = False


class BodyMemory:
    """What all bodies may take of the memory together, before they are whole and until they are answered."""

    def __init__(self, total: int) -> None:
        self.free = total
        self._coming: dict[Filling, None] = {}
        """The one of which nothing came for longest is the first."""

    def take(self, filling: Filling, size: int) -> bool:
        """Whether there is room for more of a body. Where there is none, bodies make room that do not come."""
        now = asyncio.get_running_loop().time()
        self._coming.pop(filling, None)
        while self.free < size and (first := next(iter(self._coming), None)) is not None:
            if now <= first.moved_at + STALLED_SECONDS:
                break
            self._drop(first, now)
        filling.moved_at = now
        self._coming[filling] = None
        if self.free < size:
            return False
        filling.held, self.free = filling.held + size, self.free - size
        return True

    def came_whole(self, filling: Filling) -> None:
        """From now on the body makes room for no other."""
        self._coming.pop(filling, None)

    def give_back(self, filling: Filling) -> None:
        self._coming.pop(filling, None)
        self.free, filling.held = self.free + filling.held, 0

    def _drop(self, filling: Filling, now: float) -> None:
        filling.dropped = True
        self.give_back(filling)
        filling.ends.reschedule(now)


class BoundedBody:
    """Answers 413 as soon as a body is known to be too large, and holds no more of all bodies than is allowed.

    Deliveries have a part of the memory for themselves: no key is needed to send one. A file to import is written down
    as it comes, and small bodies are not counted.
    """

    def __init__(self, app: App, bounds: Bounds) -> None:
        self.app = app
        self.of_deliveries, self.of_others = (BodyMemory(bounds.body_memory // 2) for _ in range(2))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        declared = declared_length(scope)
        if declared is not None and declared > allowed(scope):
            return await refuse(scope, send)
        try:
            await (self.counted if declared is None or declared > SMALL else self.app)(scope, receive, send)
        except ClientDisconnect:
            return None  # whoever asked has gone, and took the rest of the body along

    async def counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """For a body that is not small. To the application too much looks as if the sender had gone."""
        came, refusal = 0, None
        memory = self.of_deliveries if is_delivery(scope) else self.of_others

        async def receive_counted() -> Message:
            nonlocal came, refusal
            message = await receive()
            size = len(message.get("body", b""))
            came += size
            if came > allowed(scope):
                refusal = BODY_IS_TOO_LARGE
            elif scope["path"] != IMPORTS and not memory.take(filling, size):
                refusal = BODIES_FILL_THE_MEMORY
            elif not message.get("more_body"):
                memory.came_whole(filling)
            return message if refusal is None else {"type": "http.disconnect"}

        async def send_unless_refused(message: Message) -> None:
            if refusal is None:
                await send(message)

        filling = Filling(asyncio.timeout(None))
        try:
            async with filling.ends:
                await self.app(scope, receive_counted, send_unless_refused)
        except ClientDisconnect:
            if refusal is None:
                raise
        except TimeoutError:
            if not filling.dropped:
                raise
            refusal = REQUEST_TOOK_TOO_LONG
        finally:
            memory.give_back(filling)
        if refusal is not None:
            await refuse(scope, send, refusal)


def declared_length(scope: Scope) -> int | None:
    """What Content-Length says; 0 where there is no body, None where it comes in chunks."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            return None
    return length


class BoundedQuery:
    """Answers 422 to more parameters than any question has, before they are taken apart."""

    def __init__(self, app: App, bounds: Bounds) -> None:
        self.app, self.most = app, bounds.parameters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["query_string"].count(b"&") >= self.most:
            return await refuse(scope, send, TOO_MANY_PARAMETERS)
        return await self.app(scope, receive, send)


class AnsweredInTime:
    """Answers 504 where no answer has begun so long after the request came. What is being done goes on."""

    def __init__(self, app: App, bounds: Bounds) -> None:
        self.app, self.seconds = app, bounds.answer_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        loop, begun = asyncio.get_running_loop(), False
        given_up: asyncio.Task[None] | None = None

        def give_up() -> None:
            nonlocal given_up
            given_up = loop.create_task(refuse(scope, send, ANSWER_TAKES_TOO_LONG))

        due = loop.call_later(self.seconds, give_up)

        async def receive_timed() -> Message:
            nonlocal due
            message = await receive()
            if not begun and given_up is None:
                due.cancel()
                due = loop.call_later(self.seconds, give_up)
            return message

        async def send_in_time(message: Message) -> None:
            nonlocal begun
            if given_up is None:
                begun = True
                due.cancel()
                await send(message)

        try:
            await self.app(scope, receive_timed, send_in_time)
        finally:
            due.cancel()
            if given_up is not None:
                await given_up


class HeadAsGet:
    """Answers HEAD as GET is answered, and ends where the body would begin: also of a body that never ends."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self.app(scope, receive, send)
        ended = False

        async def send_head(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not ended:
                ended = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            if ended and message.get("more_body"):
                raise ClientDisconnect  # to the application it is one who goes away

        return await self.app({**scope, "method": "GET"}, receive, send_head)


async def refuse(scope: Scope, send: Send, problem: ProblemType = BODY_IS_TOO_LARGE) -> None:
    """Sends a problem. The connection is closed after it, once its sender has finished or for too long has not."""
    body = json.dumps(document(problem, problem.description, scope["path"])).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if problem.status in RETRY_AFTER_SECONDS:
        headers.append((b"retry-after", RETRY_AFTER_SECONDS[problem.status].encode()))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Metered:
    """Counts and times every request by its route (never by its path: a path names people)."""

    def __init__(self, app: App, registry: CollectorRegistry) -> None:
        self.app = app
        self.requests = Counter(
            "perennial_requests", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "perennial_request_seconds", "Time to the answer", ("method", "route"), registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), 500

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self.requests.labels(scope["method"], route, status).inc()
            self.seconds.labels(scope["method"], route).observe(time.perf_counter() - began)
