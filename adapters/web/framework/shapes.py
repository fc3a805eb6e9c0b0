"""What an answer looks like to those who may not read people: everything personal in it is null, and it says so."""

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
    """The answer as the reader may see it. Its type says what is personal: a field that may be ERASED.

    One that has the field `withheld` says there whether anything is left out.
    """
    if who.may(Action.READ_PEOPLE):
        return answer
    shown: A = impersonal(answer)
    return shown


def impersonal(value: Any) -> Any:
    """The value with ERASED in the place of all that is personal, however deep."""
    if isinstance(value, Mapping):
        return {key: impersonal(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [impersonal(one) for one in value]
    if not is_dataclass(value) or isinstance(value, type | Erased | Event):
        return value
    made_as: Any = type(value)
    personal = personal_fields(made_as)
    names = [one.name for one in fields(value)]
    told = {name: ERASED if name in personal else impersonal(getattr(value, name)) for name in names}
    if "withheld" in told:
        told["withheld"] = True
    return replace(value, **told)


@cache
def personal_fields(answer: Any) -> frozenset[str]:
    """The fields of a dataclass that hold something personal: those that erasure leaves ERASED."""
    return frozenset(name for name, hint in get_type_hints(answer).items() if Erased in get_args(hint))


def actor_to(who: Principal, actor: str) -> str:
    """Who did something: of a colleague only that it was one, to those who may not read people."""
    return actor if who.may(Action.READ_PEOPLE) else actor.partition(":")[0]
