"""Handles commands: loads the streams they read, decides, appends, and retries on a concurrency conflict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from commands.attached import Attached
from commands.log import Completed, ConcurrencyConflict, Log
from commands.precedence import attempt_first, takes_precedence
from commands.verb import IdNamesTwoThings, Load, Verb
from domain.errors import ExplainedError, Refused
from domain.event import Event, Recorded
from domain.streams import Loaded, ReadStreams, Wanted, load_with_linked_records

ATTEMPTS = 12
LEFT = "left "
"""What a refused command leaves has ids of its own: it may be done later, and by its first event it is known then."""


class VersionIsNotTheExpectedOne(ExplainedError):
    """Resource has changed

    The stream {stream} is at version {actual}, not {expected}. Nothing was written.

    Read it again, then send the change with its new ETag.
    """


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who gives a command, when, and why. `command_id` makes the event ids, so a repeated command makes the same."""

    command_id: UUID
    actor: str
    now: datetime
    correlation: UUID | None = None
    causation: UUID | None = None


@dataclass(frozen=True, slots=True)
class Handled:
    """What was appended: the events in order, the position of the last one, and the versions of the streams touched.

    `before`: it was done an earlier time, at that position, and nothing was appended now.
    """

    events: tuple[Recorded[Event], ...]
    position: int
    versions: Mapping[UUID, int]
    before: bool = False


Result = Handled | Exception
Results = dict[int, Result]
Plan = Callable[[], Sequence[Any]]
Expected = Mapping[UUID, int]
Attach = Callable[[tuple[Recorded[Event], ...]], Attached]
Decided = tuple[tuple[Recorded[Event], ...], Attached]


def nothing_seen() -> Expected:
    return {}


def nothing_attached(_: tuple[Recorded[Event], ...]) -> Attached:
    return Attached()


@dataclass(frozen=True, slots=True)
class Intention:
    """The commands that `plan` gives, to be done one after the other, all or none.

    `expected`: versions that streams must stand at. `attach`: what must commit with the events that were decided.
    `seen`: the versions that the plan was made from; where the commands read a stream that has grown since, it is made
    anew.
    """

    occasion: Occasion
    plan: Plan
    expected: Expected = field(default_factory=dict)
    attach: Attach = nothing_attached
    seen: Callable[[], Expected] = nothing_seen


def handle(
    log: Log,
    verbs: Mapping[type, Verb],
    occasion: Occasion,
    plan: Plan,
    *,
    expected: Expected | None = None,
    attach: Attach = nothing_attached,
    seen: Callable[[], Expected] = nothing_seen,
) -> Handled:
    """Decide the planned commands one after the other and append all their events, or nothing.

    A conflict is tried again from the start, unless the caller `expected` versions. Errors: whatever rule refuses;
    VersionIsNotTheExpectedOne; ConcurrencyConflict after many attempts.
    """
    (result,) = handle_together(log, verbs, [Intention(occasion, plan, expected or {}, attach, seen)])
    if isinstance(result, Exception):
        raise result
    return result


def handle_together(log: Log, verbs: Mapping[type, Verb], intentions: Sequence[Intention]) -> list[Result]:
    """Handle intentions that came at the same moment: they share the loading and the commit, and nothing else.

    Each has a result of its own, in order: what was handled, or the error that `handle` would raise.
    """
    results: Results = {}
    waiting = dict(enumerate(intentions))
    conflicts = dict.fromkeys(waiting, 0)
    while waiting:
        for number, result in attempt(log, verbs, waiting).items():
            if isinstance(result, ConcurrencyConflict) and takes_precedence(waiting[number].plan):
                result = before_all_others(log, verbs, waiting[number])
            conflicts[number] += isinstance(result, ConcurrencyConflict)
            if not isinstance(result, ConcurrencyConflict) or conflicts[number] == ATTEMPTS:
                results[number] = result
                del waiting[number]
    return [results[number] for number in range(len(intentions))]


def attempt(log: Log, verbs: Mapping[type, Verb], intentions: Mapping[int, Intention]) -> Results:
    """Load, decide, append. Return the results of those that could be tried together.

    Of several that read one stream, the first alone is tried.
    """
    results: Results = {}
    wanted: dict[UUID, Any] = {}
    units = {
        number: unit
        for number, unit in planned(log, verbs, intentions, results).items()
        if wants_other_streams(number, unit, wanted, results)
    }
    loaded = load_with_linked_records(log, wanted)
    decided: dict[int, Decided] = {}
    for number, unit in units.items():
        with KeptAsResult(results, number):
            require_unmoved({**unit.seen, **unit.intention.seen()}, loaded)
            decided[number] = unit.decide_over(loaded)
    left = {number: (units[number].leave(refusal, loaded), Attached()) for number, refusal in leaving(results).items()}
    appends = decided | left
    for number, position in zip(appends, log.append_all(list(appends.values())), strict=True):
        if isinstance(position, Exception):
            results[number] = position
        elif number not in left:
            results[number] = units[number].handled(position)
    return results


