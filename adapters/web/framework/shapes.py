"""Redacts answers for roles that may not read people: personal fields are null, and `withheld` is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from adapters.access.policy import Action
from adapters.access.principal import Principal
from domain.event import ERASED, Erased, Event

A = TypeVar("A")


def shown_to(who: Principal, answer: A) -> A:
    """Return the answer as the reader may see it. A field is personal if its type permits ERASED.

    An answer with the field `withheld` states there whether anything is left out.
    """
    if who.may(Action.READ_PEOPLE):
        return answer
    shown: A = impersonal(answer)
    return shown


def impersonal(value: Any) -> Any:
    """Return the value with ERASED in place of every personal field, at any depth."""
    if isinstance(value, Mapping):
        return {key: impersonal(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [impersonal(item) for item in value]
    if not is_dataclass(value) or isinstance(value, type | Erased | Event):
        return value
    made_as: Any = type(value)
    personal = personal_fields(made_as)
    names = [field.name for field in fields(value)]
    values = {name: ERASED if name in personal else impersonal(getattr(value, name)) for name in names}
    if "withheld" in values:
        values["withheld"] = True
    return replace(value, **values)


@cache
def personal_fields(answer: Any) -> frozenset[str]:
    """Return the personal fields of a dataclass: those whose type permits ERASED."""
    return frozenset(name for name, hint in get_type_hints(answer).items() if Erased in get_args(hint))


def actor_to(who: Principal, actor: str) -> str:
    """Return the actor; only its kind, such as 'user', for a role that may not read people."""
    return actor if who.may(Action.READ_PEOPLE) else actor.partition(":")[0]
