"""The one way in: load what the commands' decisions read, decide, append, and try again when somebody was faster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol
from uuid import UUID, uuid5

from commands.verb import IdNamesTwoThings, Load, Verb
from domain.errors import ExplainedError, Refused
from domain.event import Aggregate, Event, Recorded
from domain.streams import Loaded, Loads, Reads, Wanted, load_with_linked_records

ATTEMPTS = 12
LEFT = "left "
"""What a refused command leaves has ids of its own: it may be done later, and by its first event it is known then."""


class ConcurrencyConflict(ExplainedError):
    """Concurrent change

    Another command changed the stream between reading and writing. Nothing was written.

    Send the request again: it is decided on the newest state.
    """


class VersionIsNotTheExpectedOne(ExplainedError):
    """Resource has changed

    The stream {stream} is at version {actual}, not {expected}. Nothing was written.

    Read it again, then send the change with its new ETag.
    """


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A request's key and answer, kept with what the request did. `request_hash` is hex, `response` plain JSON."""

    key: str
    request_hash: str
    status: int
    response: Mapping[str, Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Statement:
    """A delivery states something of a stream as of a time: `what` is 'stage', 'title' or the code of a fact."""

    stream: UUID
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an outside system sent, to be kept: `outcome` says applied, waiting or kept, `reason` why it was not used.

    fingerprint: a keyed hash of what it says, None where it is not to be recognised. told_at: the time that it gives
    itself. subject: the stream that it tells of. waits_for: the stream in which its cause will appear.
    `settles`: it is kept already, and waited until now. statements: what it
    states or confirms, where it was applied.
    """

    source: str
    delivery_id: str
    assurance: str
    action: str
    outcome: str
    reason: str | None
    people: tuple[UUID, ...]
    sealed_body: bytes
    fingerprint: str | None = None
    told_at: datetime | None = None
    subject: UUID | None = None
    waits_for: UUID | None = None
    settles: bool = False
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Offset:
    """How far a consumer has come with what it reads elsewhere: `reached` only ever rises."""

    consumer: str
    reached: int


@dataclass(frozen=True, slots=True)
class Attached:
    """What must commit together with the events."""

    idempotency: Idempotency | None = None
    delivery: Delivery | None = None
    offset: Offset | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who asks, when, and why. `command_id` makes the event ids, so that a repeated request makes the same ones."""

    command_id: UUID
    actor: str
    now: datetime
    correlation: UUID | None = None
    causation: UUID | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """Commands with all that no client may fill. `seen`: the versions at which streams stood that were read for it."""

    commands: Sequence[Any]
    seen: Mapping[UUID, int] = field(default_factory=dict)


class Log(Loads, Protocol):
    """What handling needs of the event log. Those who ask at one moment share the way: hence many at once."""

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded: ...

    def completed(self, commands: Sequence[Any]) -> Completed:
        """The same commands in their order, with what only the log can tell, such as the streams of addresses."""
        ...

    def known(self, events: Collection[UUID]) -> Mapping[UUID, int]:
        """Those of the event ids that stand in the log, with their positions."""
        ...

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        """Until the end nobody else appends to these streams, from whichever process; this thread does."""
        ...

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        """Appends all or nothing, however many there are; the position of the last. Errors: SomebodyWasFaster."""
        ...

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> Sequence[int | Exception]:
        """For each, the log position after it, or what stood in its way: SomebodyWasFaster, or worse. An append that
        fails has written nothing, and none harms another."""
        ...


@dataclass(frozen=True, slots=True)
class Handled:
    """What was appended: the events in order, the position of the last one, and the versions of the streams touched.

    `before`: it was done an earlier time, at that position, and nothing was appended now.
    """

    events: tuple[Recorded[Event], ...]
    position: int
    versions: Mapping[UUID, int]
    before: bool = False


Plan = Callable[[], Sequence[Any]]
Expected = Mapping[UUID, int]
Attach = Callable[[tuple[Recorded[Event], ...]], Attached]


def nothing_attached(_: tuple[Recorded[Event], ...]) -> Attached:
    return Attached()


@dataclass(frozen=True, slots=True)
class Intention:
    """What somebody wants done: the commands that `plan` gives, one after the other, all or none.

    `expected`: versions that streams must stand at. `attach`: what must commit with the events that were decided.
    """

    occasion: Occasion
    plan: Plan
    expected: Expected = field(default_factory=dict)
    attach: Attach = nothing_attached


@dataclass(slots=True)
class Unit:
    """One intention at work: the streams it reads, and the events decided so far, which later commands already see."""

    verbs: Mapping[type, Verb]
    intention: Intention
    commands: Sequence[Any]
    seen: Mapping[UUID, int] = field(default_factory=dict)
    aggregates: dict[UUID, Aggregate[Any]] = field(default_factory=dict)
    reading: dict[UUID, Reads] = field(default_factory=dict)
    streams: dict[UUID, Loaded] = field(default_factory=dict)
    decided: list[Recorded[Event]] = field(default_factory=list)

    def wanted(self) -> Wanted:
        """Every stream that the commands read, with the event types that any of them reads of it.

        Errors: IdNamesTwoThings.
        """
        for command in self.commands:
            for load in self.verbs[type(command)].loads:
                for stream in load.streams(command):
                    if self.aggregates.setdefault(stream, load.aggregate) is not load.aggregate:
                        raise IdNamesTwoThings(field=load.field)
                    known = self.reading.get(stream)
                    self.reading[stream] = load.types if known is None else known | load.types
        return {stream: (self.aggregates[stream], reads) for stream, reads in self.reading.items()}

    def take(self, loaded: Mapping[UUID, Loaded]) -> None:
        """Takes what it wanted of all that was loaded, and the streams that belong together with those."""
        waiting = list(self.aggregates)
        while waiting:
            stream = waiting.pop()
            if stream not in self.streams:
                self.streams[stream] = loaded[stream]
                aggregate = self.aggregates[stream]
                if linked_records := aggregate.linked_records(loaded[stream].state):
                    self.aggregates |= {other: aggregate for other in linked_records if other not in self.aggregates}
                    waiting += linked_records

    def decide_all(self) -> tuple[tuple[Recorded[Event], ...], Attached]:
        """The events of all commands and what goes with them. Errors: whatever rule refuses, and
        VersionIsNotTheExpectedOne."""
        for stream, version in self.intention.expected.items():
            if self.streams[stream].version != version:
                raise VersionIsNotTheExpectedOne(stream=stream, expected=version, actual=self.streams[stream].version)
        for command in self.commands:
            self._decide(command)
        events = tuple(self.decided)
        return events, self.intention.attach(events)

    def handled(self, position: int) -> Handled:
        versions = {stream: loaded.version for stream, loaded in self.streams.items()}
        return Handled(tuple(self.decided), position, versions)

    def _decide(self, command: Any) -> None:
        verb = self.verbs[type(command)]
        states = [self._state(load, command) for load in verb.loads]
        try:
            decided = verb.decide(*states, command)
        except Refused as refusal:
            refusal.command = command
            raise
        when = getattr(command, "occurred_at", None), getattr(command, "occurred_how", "unknown")
        for stream, events in decided.items():
            for event in events:
                self._take(stream, event, *when)

    def _state(self, load: Load, command: Any) -> Any:
        states = {stream: self._joined(load, stream) for stream in load.streams(command)}
        return states if load.many else next(iter(states.values()), None)

    def _joined(self, load: Load, stream: UUID) -> Any:
        return load.aggregate.joined(self.streams[stream].state, lambda other: self.streams[other].state)

    def leave(self, refusal: Refused, streams: Mapping[UUID, Loaded]) -> tuple[Recorded[Event], ...]:
        """What is recorded in place of all that was decided, now that a rule has refused. `streams`: as loaded."""
        self.decided.clear()
        for stream, events in refusal.leaves.items():
            self.streams[stream] = streams[stream]
            for event in events:
                self._take(stream, event, None, "unknown", LEFT)
        return tuple(self.decided)

    def _take(
        self, stream: UUID, event: Event, occurred_at: datetime | None, occurred_how: str, named: str = ""
    ) -> None:
        before, occasion = self.streams[stream], self.intention.occasion
        recorded = Recorded(
            stream=stream,
            version=before.version + 1,
            event=event,
            id=event_id(occasion.command_id, len(self.decided), named),
            recorded_at=occasion.now,
            occurred_at=occurred_at,
            occurred_how=occurred_how if occurred_at is not None else "unknown",
            actor=occasion.actor,
            causation=occasion.causation,
            correlation=occasion.correlation or occasion.command_id,
        )
        self.decided.append(recorded)
        reads = self.reading.get(stream)
        passed_over = reads is not None and type(event) not in reads  # as loading would
        state = before.state if passed_over else self.aggregates[stream].evolve(before.state, recorded)
        self.streams[stream] = Loaded(state, recorded.version)


Result = Handled | Exception


@lru_cache(maxsize=16_384)
def event_id(command_id: UUID, number: int, named: str = "") -> UUID:
    """The id of a command's event, counting from 0, however often it is tried."""
    return uuid5(command_id, f"{named}{number}")


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
    (result,) = handle_together(log, verbs, [Intention(occasion, plan, expected or {}, attach)])
    if isinstance(result, Exception):
        raise result
    return result


def handle_together(log: Log, verbs: Mapping[type, Verb], intentions: Sequence[Intention]) -> list[Result]:
    """Handles intentions that came at the same moment: they share the loading and the commit, and nothing else.

    Each has a result of its own, in order: what was handled, or the error that `handle` would raise.
    """
    results: dict[int, Result] = {}
    waiting = dict(enumerate(intentions))
    conflicts = dict.fromkeys(waiting, 0)
    while waiting:
        for number, result in attempt(log, verbs, waiting).items():
            if isinstance(result, ConcurrencyConflict) and takes_precedence(waiting[number]):
                result = attempt_first(log, verbs, waiting[number])
            conflicts[number] += isinstance(result, ConcurrencyConflict)
            if not isinstance(result, ConcurrencyConflict) or conflicts[number] == ATTEMPTS:
                results[number] = result
                del waiting[number]
    return [results[number] for number in range(len(intentions))]


def attempt(log: Log, verbs: Mapping[type, Verb], intentions: Mapping[int, Intention]) -> dict[int, Result]:
    """The results of those that could be tried together: of several that read one stream, the first alone."""
    results: dict[int, Result] = {}
    units: dict[int, Unit] = {}
    wanted: dict[UUID, tuple[Aggregate[Any], Reads]] = {}
    for number, unit in planned(log, verbs, intentions, results).items():
        with KeptAsResult(results, number):
            wants = unit.wanted()
            if wanted.keys().isdisjoint(wants):
                units[number] = unit
                wanted |= wants
    loaded = load_with_linked_records(log, wanted)
    decided: dict[int, tuple[tuple[Recorded[Event], ...], Attached]] = {}
    for number, unit in units.items():
        with KeptAsResult(results, number):
            require_unmoved(unit.seen, loaded)
            unit.take(loaded)
            decided[number] = unit.decide_all()
    left = {number: units[number].leave(refusal, loaded) for number, refusal in leaving(results).items()}
    decided |= {number: (events, Attached()) for number, events in left.items()}
    positions = log.append_all(list(decided.values()))
    for number, position in zip(decided, positions, strict=True):
        if isinstance(position, Exception):
            results[number] = position
        elif number not in left:
            results[number] = units[number].handled(position)
    return results


def takes_precedence(intention: Intention) -> bool:
    """Whether a command of it must get in, whoever else writes about the person."""
    with suppress(Exception):  # a plan that cannot be made is told by its own attempt
        return any(command.takes_precedence for command in intention.plan())
    return False


def attempt_first(log: Log, verbs: Mapping[type, Verb], intention: Intention) -> Result:
    """The result of an intention that goes before all others: its streams are locked while it is tried.

    The versions are checked as ever. A conflict is left only where the person has gained a record or an address since
    it was looked up which streams these are, and then they are locked anew.
    """
    result: Result = ConcurrencyConflict()
    for _ in range(ATTEMPTS):
        with log.precedence(streams_of(log, verbs, intention)):
            result = attempt(log, verbs, {0: intention})[0]
        if not isinstance(result, ConcurrencyConflict):
            break
    return result


def streams_of(log: Log, verbs: Mapping[type, Verb], intention: Intention) -> frozenset[UUID]:
    """The streams that the intention reads; none where it cannot be planned."""
    wanted = [unit.wanted() for unit in planned(log, verbs, {0: intention}, {}).values()]
    return frozenset(stream for one in wanted for stream in load_with_linked_records(log, one))


def planned(
    log: Log, verbs: Mapping[type, Verb], intentions: Mapping[int, Intention], results: dict[int, Result]
) -> dict[int, Unit]:
    """The intentions' commands, completed by the log; what cannot even be planned has its `results`."""
    plans: dict[int, Sequence[Any]] = {}
    for number, intention in intentions.items():
        with KeptAsResult(results, number):
            plans[number] = intention.plan()
    whole = log.completed([command for commands in plans.values() for command in commands])
    completed = iter(whole.commands)
    return {
        number: Unit(verbs, intentions[number], list(islice(completed, len(commands))), whole.seen)
        for number, commands in plans.items()
    }


def require_unmoved(seen: Mapping[UUID, int], loaded: Mapping[UUID, Loaded]) -> None:
    """Raises SomebodyWasFaster where a stream has changed since commands were completed from it."""
    if any(loaded[stream].version != version for stream, version in seen.items() if stream in loaded):
        raise ConcurrencyConflict


def leaving(results: Mapping[int, Result]) -> dict[int, Refused]:
    """The refusals of which something is recorded."""
    return {number: one for number, one in results.items() if isinstance(one, Refused) and one.leaves}


class KeptAsResult:
    """Whatever befalls one intention is its own result: the others beside it go on."""

    __slots__ = ("number", "results")

    def __init__(self, results: dict[int, Result], number: int) -> None:
        self.results, self.number = results, number

    def __enter__(self) -> None: ...

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: object) -> bool:
        if isinstance(error, Exception):
            self.results[self.number] = error  # its own caller raises it
            return True
        return False
