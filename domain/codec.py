"""How each event class is written: which fields are clear, which are sealed for whom, and how values become JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.codes import Spelled
from domain.event import ClearMark, Erased, Event, Personal, Recorded, SealedFor

CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
LARGEST_INTEGER = 2**53
DEFAULT_GROUP = "personal"

TEXTS = "texts"
"""The group of the texts that an event's codes were made of. Any event may have it, beside those of its class."""

Encode = Callable[[Any], str]
"""A clear value as JSON text. All of it is plain ASCII without escapes, so field order alone makes it RFC 8785."""
Decode = Callable[[Any], Any]


class EventCannotBeStored(Exception):
    """{event}.{field}: {why}. Clear fields hold codes, ids, moments, whole numbers, truth values; others are sealed"""

    def __init__(self, event: str, field: str, why: str) -> None:
        super().__init__((self.__doc__ or "").format(event=event, field=field, why=why))


@dataclass(frozen=True, slots=True)
class ClearField:
    name: str
    label: str
    encode: Encode
    decode: Decode


@dataclass(frozen=True, slots=True)
class SealedGroup:
    """The fields sealed together: of one person (`person_field` None: the stream's own) and one group."""

    person_field: str | None
    group: str
    fields: tuple[tuple[str, Decode], ...]


@dataclass(frozen=True, slots=True)
class Codec:
    event: type[Event]
    clear: tuple[ClearField, ...]
    sealed: tuple[SealedGroup, ...]
    texts: SealedGroup
    """The clear fields that hold a code: of each the text is sealed where the code was made of one."""


def moment(value: datetime) -> str:
    """Return a moment as the clear data has it: UTC, microseconds, Z."""
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return value.astimezone(UTC).strftime('"%Y-%m-%dT%H:%M:%S.%fZ"')


def code(value: str) -> str:
    return written_code(str(value))  # the text that a code was made of must not stay in the cache


@lru_cache(maxsize=65536)
def written_code(value: str) -> str:
    if not CODE.fullmatch(value):
        raise ValueError(f"{value!r} is not a code (lower-case letters, digits, dot, dash, underscore; 64 at most)")
    return f'"{value}"'


def whole_number(value: int) -> str:
    if isinstance(value, bool) or abs(value) > LARGEST_INTEGER:
        raise ValueError(f"{value!r} is not a whole number within 2^53")
    return str(value)


def truth(value: bool) -> str:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not a truth value")
    return "true" if value else "false"


def codes(values: tuple[str, ...]) -> str:
    return f"[{','.join(map(code, values))}]"


def id_text(value: UUID) -> str:
    if not isinstance(value, UUID):
        raise TypeError(f"{value!r} is not an id")
    return f'"{value}"'


def day(value: date) -> str:
    return f'"{value.isoformat()}"'


def same(value: Any) -> Any:
    return value


CLEAR_TYPES: Mapping[Any, tuple[Encode, Decode]] = {
    str: (code, same),
    bool: (truth, same),
    int: (whole_number, same),
    UUID: (id_text, UUID),
    datetime: (moment, datetime.fromisoformat),
    date: (day, date.fromisoformat),
    tuple[str, ...]: (codes, tuple),
}
SEALED_TYPES: Mapping[Any, Decode] = {str: same, tuple[str, ...]: tuple}


def or_null(encode: Encode) -> Encode:
    return lambda value: "null" if value is None else encode(value)


def optional(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else function(value)


def without(hint: Any, *unwanted: type) -> tuple[Any, bool]:
    """Return the one type of a union that remains without the unwanted ones, and whether None was in the union."""
    if get_origin(hint) not in (Union, UnionType):
        return hint, False
    kept = [member for member in get_args(hint) if member not in unwanted]
    if len(kept) != 1:
        raise TypeError(f"{hint} does not come down to one type")
    return kept[0], NoneType in get_args(hint)


def clear_field(name: str, hint: Any) -> ClearField:
    kind, may_be_none = without(hint, NoneType)
    if kind not in CLEAR_TYPES:
        raise TypeError(f"{kind} cannot be clear")
    encode, decode = CLEAR_TYPES[kind]
    if may_be_none:
        return ClearField(name, f'"{name}":', or_null(encode), decode if decode is same else optional(decode))
    return ClearField(name, f'"{name}":', encode, decode)


def sealed_decode(hint: Any) -> Decode:
    kind, may_be_none = without(hint, NoneType, Erased)
    decode = SEALED_TYPES[kind]
    return optional(decode) if may_be_none and decode is not same else decode


@lru_cache
def personal_in(event: Any) -> frozenset[str]:
    """Return the names of the fields of an event class that are sealed."""
    return frozenset(name for group in codec_of(event).sealed for name, _ in group.fields)


def texts_of(event: Event) -> dict[str, Personal[str]]:
    """Return the texts from which codes of the event were made, by field; ERASED where the person was erased."""
    codes = ((field.name, getattr(event, field.name)) for field in fields(event))
    return {name: code.text for name, code in codes if isinstance(code, Spelled)}


def codec_of(event: type[Event]) -> Codec:
    """Return the codec of an event class. Errors: TypeError naming the field whose type cannot be stored."""
    hints = get_type_hints(event, include_extras=True)
    clear: list[ClearField] = []
    codes: list[tuple[str, Decode]] = []
    groups: dict[tuple[str | None, str], list[tuple[str, Decode]]] = {}
    for field in fields(event):
        hint: Any = hints[field.name]
        marks: list[Any] = []
        if get_origin(hint) is Annotated:
            hint, *marks = get_args(hint)
        try:
            if any(isinstance(mark, ClearMark) for mark in marks):
                clear.append(clear_field(field.name, hint))
                if without(hint, NoneType)[0] is str:
                    codes.append((field.name, same))
            else:
                owner = next((mark for mark in marks if isinstance(mark, SealedFor)), None)
                whose = (owner.person_field, owner.group) if owner else (event.person_field, DEFAULT_GROUP)
                if whose[1] == TEXTS:
                    raise TypeError(f"the group {TEXTS} is that of the texts of codes")
                groups.setdefault(whose, []).append((field.name, sealed_decode(hint)))
        except (TypeError, KeyError) as error:
            raise TypeError(f"{event.__name__}.{field.name}: {error}") from error
    clear.sort(key=lambda member: member.name)
    sealed = tuple(SealedGroup(person, group, tuple(named)) for (person, group), named in groups.items())
    return Codec(event, tuple(clear), sealed, SealedGroup(event.person_field, TEXTS, tuple(codes)))


def whose(group: SealedGroup, domain_event: Recorded[Event]) -> UUID:
    """Return the person for whom the group of the event is sealed."""
    person: UUID = (
        domain_event.stream if group.person_field is None else getattr(domain_event.event, group.person_field)
    )
    return person
