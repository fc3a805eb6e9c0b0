"""Responses that are JSON documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from adapters.exports.plain import as_json, plain

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Answered(Response, Generic[T_co]):
    """An answer that tells a dataclass; a page's return type says which, and the API's description tells it on."""


def answered(value: T, status: int = 200, headers: Mapping[str, str] | None = None) -> Answered[T]:
    return Answered(as_json(plain(value)), status, headers, "application/json")


async def rendered(value: T, headers: Mapping[str, str] | None = None) -> Answered[T]:
    """Return the answer, written in a thread: a long one would hold up every other request."""
    return await run_in_threadpool(answered, value, 200, headers)


def written(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The answer of what is plain already."""
    return Response(as_json(value), status, headers, "application/json")
