"""Schedules work fairly under load: a few tasks start in each round of the event loop, and parties take turns."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

K = TypeVar("K")
Round = Callable[[], None]

KEYS_REMEMBERED = 4096
PAUSE_SECONDS = 0.002
CROWD, NO_CROWD = 16, sys.maxsize
"""A party with this many waiting tasks is a crowd, and takes its turns among the parties without a good key."""
A_MOMENT = 1.0
LONGEST_REST = 0.1
"""The longest that parties without a good key wait for a loop that is always busy with the others, in seconds."""


class Pace:
    """Limits parties without a good key to half of the event loop: after each of their rounds it rests for a while.

    The rest is as long as the work of the loop's thread since the round began, which includes the requests that the
    round began. Connections are accepted, read and answered by separate turns, which share one pace: with a pace for
    each, all of them together could fill the loop.
    """

    def __init__(
        self, worked: Callable[[], float] = time.thread_time, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._worked, self._now = worked, now
        self._worked_before = self._since = float("-inf")
        self._waiting: deque[Round] = deque()
        self._later: asyncio.TimerHandle | None = None

    def run(self, start: Round) -> None:
        """Call `start` when the loop has rested: now, or after the rounds that wait already."""
        self._waiting.append(start)
        if self._later is None:
            self._next()

    def _next(self) -> None:
        self._later = None
        if (rest := self._rest()) <= 0.0:
            self._worked_before, self._since = self._worked(), self._now()
            self._waiting.popleft()()
            rest = max(self._rest(), 0.0)
        if self._waiting:
            self._later = asyncio.get_running_loop().call_later(rest, self._next)

    def _rest(self) -> float:
        """Return the seconds that the loop still has to rest."""
        passed, worked = self._now() - self._since, self._worked() - self._worked_before
        return min(2 * worked, LONGEST_REST) - passed


@dataclass(frozen=True, slots=True)
class Party:
    """A party shares turns: the requests of one principal whose key was good before, else those of one address."""

    name: str
    has_good_key: bool = False


class GoodKeys:
    """Keys that were good, with their principals and networks. They decide turns and grant nothing else."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}
        self._networks: dict[str, str] = {}

    def party(self, shown: bytes, network: str) -> Party:
        """Return the party of a request. `shown`: its key; empty if it has none or has not been read yet."""
        name = self._names.get(shown) if shown else self._networks.get(network)
        return Party(network) if name is None else Party(name, has_good_key=True)

    def note(self, shown: bytes, network: str, name: str | None) -> None:
        """Note the principal of a key; None: the key is not good."""
        if name is None:
            self._names.pop(shown, None)
        else:
            keep(self._names, shown, name)
            keep(self._networks, network, f"from {network}")


def keep(kept: dict[K, str], key: K, name: str) -> None:
    """Keep the entry as the newest, and drop the oldest if there are too many."""
    kept.pop(key, None)
    kept[key] = name
    if len(kept) > KEYS_REMEMBERED:
        del kept[next(iter(kept))]


@dataclass(slots=True)
class Ring:
    """Tasks of several parties that wait. The next task is that of the party whose turn was longest ago."""

    waiting: dict[str, deque[Callable[[], None]]] = field(default_factory=dict)

    def add(self, party: str, task: Callable[[], None]) -> None:
        self.waiting.setdefault(party, deque()).append(task)

    def next(self) -> Callable[[], None] | None:
        if not self.waiting:
            return None
        party, tasks = next(iter(self.waiting.items()))
        task = tasks.popleft()
        del self.waiting[party]
        if tasks:
            self.waiting[party] = tasks  # behind all others
        return task


class Turns:
    """Decides the order in which tasks start: at most `at_once` in each round, and each party in its turn.

    However many tasks of one party wait, a task of another party waits for one of them, not for all. Parties whose key
    was good before share every other turn, and get a round in each round of the event loop. While only other parties or
    crowds wait, rounds are `pause` seconds apart, or as long as the last round took: an event loop without breaks would
    starve the threads that answer. Turns that share a `pace` rest together.
    """

    def __init__(
        self, at_once: int, pause: float = PAUSE_SECONDS, crowd: int = CROWD, pace: Pace | None = None
    ) -> None:
        self._at_once = self._left = at_once
        self._pause, self._crowd, self._took = pause, crowd, 0.0
        self._pace, self._is_queued = pace, False
        self._latest, self._changed_at = "", -A_MOMENT
        self._with_good_key, self._others = Ring(), Ring()
        self._soon: asyncio.Handle | None = None
        self._later: asyncio.TimerHandle | None = None
        self._others_next = False

    def begin(self, party: Party, start: Callable[[], None]) -> bool:
        """Call `start` now, if no task waits and the round has places left, else when it is its turn.

        Returns whether it was called now.
        """
        if party.has_good_key:
            self._note(party.name)
        now = self._left > 0 and not self._waits()
        if now:
            self._left -= 1
            start()
        else:
            self._add(party, start)
        self._plan()
        return now

    def _note(self, name: str) -> None:
        if self._latest not in ("", name):
            self._changed_at = time.monotonic()
        self._latest = name

    def _others_began(self) -> bool:
        """Return whether several parties with good keys were here a moment ago: a single crowd delays no other."""
        return time.monotonic() < self._changed_at + A_MOMENT

    def _add(self, party: Party, start: Callable[[], None]) -> None:
        if not party.has_good_key or party.name in self._others.waiting:
            self._others.add(party.name, start)
            return
        self._with_good_key.add(party.name, start)
        if len(self._with_good_key.waiting[party.name]) >= self._crowd and self._others_began():
            self._others.waiting[party.name] = self._with_good_key.waiting.pop(party.name)

    def _waits(self) -> bool:
        return bool(self._with_good_key.waiting or self._others.waiting)

    def _plan(self) -> None:
        """Plan another round: in the loop's next round if a party with a good key waits, else after a pause."""
        loop = asyncio.get_running_loop()
        if self._with_good_key.waiting and self._soon is None:
            self._soon = loop.call_soon(self._round)
        elif self._soon is None and self._later is None and not self._is_queued:
            self._later = loop.call_later(max(self._pause, self._took), self._paced)

    def _paced(self) -> None:
        """Have a round when the event loop has rested from the rounds of all turns that share the pace."""
        self._later = None
        if self._pace is None:
            self._round()
        else:
            self._is_queued = True
            self._pace.run(self._paced_round)

    def _paced_round(self) -> None:
        self._is_queued = False
        self._round()

    def _round(self) -> None:
        for planned in (self._soon, self._later):
            if planned is not None:
                planned.cancel()
        self._soon = self._later = None
        self._left, began = self._at_once, time.perf_counter()
        while self._left and (start := self._next()) is not None:
            self._left -= 1
            start()
        self._took = time.perf_counter() - began
        if self._waits():
            self._plan()

    def _next(self) -> Callable[[], None] | None:
        first, second = (
            (self._others, self._with_good_key) if self._others_next else (self._with_good_key, self._others)
        )
        self._others_next = not self._others_next
        return first.next() or second.next()
