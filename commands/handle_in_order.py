"""Many intentions one after the other, each seeing what the ones before it did, written as one block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from commands.attached import Attached
from commands.handle import (
    ATTEMPTS,
    Handled,
    Intention,
    KeptAsResult,
    Result,
    Unit,
    event_id,
    leaving,
    planned,
    require_unmoved,
)
from commands.log import ConcurrencyConflict, Log
from commands.precedence import takes_precedence
from commands.verb import Verb
from domain.errors import Refused
from domain.event import Aggregate, Event, Recorded
from domain.streams import Loaded, Reads, load_with_linked_records

Wants = tuple[Aggregate[Any], Reads]
Attach = Callable[[Sequence[Result]], Attached]
"""What must commit with the block, given what became of each intention (positions count from 1 then)."""


def nothing_attached(_: Sequence[Result]) -> Attached:
    return Attached()


@dataclass(slots=True)
class Queue:
    """The intentions of a block: what was loaded for all of them, and what has been decided so far."""

    recorded: Mapping[UUID, int]
    streams: dict[UUID, Loaded] = field(default_factory=dict)
    decided: list[Recorded[Event]] = field(default_factory=list)
    begun: dict[UUID, int] = field(default_factory=dict)

    def handle(self, unit: Unit, first: UUID) -> Handled:
        """Decides the unit, whose `first` event has that id, on top of all before it. Errors: whatever rule refuses;
        then nothing of it is kept."""
        position = self.recorded.get(first) or self.begun.get(first)
        if position is not None:
            return Handled((), position, {}, before=True)
        events, _ = unit.decide_over(self.streams)
        self.streams.update(unit.streams.loaded)
        self.decided += events
        if events:
            self.begun[first] = len(self.decided)
        return unit.handled(len(self.decided))

    def leave(self, unit: Unit, refusal: Refused) -> None:
        """Add the events that a refused unit leaves, and update the streams that they change."""
        self.decided += unit.leave(refusal, self.streams)
        self.streams.update({stream: unit.streams.loaded[stream] for stream in refusal.leaves})


def handle_in_order(
    log: Log,
    verbs: Mapping[type, Verb],
    intentions: Sequence[Intention],
    *,
    all_or_none: bool = False,
    attach: Attach = nothing_attached,
    once: bool = False,
) -> list[Result]:
    """Handles the intentions in their order and appends all their events as one block, in one transaction.

    Each is done whole or not at all: one that a rule refuses has the refusal as its result and harms no other, unless
    `all_or_none`, when nothing is done; only what a refusal itself leaves is then appended. `once`: an intention whose
    first event (made from its `command_id`) is in the log was done before, and is not done again. Their own `attach` is
    not asked: `attach` is for the block.
    A block that holds a request to erase, to withdraw or to restrict goes before all others after its first conflict.
    Errors: ConcurrencyConflict after many attempts; AlreadyReceived for what is attached.
    """
    attempt = partial(_attempt, log, verbs, intentions, all_or_none, attach, once)
    try:
        return attempt()
    except ConcurrencyConflict:
        goes_first = any(takes_precedence(intention.plan) for intention in intentions)
    for _ in range(ATTEMPTS - 2):
        with suppress(ConcurrencyConflict), going_first(log, verbs, intentions) if goes_first else nullcontext():
            return attempt()
    with going_first(log, verbs, intentions) if goes_first else nullcontext():
        return attempt()


def going_first(log: Log, verbs: Mapping[type, Verb], intentions: Sequence[Intention]) -> AbstractContextManager[None]:
    """Return a context manager that keeps other writers from the streams of the block.

    Every request in the block must get in, and the block is one append.
    """
    units = planned(log, verbs, dict(enumerate(intentions)), {})
    return log.precedence(load_with_linked_records(log, wanted_by(units, {})).keys())


def wanted_by(units: Mapping[int, Unit], results: dict[int, Result]) -> dict[UUID, Wants]:
    """Return every stream that the units read, with all that any of them reads of it.

    A unit that names a stream wrongly gets its error in `results`.
    """
    wanted: dict[UUID, Wants] = {}
    for number, unit in units.items():
        with KeptAsResult(results, number):
            for stream, wants in unit.wanted().items():
                wanted[stream] = together(wanted.get(stream, wants), wants)
    return wanted


def _attempt(
    log: Log, verbs: Mapping[type, Verb], intentions: Sequence[Intention], all_or_none: bool, attach: Attach, once: bool
) -> list[Result]:
    results: dict[int, Result] = {}
    whole = planned(log, verbs, dict(enumerate(intentions)), results)
    wanted = wanted_by(whole, results)
    units = {number: unit for number, unit in whole.items() if number not in results}
    firsts = [first_event_of(intention) for intention in intentions]
    recorded = log.known(set(firsts)) if once else {}
    loaded = load_with_linked_records(log, wanted)
    for unit in units.values():
        require_unmoved(unit.seen, loaded)
    queue = Queue(recorded, dict(loaded))
    for number, unit in units.items():
        with KeptAsResult(results, number):
            unit.streams.reading = {stream: wanted[stream][1] for stream in unit.streams.reading}
            results[number] = queue.handle(unit, firsts[number])
        refusal = results[number]
        if isinstance(refusal, Refused) and not all_or_none:
            queue.leave(unit, refusal)
    in_order = [results[number] for number in range(len(intentions))]
    if all_or_none and any(isinstance(result, Exception) for result in in_order):
        alone = Queue(recorded, dict(loaded))
        for number, refusal in leaving(results).items():
            alone.leave(units[number], refusal)
        if alone.decided:
            log.append_block(alone.decided, Attached())
        return in_order
    last = log.append_block(queue.decided, attach(in_order))
    return [placed(result, last - len(queue.decided)) for result in in_order]


def together(before: Wants, wants: Wants) -> Wants:
    """Return everything that two readers want of one stream."""
    return before if before == wants else (before[0], before[1] | wants[1])


def placed(result: Result, before: int) -> Result:
    """Return the result with its place in the log: the block stands after the position `before`."""
    if isinstance(result, Exception) or result.before:
        return result
    return Handled(result.events, before + result.position, result.versions)


def first_event_of(intention: Intention) -> UUID:
    """Return the id of the intention's first event; it is the same on every attempt."""
    return event_id(intention.occasion.command_id, 0)
