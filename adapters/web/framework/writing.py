"""How days, moments, codes, numbers and truth values are written in a request: in one way each."""

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


def matching(pattern: str, told: str) -> BeforeValidator:
    """Only text that matches the pattern is looked at: a number that might be seconds since 1970 is no day."""
    fits: Callable[[str], Any] = re.compile(pattern).search

    def check(value: Any) -> Any:
        if isinstance(value, str) and not (fits(value) and not value.endswith("\n")):
            raise ValueError(told)
        if isinstance(value, int | float):
            raise ValueError(told)
        return value

    return BeforeValidator(check)


def storable(moment: datetime) -> datetime:
    """The time, where the log can keep it. Errors: ValueError."""
    if not has_known_offset(moment):
        raise ValueError("a time's offset from UTC is less than 16 hours, like +02:00")
    return moment


def schema(**told: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **told})


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
"""A code that may be left out."""

Whole = Annotated[int, matching(NUMBER, "a whole number is written in digits")]
Truth = Annotated[bool, matching(TRUTH, "it is written true or false")]

IN_A_URL: Mapping[Any, Any] = {bool: Truth, int: Whole, date: Day, datetime: Moment}
"""How types are read where everything is text."""


def as_asked(hint: Any) -> Any:
    """The type of a query parameter as it is to be read."""
    if get_origin(hint) is Annotated:
        return Annotated[as_asked(get_args(hint)[0]), *get_args(hint)[1:]]
    if get_origin(hint) in (Union, UnionType):
        return reduce(or_, (as_asked(part) for part in get_args(hint)))
    return IN_A_URL.get(hint, hint)
