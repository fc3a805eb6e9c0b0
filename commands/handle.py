"""The one way in: load what the commands' decisions read, decide, append, and try again when somebody was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid5

from commands.verb import Load, Verb
from domain.event import Aggregate, Event, Recorded

S = TypeVar("S")
ATTEMPTS = 12


class SomebodyWasFaster(Exception):
    """The stream changed between reading and writing. Nothing was written."""


class VersionIsNotTheExpectedOne(Exception):
    """Stream {stream} is at version {actual}, not {expected}. Nothing was written: read it again, then change it."""

    def __init__(self, stream: UUID, expected: int, actual: int) -> None:
        super().__init__((self.__doc__ or "").format(stream=stream, expected=expected, actual=actual))
        self.stream, self.expected, self.actual = stream, expected, actual


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A request's key and answer, kept with what the request did. `request_hash` is hex, `response` plain JSON."""

    key: str
    request_hash: str
    status: int
    response: Mapping[str, Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an outside system sent, to be kept: `outcome` says applied or kept, `reason` why it was not used."""

    source: str
    delivery_id: str
    assurance: str
    action: str
    outcome: str
    reason: str | None
    people: tuple[UUID, ...]
    sealed_body: bytes


@dataclass(frozen=True, slots=True)
class Attached:
    """What must commit together with the events."""

    idempotency: Idempotency | None = None
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who asks, when, and why. `command_id` makes the event ids, so that a repeated request makes the same ones."""

    command_id: UUID
    actor: str
    now: datetime
    correlation: UUID | None = None
    causation: UUID | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stream's state, as far as the asked event types tell it, and its newest version (0: no such stream)."""

    state: Any
    version: int


class Log(Protocol):
    """What handling needs of the event log."""

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: frozenset[type[Event]]) -> Loaded: ...

    def append(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        """The log position after the append. Errors: SomebodyWasFaster; nothing was written then."""
        ...


@dataclass(frozen=True, slots=True)
class Handled:
    """What was appended: the events in order, the position of the last one, and the versions of the streams touched."""

    events: tuple[Recorded[Event], ...]
    position: int
    versions: Mapping[UUID, int]


Plan = Callable[[], Sequence[Any]]
Expected = Mapping[UUID, int]
Attach = Callable[[tuple[Recorded[Event], ...]], Attached]


@dataclass(slots=True)
class Unit:
    """The streams one handling reads and the events it decided so far, which later commands already see."""

    log: Log
    verbs: Mapping[type, Verb]
    occasion: Occasion
    streams: dict[UUID, Loaded] = field(default_factory=dict)
    aggregates: dict[UUID, Aggregate[Any]] = field(default_factory=dict)
    decided: list[Recorded[Event]] = field(default_factory=list)

    def load_for(self, commands: Sequence[Any], expected: Expected) -> None:
        """Loads every stream once, with the event types that any of the commands reads of it."""
        reads: dict[UUID, set[type[Event]]] = {}
        for command in commands:
            for load in self.verbs[type(command)].loads:
                stream = getattr(command, load.field)
                if stream is not None:
                    self.aggregates[stream] = load.aggregate
                    reads.setdefault(stream, set()).update(load.reads)
        for stream, types in reads.items():
            self.streams[stream] = self.log.load(self.aggregates[stream], stream, frozenset(types))
        for stream, version in expected.items():
            if self.streams[stream].version != version:
                raise VersionIsNotTheExpectedOne(stream, version, self.streams[stream].version)

    def decide(self, command: Any) -> None:
        verb = self.verbs[type(command)]
        states = [self._state(load, command) for load in verb.loads]
        when = getattr(command, "occurred_at", None), getattr(command, "occurred_how", "unknown")
        for stream, events in verb.decide(*states, command).items():
            for event in events:
                self._take(stream, event, *when)

    def _state(self, load: Load, command: Any) -> Any:
        stream = getattr(command, load.field)
        return None if stream is None else self.streams[stream].state

    def _take(self, stream: UUID, event: Event, occurred_at: datetime | None, occurred_how: str) -> None:
        before = self.streams[stream]
        recorded = Recorded(
            stream=stream,
            version=before.version + 1,
            event=event,
            id=uuid5(self.occasion.command_id, str(len(self.decided))),
            recorded_at=self.occasion.now,
            occurred_at=occurred_at,
            occurred_how=occurred_how if occurred_at is not None else "unknown",
            actor=self.occasion.actor,
            causation=self.occasion.causation,
            correlation=self.occasion.correlation or self.occasion.command_id,
        )
        self.decided.append(recorded)
        self.streams[stream] = Loaded(self.aggregates[stream].evolve(before.state, recorded), recorded.version)


def nothing_attached(_: tuple[Recorded[Event], ...]) -> Attached:
    return Attached()


def handle(
    log: Log,
    verbs: Mapping[type, Verb],
    occasion: Occasion,
    plan: Plan,
    *,
    expected: Expected | None = None,
    attach: Attach = nothing_attached,
) -> Handled:
    """Decides the planned commands one after the other and appends all their events, or nothing.

    A conflict is tried again from the start, unless the caller `expected` versions. Errors: whatever rule refuses;
    VersionIsNotTheExpectedOne; SomebodyWasFaster after many attempts.
    """
    for attempt in range(ATTEMPTS):
        commands = plan()
        unit = Unit(log, verbs, occasion)
        unit.load_for(commands, expected or {})
        for command in commands:
            unit.decide(command)
        events = tuple(unit.decided)
        try:
            position = log.append(events, attach(events))
        except SomebodyWasFaster:
            if attempt + 1 == ATTEMPTS:
                raise
            continue
        return Handled(events, position, {stream: loaded.version for stream, loaded in unit.streams.items()})
    raise SomebodyWasFaster
