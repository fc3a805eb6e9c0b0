"""How much a request may send us, and how often and how fast requests were answered; no framework in between."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import ClientDisconnect

from adapters.web.problems import BODY_IS_TOO_LARGE, MEDIA_TYPE, document

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COMMAND_BYTES = 1024 * 1024
DELIVERY_BYTES = 5 * COMMAND_BYTES
IMPORT_BYTES = 4096 * COMMAND_BYTES
LINGER_SECONDS = 10.0
LINGER_BYTES = 64 * COMMAND_BYTES


def allowed(scope: Scope) -> int:
    if scope["path"] == "/v1/imports":
        return IMPORT_BYTES
    return DELIVERY_BYTES if scope["path"].startswith("/v1/inbound/") else COMMAND_BYTES


class BoundedBody:
    """Answers 413 as soon as a body is known to be too large, and never holds more of it than is allowed."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), None)
        if declared is not None and int(declared) > allowed(scope):
            return await refuse(scope, receive, send)
        try:
            await (self.app if declared is not None else self.counted)(scope, receive, send)
        except ClientDisconnect:
            return None  # whoever asked has gone, and took the rest of the body along

    async def counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """For a body whose length nobody declared. To the application too much looks as if the sender had gone."""
        limit, came, too_large = allowed(scope), 0, False

        async def receive_counted() -> Message:
            nonlocal came, too_large
            message = await receive()
            came += len(message.get("body", b""))
            too_large = too_large or came > limit
            return {"type": "http.disconnect"} if too_large else message

        async def send_unless_too_large(message: Message) -> None:
            if not too_large:
                await send(message)

        try:
            await self.app(scope, receive_counted, send_unless_too_large)
        except ClientDisconnect:
            if not too_large:
                raise
        if too_large:
            await refuse(scope, receive, send)


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


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, then lets the sender finish for a while: who is cut off in the middle reads no answer."""
    told = document(BODY_IS_TOO_LARGE, BODY_IS_TOO_LARGE.description, scope["path"])
    body = json.dumps(told).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": BODY_IS_TOO_LARGE.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await discard(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def discard(receive: Receive) -> None:
    """Reads what still comes, holding nothing, for at most LINGER_SECONDS and LINGER_BYTES."""
    came = 0
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while came < LINGER_BYTES:
                message = await receive()
                came += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return


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
