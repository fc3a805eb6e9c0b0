"""Responses that are JSON documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from adapters.exports.plain import as_json

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Answered(Response, Generic[T_co]):
    """A response whose content is the dataclass `T_co`; the OpenAPI document derives the schema from it."""


def answered(value: T, status: int = 200, headers: Mapping[str, str] | None = None) -> Answered[T]:
    return Answered(as_json(value), status, headers, "application/json")


async def rendered(value: T, headers: Mapping[str, str] | None = None) -> Answered[T]:
    """Return the answer, written in a thread: writing a long answer would delay every other request."""
    return await run_in_threadpool(answered, value, 200, headers)


def written(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response whose content is a value in JSON types already."""
    return Response(as_json(value), status, headers, "application/json")