def planned(
    log: Log, verbs: Mapping[type, Verb], intentions: Mapping[int, Intention], results: Results
) -> dict[int, Unit]:
    """Return the intentions' commands, completed by the log. What cannot be planned has its `results`."""
    plans: dict[int, Sequence[Any]] = {}
    for number, intention in intentions.items():
        with KeptAsResult(results, number):
            plans[number] = intention.plan()
    commands = [command for plan in plans.values() for command in plan]
    whole = log.completed(commands) if any(command.is_completed_by_log for command in commands) else Completed(commands)
    completed = iter(whole.commands)
    return {
        number: Unit(verbs, intentions[number], list(islice(completed, len(plan))), whole.seen)
        for number, plan in plans.items()
    }


def wants_other_streams(number: int, unit: Unit, wanted: dict[UUID, Any], results: Results) -> bool:
    """Return whether none of the unit's streams is `wanted` before it, and want them. A wrong id has its `results`."""
    with KeptAsResult(results, number):
        wants = unit.wanted()
        if wanted.keys().isdisjoint(wants):
            wanted.update(wants)
            return True
    return False


def require_unmoved(seen: Mapping[UUID, int], loaded: Mapping[UUID, Loaded]) -> None:
    """Raise ConcurrencyConflict where a stream has changed since commands were planned or completed from it."""
    if any(loaded[stream].version != version for stream, version in seen.items() if stream in loaded):
        raise ConcurrencyConflict


@dataclass(slots=True)
class Unit:
    """One intention at work: the streams it reads, and the events decided so far, which later commands already see."""

    verbs: Mapping[type, Verb]
    intention: Intention
    commands: Sequence[Any]
    seen: Mapping[UUID, int] = field(default_factory=dict)
    streams: ReadStreams = field(default_factory=ReadStreams)
    decided: list[Recorded[Event]] = field(default_factory=list)

    def wanted(self) -> Wanted:
        """Return every stream that the commands read, with what they read of it. Errors: IdNamesTwoThings."""
        for command in self.commands:
            for load in self.verbs[type(command)].loads:
                for stream in load.streams(command):
                    if not self.streams.want(stream, load.aggregate, load.types):
                        raise IdNamesTwoThings(field=load.field)
        return self.streams.wanted()

    def decide_over(self, loaded: Mapping[UUID, Loaded]) -> Decided:
        """Return the events of all commands and what is attached to them.

        Errors: whatever rule refuses, and VersionIsNotTheExpectedOne.
        """
        self.streams.take(loaded)
        for stream, version in self.intention.expected.items():
            if (actual := self.streams.version(stream)) != version:
                raise VersionIsNotTheExpectedOne(stream=stream, expected=version, actual=actual)
        for command in self.commands:
            self._decide(command)
        events = tuple(self.decided)
        return events, self.intention.attach(events)

    def handled(self, position: int) -> Handled:
        versions = {stream: loaded.version for stream, loaded in self.streams.loaded.items()}
        return Handled(tuple(self.decided), position, versions)

    def leave(self, refusal: Refused, loaded: Mapping[UUID, Loaded]) -> tuple[Recorded[Event], ...]:
        """Return what is recorded in place of all that was decided, now that a rule has refused."""
        self.decided.clear()
        for stream, events in refusal.leaves.items():
            self.streams.loaded[stream] = loaded[stream]
            for event in events:
                self._record(stream, event, None, "unknown", LEFT)
        return tuple(self.decided)

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
                self._record(stream, event, *when)

    def _state(self, load: Load, command: Any) -> Any:
        states = {stream: self.streams.state(stream) for stream in load.streams(command)}
        return states if load.many else next(iter(states.values()), None)

    def _record(self, stream: UUID, event: Event, at: datetime | None, how: str, named: str = "") -> None:
        occasion = self.intention.occasion
        recorded = Recorded(
            stream=stream,
            version=self.streams.version(stream) + 1,
            event=event,
            id=event_id(occasion.command_id, len(self.decided), named),
            recorded_at=occasion.now,
            occurred_at=at,
            occurred_how=how if at is not None else "unknown",
            actor=occasion.actor,
            causation=occasion.causation,
            correlation=occasion.correlation or occasion.command_id,
        )
        self.decided.append(recorded)
        self.streams.add(recorded)


def before_all_others(log: Log, verbs: Mapping[type, Verb], intention: Intention) -> Result:
    """Return the result of an intention whose streams are locked while it is tried."""

    def streams() -> frozenset[UUID]:
        wanted = [unit.wanted() for unit in planned(log, verbs, {0: intention}, {}).values()]
        return frozenset(stream for want in wanted for stream in load_with_linked_records(log, want))

    return attempt_first(log, streams, lambda: attempt(log, verbs, {0: intention})[0], ATTEMPTS)


@lru_cache(maxsize=16_384)
def event_id(command_id: UUID, number: int, named: str = "") -> UUID:
    """Return the id of a command's event, counting from 0, however often it is tried."""
    return uuid5(command_id, f"{named}{number}")


def leaving(results: Mapping[int, Result]) -> dict[int, Refused]:
    """Return the refusals of which something is recorded."""
    return {number: result for number, result in results.items() if isinstance(result, Refused) and result.leaves}


class KeptAsResult:
    """Makes an error of one intention its own result: the others beside it go on."""

    __slots__ = ("number", "results")

    def __init__(self, results: Results, number: int) -> None:
        self.results, self.number = results, number

    def __enter__(self) -> None: ...

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: object) -> bool:
        if isinstance(error, Exception):
            self.results[self.number] = error  # its own caller raises it
            return True
        return False
