"""A verb: a command, the streams it reads, and the function that decides it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as field_
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_type_hints
from uuid import UUID

from domain.codes import How, TextIsWrittenWrongly, Written, require_written
from domain.errors import Invalid, Refused
from domain.event import Aggregate, Event
from domain.storable import FIRST_YEAR, LAST_YEAR, has_known_offset, is_storable_moment, is_storable_text

Events = dict[UUID, list[Event]]
"""What a decision appends: per stream its new events, in order; all of them or none."""

CLOCKS_DIFFER_BY = timedelta(minutes=5)
LONGEST_TEXT = 20_000
"""Characters of one free text, at most: a long letter has fewer, and a document belongs elsewhere."""
LONGEST_LIST = 100
"""Values of one list in a command, at most, such as the e-mail addresses of a person."""
MOST_FACTS = 1_000
"""Values of one list that become an event each, at most, such as the tags in one delivery or one line of a file."""


class IdNamesTwoThings(Invalid):
    """Same id for two objects

    The id in '{field}' already names another object in this request.

    Send a different id for each object.
    """


class TextIsTooLong(Invalid):
    """Text too long

    The text in '{field}' has {length} characters; the limit is {longest}.

    Shorten it, or store the document elsewhere and send a link.
    """


class ListIsTooLong(Invalid):
    """List too long

    The list in '{field}' has {length} values; the limit is {longest}.

    Send the values that are in use, or send the rest one by one.
    """


class TextHoldsNul(Invalid):
    """NUL character in text

    The text in '{field}' contains a NUL character, which cannot be stored.

    Remove it, and check the program that wrote the text.
    """


class TextHoldsHalfCharacter(Invalid):
    """Incomplete character in text

    The text in '{field}' contains half a character (a lone surrogate), which no encoding can write.

    Remove it, and check where the text was cut in the middle of a character.
    """


class YearIsOutOfRange(Invalid):
    """Year out of range

    The time in '{field}' is not within the years {first} to {last}.

    Check the year, and whether day, month and year were read in the right order.
    """


class OffsetIsTooLarge(Invalid):
    """UTC offset too large

    The time in '{field}' has a UTC offset of 16 hours or more, which no time zone has.

    Write the offset of the local time zone, like +02:00; +14:00 is the largest in use.
    """


class TimeHasNoZone(Invalid):
    """Time without a zone

    The time in '{field}' has no time zone, so its moment is ambiguous.

    Write it with an offset, like 2026-05-04T09:30:00+02:00.
    """


class TimeIsInTheFuture(Invalid):
    """Time in the future

    The time in '{field}', {moment}, is in the future: it is {now}.

    Record what has happened once it has happened, and check the sender's clock.
    """


RAISED_BY_ANY_COMMAND: tuple[type[Invalid], ...] = (
    IdNamesTwoThings,
    TextIsTooLong,
    ListIsTooLong,
    TextHoldsNul,
    TextHoldsHalfCharacter,
    TextIsWrittenWrongly,
    YearIsOutOfRange,
    OffsetIsTooLarge,
    TimeHasNoZone,
    TimeIsInTheFuture,
)
"""The errors of a malformed command, whatever it asks for."""


@dataclass(frozen=True, slots=True)
class Help:
    """Describes a field of a command to clients: `candidate: Annotated[UUID, Help("The candidate's stream.")]`."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of all commands: a malformed one cannot be made (it raises a subclass of Invalid)."""

    now: Annotated[datetime, Help("When the request was made; the request fills it.")]
    occurred_at: Annotated[datetime | None, Help("When it occurred, with a time zone. Default: now.")] = None
    occurred_how: Annotated[
        How, Help("How that time is known: 'stated' by the sender, 'derived.' from a named field, or 'unknown'.")
    ] = "stated"

    def __post_init__(self) -> None:
        try:
            require_well_formed(self)
        except Invalid as wrong:
            wrong.command = self
            raise

    @property
    def is_completed_by_log(self) -> bool:
        """Return whether it has fields that only the log can fill, such as the addresses of a person."""
        return False

    @property
    def takes_precedence(self) -> bool:
        """Whether it must get in, however many others write about the same person at that moment."""
        return False

    @property
    def moment(self) -> datetime:
        """When it was so, as well as the command knows."""
        return self.occurred_at or self.now


HIDDEN = MappingProxyType({"hidden": True})
"""Marks a field that no client may fill: the log completes the command with it before it is decided."""


