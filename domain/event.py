"""What an event is: a frozen fact with a stored name, whose fields are personal unless marked clear."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import Field, dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar, Union
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Erased:
    """Stands where a personal value stood whose person's key has been destroyed."""


ERASED = Erased()


class ClearMark:
    """Marks a field that SQL may read and that erasure leaves in place."""


@dataclass(frozen=True, slots=True)
class SealedFor:
    """Marks a personal field that belongs to the person named by another (clear) field."""

    person_field: str
    group: str = "personal"


Clear = Annotated[T, ClearMark()]
"""A clear field: a code, an id, a date, a whole number, a truth value or a tuple of codes."""

Personal = Union[T, Erased]  # noqa: UP007 - a generic alias needs the subscriptable form
"""The type of a field that is sealed. Sealing is the default: this alias only says what reading may give."""


class Event:
    """Base of all events. A subclass declares `stored_name`; `person_field` names the owner of its sealed fields."""

    __slots__ = ()

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    """Declared so that any event can be asked for its fields: every subclass is a dataclass."""

    stored_name: ClassVar[str]
    person_field: ClassVar[str | None] = None
    """The clear field that names whose the personal fields are; None: they belong to the stream itself."""


E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Recorded(Generic[E_co]):
    """An event as the log holds it: what happened, when, who said so and where it stands."""

    stream: UUID
    version: int
    event: E_co
    id: UUID
    recorded_at: datetime
    occurred_at: datetime | None = None
    occurred_how: str = "unknown"
    actor: str = "system"
    causation: UUID | None = None
    correlation: UUID | None = None
    position: int | None = None
    head: int = 0
    """The stream's newest version when this event was read (a filtered load skips later events)."""

    @property
    def at(self) -> datetime:
        """When it was so, as well as we know: the occurrence, or else the recording."""
        return self.occurred_at or self.recorded_at

    @property
    def originator_id(self) -> UUID:
        return self.stream

    @property
    def originator_version(self) -> int:
        return self.version


S = TypeVar("S")


def no_one(_: object) -> Collection[UUID]:
    """Most streams stand for themselves alone."""
    return ()


def alone(state: S, _: Callable[[UUID], S]) -> S:
    return state


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S]):
    """A kind of stream: its name, and how its state starts and evolves.

    `start` gives the state of a stream before its first event, from the stream's id, so that a state knows its own id.
    `evolve` gives the state after one more event. `linked_records` names the streams that belong with a state, such as
    the other records of one person. `joined` gives the state that decisions see, from the stream's own state and,
    through the function, those of linked streams.
    """

    name: str
    start: Callable[[UUID], S]
    evolve: Callable[[S, Recorded[Event]], S]
    linked_records: Callable[[S], Collection[UUID]] = no_one
    joined: Callable[[S, Callable[[UUID], S]], S] = alone

    def fold(self, stream: UUID, events: Iterable[Recorded[Event]]) -> S:
        """Return the state of the stream after these of its events, in their order."""
        state = self.start(stream)
        for recorded in events:
            state = self.evolve(state, recorded)
        return state


@dataclass(frozen=True, slots=True)
class Upcast:
    """How the clear data of an older stored name becomes the next one; done alike in Python and in SQL."""

    stored_name: str
    becomes: str
    rename: dict[str, str] = field(default_factory=dict)
    add: dict[str, Any] = field(default_factory=dict)
    drop: tuple[str, ...] = ()

    def clear(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data of the newer version: fields are renamed, then dropped, then added."""
        kept = {self.rename.get(key, key): value for key, value in data.items() if key not in self.drop}
        return {**self.add, **kept}


def utc(moment: datetime) -> datetime:
    """Return the same moment in UTC."""
    return moment.astimezone(UTC)
