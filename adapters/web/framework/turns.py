"""Whose turn it is where more is asked than can be done at once: a few in each round, and each party in its turn."""

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
"""With so much that waits a party is a crowd, and has its turns among those who are not known."""
A_MOMENT = 1.0
LONGEST_REST = 0.1
"""Seconds that strangers wait for a loop that never rests, as it has so much to do for those who are known."""


class Pace:
    """Leaves strangers half of the event loop: after each of their rounds it rests as long as it worked since.

    Connections are accepted, read and answered by turns of their own. Paces of their own would add up to the whole
    loop. What counts is all the work of the loop's thread, so the requests that a round began are in it.
    """

    def __init__(
        self, worked: Callable[[], float] = time.thread_time, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._worked, self._now = worked, now
        self._worked_before = self._since = float("-inf")
        self._waiting: deque[Round] = deque()
        self._later: asyncio.TimerHandle | None = None

    def run(self, start: Round) -> None:
        """Calls `start` when the loop has rested: now, or after those that wait already."""
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
        """Return the seconds for which the loop has still to rest."""
        passed, worked = self._now() - self._since, self._worked() - self._worked_before
        return min(2 * worked, LONGEST_REST) - passed


@dataclass(frozen=True, slots=True)
class Party:
    """Those who share turns: the holders of one name whose key was good before, else all of one address."""

    name: str
    is_known: bool = False


class KnownKeys:
    """What was shown as a key and was good, whose it is, and where it came from. It gives turns and nothing else."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}
        self._networks: dict[str, str] = {}

    def party(self, shown: bytes, network: str) -> Party:
        """Whose turn it is. `shown`: nothing where it is not known yet, or no key is shown."""
        name = self._names.get(shown) if shown else self._networks.get(network)
        return Party(network) if name is None else Party(name, is_known=True)

    def note(self, shown: bytes, network: str, name: str | None) -> None:
        """Notes whose key it proved to be; None: it was not good."""
        if name is None:
            self._names.pop(shown, None)
        else:
            keep(self._names, shown, name)
            keep(self._networks, network, f"from {network}")


def keep(kept: dict[K, str], key: K, name: str) -> None:
    """Keeps the latest."""
    kept.pop(key, None)
    kept[key] = name
    if len(kept) > KEYS_REMEMBERED:
        del kept[next(iter(kept))]


@dataclass(slots=True)
class Ring:
    """What waits of several parties. The next is of the party that has waited longest for its turn."""

    waiting: dict[str, deque[Callable[[], None]]] = field(default_factory=dict)

    def add(self, party: str, one: Callable[[], None]) -> None:
        self.waiting.setdefault(party, deque()).append(one)

    def next(self) -> Callable[[], None] | None:
        if not self.waiting:
            return None
        party, ones = next(iter(self.waiting.items()))
        one = ones.popleft()
        del self.waiting[party]
        if ones:
            self.waiting[party] = ones  # behind all others
        return one


class Turns:
    """In which order things begin: so many in each round, and each party in its turn.

    What waits of one party, however many connections it has, holds up that of another by one, not by all of it. Those
    whose key was good before have every other turn among themselves, and a round in each of the event loop's. While
    others alone wait, or crowds, there are `pause` seconds between rounds, or as many as the last round took: a loop
    that never rests leaves the interpreter to none of the threads that answer. Turns that share a `pace` rest together.
    """

    def __init__(
        self, at_once: int, pause: float = PAUSE_SECONDS, crowd: int = CROWD, pace: Pace | None = None
    ) -> None:
        self._at_once = self._left = at_once
        self._pause, self._crowd, self._took = pause, crowd, 0.0
        self._pace, self._is_queued = pace, False
        self._latest, self._changed_at = "", -A_MOMENT
        self._known, self._others = Ring(), Ring()
        self._soon: asyncio.Handle | None = None
        self._later: asyncio.TimerHandle | None = None
        self._others_next = False

    def begin(self, party: Party, start: Callable[[], None]) -> bool:
        """Calls `start`: now, where none waits and this round has places left, else when it is its turn. Returns
        whether that was now."""
        if party.is_known:
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
        """Whether more than one of those who are known were here a moment ago: alone, a crowd holds nobody up."""
        return time.monotonic() < self._changed_at + A_MOMENT

    def _add(self, party: Party, start: Callable[[], None]) -> None:
        if not party.is_known or party.name in self._others.waiting:
            self._others.add(party.name, start)
            return
        self._known.add(party.name, start)
        if len(self._known.waiting[party.name]) >= self._crowd and self._others_began():
            self._others.waiting[party.name] = self._known.waiting.pop(party.name)

    def _waits(self) -> bool:
        return bool(self._known.waiting or self._others.waiting)

    def _plan(self) -> None:
        """Sees to it that there is another round: soon, where one is waited for by those who are known."""
        loop = asyncio.get_running_loop()
        if self._known.waiting and self._soon is None:
            self._soon = loop.call_soon(self._round)
        elif self._soon is None and self._later is None and not self._is_queued:
            self._later = loop.call_later(max(self._pause, self._took), self._paced)

    def _paced(self) -> None:
        """Has a round when the event loop has rested from those of all turns that share the pace."""
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
        first, second = (self._others, self._known) if self._others_next else (self._known, self._others)
        self._others_next = not self._others_next
        return first.next() or second.next()
