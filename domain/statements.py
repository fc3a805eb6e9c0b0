"""The events that told of one profile: they grow without being copied, and are asked without being read over again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from domain.event import Event, Personal, Recorded
from domain.profile_facts import FactStatement, alike, holds_many

Key = tuple[str, str, Personal[str] | None]
"""A fact, who says it, and the value where several may be true at once."""


def key_of(fact: str, learned_from: str, value: Personal[str]) -> Key:
    """Return the key of the statements that together decide whether a source still states a value."""
    return fact, learned_from, alike(fact, value) if holds_many(fact) else None


class Statements:
    """Never changes: `plus` gives another one. Both then share a list, of which each sees its own beginning; what
    grows out of an older one is copied first."""

    __slots__ = ("_events", "_length", "_places", "_unplaced")

    def __init__(self) -> None:
        self._events: list[Recorded[Event]] = []
        self._places: dict[Key, list[tuple[int, FactStatement]]] = {}
        self._unplaced: list[tuple[int, Iterable[FactStatement]]] = []
        """Facts of events that no decision has needed yet: most decide nothing by the profile."""
        self._length = 0

    def plus(self, recorded: Recorded[Event], statements: Iterable[FactStatement]) -> Statements:
        """Return the statements after one more event, with those that the event makes."""
        grown = self._shared() if self._length and self._length == len(self._events) else self._copied()
        grown._events.append(recorded)
        grown._unplaced.append((self._length, statements))
        grown._length = self._length + 1
        return grown

    def of(self, fact: str, learned_from: str, value: str) -> list[FactStatement]:
        """Return all that decides whether the source still states this value, in the order in which we learned it."""
        self._place()
        numbered = self._places.get(key_of(fact, learned_from, value), [])
        return [statement for number, statement in numbered if number < self._length]

    def _place(self) -> None:
        for number, statements in self._unplaced:
            for statement in statements:
                key = key_of(statement.fact, statement.learned_from, statement.value)
                self._places.setdefault(key, []).append((number, statement))
        self._unplaced.clear()

    def _shared(self) -> Statements:
        other = Statements()
        other._events, other._places, other._unplaced = self._events, self._places, self._unplaced
        return other

    def _copied(self) -> Statements:
        """With lists of its own. The empty one, which all new states begin with, is never grown itself."""
        self._place()
        other = Statements()
        other._events = self._events[: self._length]
        for key, place in self._places.items():
            if seen := [numbered for numbered in place if numbered[0] < self._length]:
                other._places[key] = seen
        return other

    def __iter__(self) -> Iterator[Recorded[Event]]:
        return islice(self._events, self._length)

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Statements) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Telling({list(self)})"
