"""Derives the model of a request's body from a command: its fields without those that the route or the clock fill."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import MISSING, Field, fields
from datetime import date, datetime
from functools import cache, reduce
from inspect import cleandoc
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pydantic
from pydantic import BaseModel, ConfigDict, StrictBool, create_model

from adapters.web.framework.schemas import OF_TYPE
from adapters.web.framework.writing import Day, Moment
from commands.verb import Command, Help
from domain.codes import Written

MOST_IN_A_LIST, LONGEST_IN_A_LIST = 1_000, 1_000
"""The most values of a list that is read, and the most characters of a text in it. The command may allow fewer."""
CONFIG = ConfigDict(extra="forbid", frozen=True)
PLAIN: dict[Any, Any] = {
    bool: StrictBool,
    datetime: Moment,
    date: Day,
}
"""How a command's plain types are read: a bool is no text, and a time has a zone and a year of 1900 to 2199."""


def body_of(
    command: type[Command], filled: tuple[str, ...], made: tuple[str, ...], name: str | None = None
) -> type[BaseModel]:
    """Return the model of the body.

    `filled`: the fields that the route and the clock fill. `made`: the new ids, which the body may omit. `name`: the
    schema's name in the description, if the command's own name is that of another body.
    """
    made_as: Any = command  # mypy takes the hash of an instance for that of the class
    return model_of_body(made_as, filled, made, name or command.__name__)


@cache
def model_of_body(command: Any, filled: tuple[str, ...], made: tuple[str, ...], name: str) -> type[BaseModel]:
    hints, descriptions = hints_of(command), described(command)
    model_fields: dict[str, Any] = {
        field.name: body_field(field, hints[field.name], field.name in made, descriptions.get(field.name))
        for field in fields(command)
        if field.name not in filled and not field.metadata.get("hidden")
    }
    return create_model(name, __config__=CONFIG, __doc__=summary(command), **model_fields)


def hints_of(command: type[Command]) -> dict[str, Any]:
    return get_type_hints(command, include_extras=True)


def body_field(field: Field[Any], hint: Any, made: bool, description: str | None) -> tuple[Any, Any]:
    """Return the (type, default) of one field of the model."""
    read_as = as_read(hint)
    if made:
        return read_as | None, pydantic.Field(None, description="A new id of your own; omitted: one is made.")
    return read_as, pydantic.Field(... if field.default is MISSING else field.default, description=description)


def as_read(hint: Any) -> Any:
    """Return the type by which pydantic reads a command's type."""
    if hint in PLAIN:
        return PLAIN[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        constraints = [as_constraint(mark) for mark in parts[1:] if not isinstance(mark, Help)]
        return Annotated[as_read(parts[0]), *constraints] if constraints else as_read(parts[0])
    if origin in (Union, UnionType):
        return reduce(or_, (as_read(part) for part in parts))
    if origin is tuple:
        each: Any = as_read(parts[0])
        if each is str:
            each = Annotated[str, pydantic.Field(max_length=LONGEST_IN_A_LIST)]
        return Annotated[tuple[each, ...], pydantic.Field(max_length=MOST_IN_A_LIST)]
    return hint


def as_constraint(mark: Any) -> Any:
    if isinstance(mark, Written):
        return pydantic.Field(pattern=mark.pattern, examples=[mark.example])
    return mark


def summary(command: type) -> str:
    """Return the first paragraph of a command's docstring."""
    return " ".join(cleandoc(command.__doc__ or "").split("\n\n")[0].split())


def described(command: type[Command]) -> dict[str, str]:
    """Return the description of each field that has one: the text of its `Help`."""
    return {
        name: mark.text
        for name, hint in hints_of(command).items()
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, Help)
    }


def example_of(command: type[Command], filled: Collection[str], made: Collection[str]) -> dict[str, Any]:
    """Return an example of the body: the required fields, and those of OWN_EXAMPLES."""
    hints = hints_of(command)
    in_body = [field for field in fields(command) if field.name not in filled and field.name not in made]
    values = {field.name: example_value(field.name, hints[field.name]) for field in in_body if field.default is MISSING}
    return values | OWN_EXAMPLES.get(command.__name__, {})


EXAMPLES: dict[str, Any] = {
    "kind": "email-replied",
    "purpose": "talent_pool",
    "channels": ["email"],
    "stage": "phone-screen",
    "fact": "current-employer",
    "learned_from": "self",
    "value": "Botanical Gardens",
    "around": "skill",
    "topic": "data-engineering",
}


OWN_EXAMPLES: dict[str, dict[str, Any]] = {
    "RequestSend": {"kind": "email-sent"},
    "SourceCandidate": {"source": "career-site", "role": "backend-engineer", "location": "lisbon", "name": "Zoe Sahin"},
    "CompleteSegments": {"role": "backend-engineer", "location": "lisbon"},
    "OpenRequisition": {"role": "backend-engineer", "location": "lisbon", "title": "Backend engineer"},
    "CorrectTouchpoint": {"kind": "email-replied", "occurred_at": "2026-05-04T09:30:00Z", "reason": "wrong thread"},
}
"""Examples of commands whose required fields do not show what the command is for."""


def example_value(name: str, hint: Any) -> Any:
    """Return an example of a field, by its name, its pattern or its type."""
    if name in EXAMPLES:
        return EXAMPLES[name]
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        written = [mark.example for mark in parts[1:] if isinstance(mark, Written)]
        return written[0] if written else example_value(name, parts[0])
    if origin is tuple:
        return [example_value(name, parts[0])]
    if origin in (Union, UnionType):
        return example_value(name, parts[0])
    return OF_TYPE[hint]
