"""The types of days, moments, codes, numbers and booleans in requests. Each has one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

from domain.codes import CODE
from domain.storable import has_known_offset

DAY = r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$"
MOMENT = r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
NUMBER = r"^-?[0-9]{1,18}$"
TRUTH = r"^(true|false)$"


def matching(pattern: str, message: str) -> BeforeValidator:
    """Return a validator that permits only text that matches the pattern; a number is never read as a day or a time."""
    fits: Callable[[str], Any] = re.compile(pattern).search

    def check(value: Any) -> Any:
        if isinstance(value, str) and not (fits(value) and not value.endswith("\n")):
            raise ValueError(message)
        if isinstance(value, int | float):
            raise ValueError(message)
        return value

    return BeforeValidator(check)


def storable(moment: datetime) -> datetime:
    """Return the time if the log can store it. Errors: ValueError."""
    if not has_known_offset(moment):
        raise ValueError("a time's offset from UTC is less than 16 hours, like +02:00")
    return moment


def schema(**members: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **members})


Day = Annotated[
    date,
    matching(DAY, "a day of the years 1900 to 2199 is written like 2026-05-04"),
    schema(format="date", pattern=DAY, examples=["2026-05-04"]),
]
Moment = Annotated[
    AwareDatetime,
    AfterValidator(storable),
    matching(MOMENT, "a time of the years 1900 to 2199, with its zone, is written like 2026-05-04T09:30:00Z"),
    schema(format="date-time", pattern=MOMENT, examples=["2026-05-04T09:30:00Z"]),
]
Code = Annotated[str | None, Field(pattern=CODE.pattern)]
"""An optional code."""

Whole = Annotated[int, matching(NUMBER, "a whole number is written in digits")]
Truth = Annotated[bool, matching(TRUTH, "it is written true or false")]

IN_A_URL: Mapping[Any, Any] = {bool: Truth, int: Whole, date: Day, datetime: Moment}
"""The types of query parameters, where everything is text."""


def as_query_type(hint: Any) -> Any:
    """Return the type by which a query parameter is read."""
    if get_origin(hint) is Annotated:
        return Annotated[as_query_type(get_args(hint)[0]), *get_args(hint)[1:]]
    if get_origin(hint) in (Union, UnionType):
        return reduce(or_, (as_query_type(part) for part in get_args(hint)))
    return IN_A_URL.get(hint, hint)
