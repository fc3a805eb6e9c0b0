"""The JSON of a request is refused where two readers could read it differently, before any model reads it."""

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
"""A body up to here is read in well under a millisecond."""

MOST_MEMBERS = 100
MOST_SIGNS = 100_000
"""Quotes and commas. A thousand touchpoints have 60,000; 90,000 addresses are not even read."""


def require_one_meaning(raw: bytes) -> Any:
    """Return what the body says; None where it is empty.

    Raises RequestValidationError for a body that is no JSON or that may be read in two ways.
    """
    if not raw:
        return None
    if raw.count(b'"') + raw.count(b",") > MOST_SIGNS:
        told = f"the body has more than {MOST_SIGNS:,} quotes and commas. Send fewer values in a request"
        raise RequestValidationError([{"type": "json_wide", "loc": ("body",), "msg": told}])
    try:
        found = read_json(raw)
    except JsonCannotBeRead as wrong:
        kind = "json_ambiguous" if isinstance(wrong, KeyStandsTwice) else "json_invalid"
        where = ("body", wrong.where) if wrong.where else ("body",)
        raise RequestValidationError([{"type": kind, "loc": where, "msg": wrong.why}]) from None
    if is_wide(found):
        told = f"an object has more than {MOST_MEMBERS} members"
        raise RequestValidationError([{"type": "json_wide", "loc": ("body",), "msg": told}])
    return found


def is_wide(found: Any) -> bool:
    """Whether an object of a body has far more members than any form: each would cost an error of its own."""
    if isinstance(found, dict):
        return len(found) > MOST_MEMBERS or any(is_wide(one) for one in found.values() if isinstance(one, list))
    return isinstance(found, list) and any(is_wide(one) for one in found if isinstance(one, dict))


async def beside_the_loop(raw: bytes, read: Callable[[], T]) -> T:
    """Return what `read` returns; a long body is read in a thread, so that no other request waits for it.

    One after the other: a body is read without a break for any other thread, and many at once would leave none to the
    loop.
    """
    return read() if len(raw) <= SHORT_BYTES else await to_thread.run_sync(read, limiter=one_at_a_time())


ONE: RunVar[CapacityLimiter] = RunVar("one long body")


def one_at_a_time() -> CapacityLimiter:
    """Return the limiter of this event loop."""
    try:
        return ONE.get()
    except LookupError:
        ONE.set(limiter := CapacityLimiter(1))
        return limiter


class JsonRoute(APIRoute):
    """A route of the framework whose JSON body means one thing."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler behind the check of the body."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def checked(request: Request) -> Response:
            raw = await request.body()
            meaning = await beside_the_loop(raw, partial(require_one_meaning, raw))
            if raw:
                request._json = meaning  # where the framework keeps what it has read: it reads the body no second time
            return await handle(request)

        return checked
