"""Answers as JSON: dates and ids as text, numbers as numbers, and null where a person was erased."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from domain.event import Erased, utc
from queries.question import Period, Segment

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Answered(Response, Generic[T_co]):
    """An answer that tells a dataclass; a page's return type says which, and the API's description tells it on."""


def plain(value: Any) -> Any:
    """The value as JSON can write it; of a dataclass its fields and then its properties."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return utc(value).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, Erased):
        return None
    if isinstance(value, Period):
        return {"from": value.begins.isoformat(), "to": value.ends.isoformat()}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if is_dataclass(value):
        made_as: Any = type(value)
        return {name: plain(getattr(value, name)) for name in named(made_as)}
    return [plain(one) for one in value]


@cache
def named(answer: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields and properties; a segment tells its dimensions alone."""
    properties = (
        [] if answer is Segment else [name for name, member in vars(answer).items() if isinstance(member, property)]
    )
    return (*(field.name for field in fields(answer)), *properties)


def answered(value: T, status: int = 200, headers: Mapping[str, str] | None = None) -> Answered[T]:
    return Answered(as_json(plain(value)), status, headers, "application/json")


async def rendered(value: T, headers: Mapping[str, str] | None = None) -> Answered[T]:
    """Return the answer, written in a thread: a long one would hold up every other request."""
    return await run_in_threadpool(answered, value, 200, headers)


def written(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The answer of what is plain already."""
    return Response(as_json(value), status, headers, "application/json")


def as_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
