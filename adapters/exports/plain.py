"""Values as JSON: dates and ids as text, numbers as numbers, and null where a person is erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import orjson

from domain.event import Erased, utc
from queries.question import Period, Segment


def plain(value: Any) -> Any:
    """Return the value as JSON can write it; of a dataclass its fields and then its properties."""
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
        return {str(key): plain(item) for key, item in value.items()}
    if is_dataclass(value):
        of_type: Any = type(value)
        return {name: plain(getattr(value, name)) for name in names_in(of_type)}
    return [plain(item) for item in value]


@cache
def names_in(answer: Any) -> tuple[str, ...]:
    """Return the names of a dataclass's fields and properties; of a segment, of its fields alone."""
    properties = (
        [] if answer is Segment else [name for name, member in vars(answer).items() if isinstance(member, property)]
    )
    return (*(field.name for field in fields(answer)), *properties)


_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def as_json(value: Any) -> bytes:
    """Return the JSON document of what `plain` makes of the value."""
    return orjson.dumps(value, default=_one_level_plain, option=_OPTIONS)


def _one_level_plain(value: Any) -> Any:
    """Return what `plain` makes of a value, with the values in it as they are: orjson passes those in their turn."""
    if isinstance(value, datetime | date | Decimal | Erased):
        return plain(value)
    if isinstance(value, Period):
        return {"from": value.begins, "to": value.ends}
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if is_dataclass(value):
        of_type: Any = type(value)
        return {name: getattr(value, name) for name in names_in(of_type)}
    return list(value)
