"""A verb is what somebody asks of Perennial: a command, the streams it reads, and the rule that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any, get_args, get_type_hints
from uuid import UUID

from domain.codes import How, Written, require_written
from domain.errors import Invalid
from domain.event import Aggregate, Event

Events = dict[UUID, list[Event]]
"""What a decision appends: per stream its new events, in order; all of them or none."""

CLOCKS_DIFFER_BY = timedelta(minutes=5)


class TimeHasNoZone(Invalid):
    """The time in '{field}' names no time zone, so nobody can tell when it was.

    Write it with an offset, like 2026-05-04T09:30:00+02:00.
    """


class TimeIsInTheFuture(Invalid):
    """The time in '{field}', {moment}, has not come yet: it is {now}.

    Record what has happened once it has; check the sender's clock.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of all commands: a malformed one cannot be made (it raises a subclass of Invalid).

    now: when the request was made; known by the request.
    occurred_at: when it was so, with a time zone; left out: now.
    occurred_how: how that time is known: 'stated' by the sender, 'derived.' from a named field, or 'unknown'.
    """

    now: datetime
    occurred_at: datetime | None = None
    occurred_how: How = "stated"

    def __post_init__(self) -> None:
        require_well_formed(self)

    @property
    def moment(self) -> datetime:
        """When it was so, as well as the command knows."""
        return self.occurred_at or self.now


@dataclass(frozen=True, slots=True)
class Load:
    """One stream that `decide` needs: the command's field that names it (a field may be None: no state is given),
    what it is folded with, and the only event types that are read. `reads` includes what makes the stream exist."""

    field: str
    aggregate: Aggregate[Any]
    reads: tuple[type[Event], ...]


@dataclass(frozen=True, slots=True)
class Verb:
    """A command with its pure rule: `decide(*states, command)`, one state a load, in their order."""

    command: type[Command]
    loads: tuple[Load, ...]
    decide: Callable[..., Events]


def require_well_formed(command: Command) -> None:
    """Raises TextIsWrittenWrongly, TimeHasNoZone or TimeIsInTheFuture."""
    for field in fields(command):
        value = getattr(command, field.name)
        if isinstance(value, datetime) and value.utcoffset() is None:
            raise TimeHasNoZone(field=field.name)
    made_as: Any = type(command)  # mypy takes the hash of an instance for that of the class
    for name, written in written_fields(made_as):
        value = getattr(command, name)
        for text in value if isinstance(value, tuple) else (value,):
            if text is not None:
                require_written(text, written, name)
    require_past(command.moment, command.now, "occurred_at")


def require_past(moment: datetime, now: datetime, field: str) -> None:
    """Raises TimeIsInTheFuture, five minutes of difference between clocks allowed."""
    if moment > now + CLOCKS_DIFFER_BY:
        raise TimeIsInTheFuture(field=field, moment=moment.isoformat(), now=now.isoformat())


@cache
def written_fields(command: type[Command]) -> tuple[tuple[str, Written], ...]:
    """The command's fields that must be written in a certain way, such as codes."""
    hints = get_type_hints(command, include_extras=True)
    return tuple((name, written) for name, hint in hints.items() for written in marks_in(hint))


def marks_in(hint: object) -> Iterator[Written]:
    """The `Written` marks anywhere in a type, such as those in `tuple[Code, ...]` and `Code | None`."""
    if isinstance(hint, Written):
        yield hint
    for part in get_args(hint):
        yield from marks_in(part)
