"""Which rules may refuse a command or a question: those that its code, and the code it calls, names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dis import Instruction, get_instructions
from functools import cache
from inspect import isfunction, unwrap
from types import CodeType
from typing import Any
from uuid import UUID

from commands.verb import Verb

ROOMS = ("domain", "commands", "queries", "projections")


def rules_of_verb(verb: Verb) -> frozenset[type[Exception]]:
    """What the decision and the making of the command may raise."""
    states = tuple(type(load.aggregate.start(UUID(int=0))) for load in verb.loads)
    return errors_in((verb.decide, getattr(verb.command, "__post_init__", None)), states)


@cache
def errors_in(functions: tuple[Any, ...], states: tuple[type, ...] = ()) -> frozenset[type[Exception]]:
    """The errors that the functions, or what they call in our rooms, raise; methods are looked for among `states`.

    A refusal that is only looked at is none: an error counts where it is raised, or where one who raises calls.
    """
    methods = [vars(state) for state in states]
    waiting, seen, found = [(one, False) for one in functions], set(), set()
    while waiting:
        thing, in_raising = waiting.pop()
        function = function_behind(thing)
        if function is None or (function, in_raising) in seen:
            continue
        seen.add((function, in_raising))
        raising = in_raising or any(step.opname == "RAISE_VARARGS" for step in steps_in(function.__code__))
        for name in {str(step.argval) for step in steps_in(function.__code__)}:
            named = function.__globals__.get(name)
            if raising:
                found.update(errors_among(named))
            waiting += [(one, raising) for one in (named, *(own[name] for own in methods if name in own))]
    return frozenset(found)


def errors_among(named: Any) -> set[type[Exception]]:
    """The error classes that a global name stands for: one, or several in a table."""
    several = named.values() if isinstance(named, Mapping) else named if isinstance(named, tuple) else (named,)
    return {one for one in several if isinstance(one, type) and issubclass(one, Exception)}


def function_behind(thing: Any) -> Any:
    """The function that a thing of our rooms is; None where it is something else."""
    if isinstance(thing, property):
        thing = thing.fget
    thing = unwrap(thing) if callable(thing) else None
    return thing if isfunction(thing) and thing.__module__.split(".")[0] in ROOMS else None


def steps_in(code: CodeType) -> Iterator[Instruction]:
    """Every step of the code, and of the functions inside it."""
    yield from get_instructions(code)
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from steps_in(part)
