"""The JSON of a request is refused where two readers could read it differently, before any model reads it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from adapters.strict_json import JsonCannotBeRead, KeyStandsTwice, read_json


def require_one_meaning(raw: bytes) -> None:
    """Raises RequestValidationError for a body that is no JSON or that may be read in two ways."""
    if not raw:
        return
    try:
        read_json(raw)
    except JsonCannotBeRead as wrong:
        kind = "json_ambiguous" if isinstance(wrong, KeyStandsTwice) else "json_invalid"
        where = ("body", wrong.where) if wrong.where else ("body",)
        raise RequestValidationError([{"type": kind, "loc": where, "msg": wrong.why}]) from None


class JsonRoute(APIRoute):
    """A route of the framework whose JSON body means one thing."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler behind the check of the body."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def checked(request: Request) -> Response:
            require_one_meaning(await request.body())
            return await handle(request)

        return checked
