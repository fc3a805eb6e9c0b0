"""Derives the schema of an answer, in the types that `plain` writes, and an example of it from its dataclass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, reduce
from inspect import cleandoc
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict, create_model

from adapters.exports.plain import names_in
from domain.event import Erased
from queries.question import Period

CONFIG = ConfigDict(protected_namespaces=(), regex_engine="python-re")
AS_JSON: Mapping[Any, Any] = {Decimal: float, Erased: None}
"""The types that `plain` writes as another type."""

ID = "0198f3a0-7c1e-7000-8000-00000000a001"
MOMENT = "2026-05-04T09:30:00.120000Z"
OF_TYPE: Mapping[Any, Any] = {
    str: "text",
    bool: False,
    int: 1,
    float: 0.5,
    UUID: ID,
    datetime: MOMENT,
    date: "2026-05-04",
    NoneType: None,
    Any: None,
}
OF_NAME: Mapping[str, Any] = {
    "position": 1204,
    "source": "career-site",
    "role": "backend-engineer",
    "location": "lisbon",
    "stage": "phone-screen",
    "actor": "user:ana",
    "kind": "email-replied",
    "channel": "email",
    "purpose": "talent_pool",
    "fact": "current-employer",
    "learned_from": "self",
    "value": "Botanical Gardens",
    "name": "Zoe Sahin",
    "email": "zoe@example.org",
    "emails": ["zoe@example.org"],
}
"""The value of a field of this name in examples, in place of the value of its type."""


@cache
def model_of(answer: type) -> type[BaseModel]:
    """Return the model of a dataclass: its fields and its properties, all of them required."""
    hints = {name: hint_of(answer, name) for name in names_in(answer)} if answer is not Period else PERIOD
    model_fields: dict[str, Any] = {name: (as_json_type(hint), ...) for name, hint in hints.items()}
    about = cleandoc(answer.__doc__ or "")
    return create_model(answer.__name__, __config__=CONFIG, __doc__=about, **model_fields)


PERIOD: Mapping[str, Any] = {"from": date, "to": date}


def hint_of(answer: type, name: str) -> Any:
    """Return the type of a dataclass's field or property."""
    member = getattr(answer, name, None)
    if isinstance(member, property):
        return get_type_hints(member.fget)["return"]
    return get_type_hints(answer)[name]


def as_json_type(hint: Any) -> Any:
    """Return the type that the answer's JSON has."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint in AS_JSON:
        return AS_JSON[hint]
    if origin is Annotated:
        return as_json_type(parts[0])
    if origin in (Union, UnionType):
        return reduce(or_, (as_json_type(part) for part in parts))
    if origin is Literal or origin is None:
        return model_of(hint) if is_dataclass(hint) and isinstance(hint, type) else hint
    if issubclass(origin, Mapping):
        values: Any = as_json_type(parts[1])
        return dict[str, values]
    each: Any = as_json_type(parts[0])
    return list[each]


def example_of(hint: Any, name: str = "") -> Any:
    """Return an example of a type that `as_json_type` returned."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return {own: example_of(field.annotation, own) for own, field in hint.model_fields.items()}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return next(iter(hint)).value
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return parts[0]
    if origin in (Union, UnionType):
        return example_of(parts[0], name)
    if origin is list:
        return OF_NAME.get(name, [example_of(parts[0])])
    if origin is dict:
        return {}
    return OF_NAME.get(name, OF_TYPE[hint]) if hint is str or hint is int else OF_TYPE[hint]
