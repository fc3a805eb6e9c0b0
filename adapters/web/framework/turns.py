"""Whose turn it is where more is asked than can be done at once: a few in each round, and each party in its turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

K = TypeVar("K")

KEYS_REMEMBERED = 4096


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
    """In which order things begin: so many in each round of the event loop, and each party in its turn.

    What waits of one party, however many connections it has, holds up that of another by one, not by all of it. Those
    whose key was good before have every other turn among themselves.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = self._left = at_once
        self._known, self._others = Ring(), Ring()
        self._due = self._others_next = False

    def begin(self, party: Party, start: Callable[[], None]) -> bool:
        """Calls `start`: now, where none waits and this round has places left, else when it is its turn. Returns
        whether that was now."""
        self._next_round()
        now = self._left > 0 and not self._waits()
        if now:
            self._left -= 1
            start()
        else:
            (self._known if party.is_known else self._others).add(party.name, start)
        return now

    def _waits(self) -> bool:
        return bool(self._known.waiting or self._others.waiting)

    def _next_round(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._round)

    def _round(self) -> None:
        self._due, self._left = False, self._at_once
        while self._left and (start := self._next()) is not None:
            self._left -= 1
            start()
        if self._waits():
            self._next_round()

    def _next(self) -> Callable[[], None] | None:
        first, second = (self._others, self._known) if self._others_next else (self._known, self._others)
        self._others_next = not self._others_next
        return first.next() or second.next()
