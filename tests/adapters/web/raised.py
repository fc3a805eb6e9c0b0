"""Which errors a function may raise: those that its code, and the code it calls, names where it raises."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dis import Instruction, get_instructions
from functools import cache
from inspect import isfunction, unwrap
from types import CodeType
from typing import Any
from uuid import UUID

from commands.verb import Verb

ROOMS = ("domain", "commands", "queries", "projections")


def raised_by(verb: Verb) -> frozenset[type[Exception]]:
    """Return what the decision and the construction of the command may raise."""
    states = tuple(type(load.aggregate.start(UUID(int=0))) for load in verb.loads)
    return raised_in((verb.decide, getattr(verb.command, "__post_init__", None)), states)


@cache
def raised_in(
    functions: tuple[Any, ...], classes: tuple[type, ...] = (), rooms: Collection[str] = ROOMS
) -> frozenset[type[Exception]]:
    """Return the errors that the functions raise, or what they call in these rooms; methods are those of `classes`.

    An error that is only compared with does not count: the function that names it must raise, or call what raises.
    """
    methods = [vars(owner) for owner in classes]
    waiting, seen, errors = [(function, False) for function in functions], set(), set()
    while waiting:
        candidate, in_raising = waiting.pop()
        function = function_behind(candidate, rooms)
        if function is None or (function, in_raising) in seen:
            continue
        seen.add((function, in_raising))
        raising = in_raising or any(step.opname == "RAISE_VARARGS" for step in steps_in(function.__code__))
        for name in {str(step.argval) for step in steps_in(function.__code__)}:
            named = function.__globals__.get(name)
            if raising:
                errors.update(errors_among(named))
            waiting += [(callee, raising) for callee in (named, *(own[name] for own in methods if name in own))]
    return frozenset(errors)


def errors_among(named: Any) -> set[type[Exception]]:
    """Return the error classes that a global name stands for: one, or several in a table."""
    several = named.values() if isinstance(named, Mapping) else named if isinstance(named, tuple) else (named,)
    return {value for value in several if isinstance(value, type) and issubclass(value, Exception)}


def function_behind(candidate: Any, rooms: Collection[str]) -> Any:
    """Return the function of one of the rooms; None where the candidate is something else."""
    if isinstance(candidate, property):
        candidate = candidate.fget
    candidate = unwrap(candidate) if callable(candidate) else None
    return candidate if isfunction(candidate) and candidate.__module__.startswith(tuple(rooms)) else None


def steps_in(code: CodeType) -> Iterator[Instruction]:
    """Yield every step of the code, and of the functions inside it."""
    yield from get_instructions(code)
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from steps_in(part)
