"""ASGI middlewares that limit bodies, queries and the time to the answer, answer HEAD, and count and time requests."""

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
"""A body declared to be up to this size is not counted: it takes no more memory than any connection."""
STALLED_SECONDS = 1.0
"""Seconds without a byte after which a body makes room for others."""
IMPORTS = "/v1/imports"


def allowed(scope: Scope) -> int:
    if scope["path"] == IMPORTS:
        return IMPORT_BYTES
    return DELIVERY_BYTES if is_delivery(scope) else COMMAND_BYTES


def is_delivery(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith("/v1/inbound/")


@dataclass(eq=False, slots=True)
class ArrivingBody:
    """A body that is arriving: its bytes in memory, when the last arrived, and the timeout of its request."""

    ends: asyncio.Timeout
    held: int = 0
    moved_at: float = 0.0
    dropped: bool = False


class BodyMemory:
    """The memory of all bodies together, from their first byte until they are answered."""

    def __init__(self, total: int) -> None:
        self.free = total
        self._coming: dict[ArrivingBody, None] = {}
        """Bodies that are arriving; that without a new byte for the longest time is first."""

    def take(self, body: ArrivingBody, size: int) -> bool:
        """Reserve memory for a piece of a body, and return whether there is room. Stalled bodies make room."""
        now = asyncio.get_running_loop().time()
        self._coming.pop(body, None)
        while self.free < size and (first := next(iter(self._coming), None)) is not None:
            if now <= first.moved_at + STALLED_SECONDS:
                break
            self._drop(first, now)
        body.moved_at = now
        self._coming[body] = None
        if self.free < size:
            return False
        body.held, self.free = body.held + size, self.free - size
        return True

    def came_whole(self, body: ArrivingBody) -> None:
        """Note that the body is complete: it makes room for no other from now on."""
        self._coming.pop(body, None)

    def give_back(self, body: ArrivingBody) -> None:
        self._coming.pop(body, None)
        self.free, body.held = self.free + body.held, 0

    def _drop(self, body: ArrivingBody, now: float) -> None:
        body.dropped = True
        self.give_back(body)
        body.ends.reschedule(now)


class BodyLimitMiddleware:
    """Answers 413 as soon as a body proves too large, and limits the memory of all bodies together.

    Deliveries have a memory of their own, because they need no key. A file to import is written to disk as it arrives,
    and small bodies are not counted.
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
            return None  # the client disconnected before the body was complete

    async def counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with a counted body. A refused body looks to it as if the client had disconnected."""
        came, refusal = 0, None
        memory = self.of_deliveries if is_delivery(scope) else self.of_others

        async def receive_counted() -> Message:
            nonlocal came, refusal
            message = await receive()
            size = len(message.get("body", b""))
            came += size
            if came > allowed(scope):
                refusal = BODY_IS_TOO_LARGE
            elif scope["path"] != IMPORTS and not memory.take(body, size):
                refusal = BODIES_FILL_THE_MEMORY
            elif not message.get("more_body"):
                memory.came_whole(body)
            return message if refusal is None else {"type": "http.disconnect"}

        async def send_unless_refused(message: Message) -> None:
            if refusal is None:
                await send(message)

        body = ArrivingBody(asyncio.timeout(None))
        try:
            async with body.ends:
                await self.app(scope, receive_counted, send_unless_refused)
        except ClientDisconnect:
            if refusal is None:
                raise
        except TimeoutError:
            if not body.dropped:
                raise
            refusal = REQUEST_TOOK_TOO_LONG
        finally:
            memory.give_back(body)
        if refusal is not None:
            await refuse(scope, send, refusal)


def declared_length(scope: Scope) -> int | None:
    """Return the Content-Length; 0 if there is no body, None if it is chunked."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            return None
    return length


class QueryLimitMiddleware:
    """Answers 422 to a query with too many parameters, before it is parsed."""

    def __init__(self, app: App, bounds: Bounds) -> None:
        self.app, self.most = app, bounds.parameters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["query_string"].count(b"&") >= self.most:
            return await refuse(scope, send, TOO_MANY_PARAMETERS)
        return await self.app(scope, receive, send)


class TimeoutMiddleware:
    """Answers 504 if no answer began within `answer_seconds` of the end of the request. The work goes on."""

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


class HeadMiddleware:
    """Answers HEAD as GET, without the body. A stream that never ends is ended."""

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
                raise ClientDisconnect  # to the application the client has disconnected

        return await self.app({**scope, "method": "GET"}, receive, send_head)


async def refuse(scope: Scope, send: Send, problem: ProblemType = BODY_IS_TOO_LARGE) -> None:
    """Send a problem. The connection is closed after it, once the client has sent its body or a time limit is over."""
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


class MetricsMiddleware:
    """Counts and times requests by route. It never uses the path, which contains people's ids."""

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
