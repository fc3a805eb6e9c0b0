"""Refuses JSON that two parsers could read differently, before a model reads it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from adapters.intake.strict_json import JsonCannotBeRead, KeyStandsTwice, read_json

T = TypeVar("T")
SHORT_BYTES = 32 * 1024
"""A body of up to this size is parsed in well under a millisecond."""

MOST_MEMBERS = 100
MOST_SIGNS = 100_000
"""Quotes and commas. A thousand touchpoints have 60,000; 90,000 addresses are not even read."""


def require_one_meaning(raw: bytes) -> Any:
    """Return the parsed body; None if it is empty.

    Raises RequestValidationError for a body that is not JSON or that may be read in two ways.
    """
    if not raw:
        return None
    if raw.count(b'"') + raw.count(b",") > MOST_SIGNS:
        message = f"the body has more than {MOST_SIGNS:,} quotes and commas. Send fewer values in a request"
        raise RequestValidationError([{"type": "json_wide", "loc": ("body",), "msg": message}])
    try:
        value = read_json(raw)
    except JsonCannotBeRead as wrong:
        kind = "json_ambiguous" if isinstance(wrong, KeyStandsTwice) else "json_invalid"
        where = ("body", wrong.where) if wrong.where else ("body",)
        raise RequestValidationError([{"type": kind, "loc": where, "msg": wrong.why}]) from None
    if is_wide(value):
        message = f"an object has more than {MOST_MEMBERS} members"
        raise RequestValidationError([{"type": "json_wide", "loc": ("body",), "msg": message}])
    return value


def is_wide(value: Any) -> bool:
    """Return whether an object has far more members than any body: each would cost an error of its own."""
    if isinstance(value, dict):
        return len(value) > MOST_MEMBERS or any(is_wide(item) for item in value.values() if isinstance(item, list))
    return isinstance(value, list) and any(is_wide(item) for item in value if isinstance(item, dict))


async def beside_the_loop(raw: bytes, read: Callable[[], T]) -> T:
    """Return what `read` returns; a long body is read in a thread, so that no other request waits for it.

    One body at a time: the parser holds the interpreter's lock, and several at once would leave the loop no time.
    """
    return read() if len(raw) <= SHORT_BYTES else await to_thread.run_sync(read, limiter=one_at_a_time())


LONG_BODIES: RunVar[CapacityLimiter] = RunVar("long_bodies")


def one_at_a_time() -> CapacityLimiter:
    """Return the limiter of this event loop."""
    try:
        return LONG_BODIES.get()
    except LookupError:
        LONG_BODIES.set(limiter := CapacityLimiter(1))
        return limiter


class JsonRoute(APIRoute):
    """A route of the framework that refuses ambiguous JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler behind the check of the body."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def checked(request: Request) -> Response:
            raw = await request.body()
            meaning = await beside_the_loop(raw, partial(require_one_meaning, raw))
            if raw:
                request._json = meaning  # where the framework keeps the parsed body, so it is not parsed again
            return await handle(request)

        return checked