@dataclass(frozen=True, slots=True)
class Load:
    """One stream that `decide` needs: the command's field that names it (a field may be None: no state is given),
    what it is folded with, and the only event types that are read. `reads` includes what makes the stream exist.

    `many`: the field names any number of streams, and `decide` is given a mapping of each to its state.
    """

    field: str
    aggregate: Aggregate[Any]
    reads: tuple[type[Event], ...]
    many: bool = False
    types: frozenset[type[Event]] = field_(init=False, compare=False)

    def streams(self, command: Command) -> Sequence[UUID]:
        """Return the streams that the command names in the field."""
        named: Any = getattr(command, self.field)
        if self.many:
            return tuple(named)
        return () if named is None else (named,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "types", frozenset(self.reads))


@dataclass(frozen=True, slots=True)
class Verb:
    """A command with its pure rule: `decide(*states, command)`, one state a load, in their order.

    writes: the event that it is about; others may come with it. raises: the errors of its rules, beside those of any
    command.
    """

    command: type[Command]
    loads: tuple[Load, ...]
    decide: Callable[..., Events]
    writes: type[Event]
    raises: tuple[type[Refused], ...] = ()


def require_well_formed(command: Command) -> None:
    """Raises ListIsTooLong, TextIsWrittenWrongly or TimeIsInTheFuture, and whatever `require_storable` and
    `require_keepable` do."""
    made_as: Any = type(command)  # mypy takes the hash of an instance for that of the class
    for name in moment_fields(made_as):
        value = getattr(command, name)
        if value is not None:
            require_keepable(value, name)
    for name, written in text_fields(made_as):
        texts = texts_in(getattr(command, name))
        require_short(len(texts), name)
        for text in texts:
            if written is None:
                require_storable(text, name)
            elif written.fits(text) is None:
                require_written(text, written, name)
    require_past(command.moment, command.now, "occurred_at")


def require_short(length: int, field: str, longest: int = LONGEST_LIST) -> None:
    """Raises ListIsTooLong."""
    if length > longest:
        raise ListIsTooLong(field=field, longest=longest, length=length)


def require_storable(text: str, field: str) -> None:
    """Raises TextIsTooLong, TextHoldsNul or TextHoldsHalfCharacter, naming the field and not the text, which may be
    personal."""
    if len(text) > LONGEST_TEXT:
        raise TextIsTooLong(field=field, longest=LONGEST_TEXT, length=len(text))
    if not is_storable_text(text):
        raise TextHoldsNul(field=field) if "\0" in text else TextHoldsHalfCharacter(field=field)


def require_keepable(moment: datetime, field: str) -> None:
    """Raises TimeHasNoZone, OffsetIsTooLarge or YearIsOutOfRange."""
    if is_storable_moment(moment):
        return
    if moment.utcoffset() is None:
        raise TimeHasNoZone(field=field)
    if not has_known_offset(moment):
        raise OffsetIsTooLarge(field=field)
    raise YearIsOutOfRange(field=field, first=FIRST_YEAR, last=LAST_YEAR)


def texts_in(value: Any) -> tuple[str, ...]:
    """Return the texts of a field that holds one, several or none."""
    return () if value is None else value if isinstance(value, tuple) else (value,)


def require_past(moment: datetime, now: datetime, field: str) -> None:
    """Raises TimeIsInTheFuture, five minutes of difference between clocks allowed."""
    if moment > now + CLOCKS_DIFFER_BY:
        raise TimeIsInTheFuture(field=field, moment=moment.isoformat(), now=now.isoformat())


@cache
def moment_fields(command: type[Command]) -> tuple[str, ...]:
    """Return the names of the command's fields that hold a time."""
    hints = get_type_hints(command)
    return tuple(name for name, hint in hints.items() if hint is datetime or datetime in get_args(hint))


@cache
def text_fields(command: type[Command]) -> tuple[tuple[str, Written | None], ...]:
    """Return the command's text fields: (name, how it must be written, such as a code); None where it is free."""
    hints = get_type_hints(command, include_extras=True)
    return tuple((name, next(marks_in(hint), None)) for name, hint in hints.items() if holds_text(hint))


def holds_text(hint: object) -> bool:
    """Return whether the type contains text, such as `str | None` and `tuple[str, ...]`."""
    return hint is str or any(holds_text(part) for part in get_args(hint))


def marks_in(hint: object) -> Iterator[Written]:
    """Yield the `Written` marks anywhere in a type, such as those in `tuple[Code, ...]` and `Code | None`."""
    if isinstance(hint, Written):
        yield hint
    for part in get_args(hint):
        yield from marks_in(part)
