"""A command that must get in, such as a withdrawal, locks its streams after its first conflict and is tried again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from commands.log import ConcurrencyConflict, Log

R = TypeVar("R")


def takes_precedence(plan: Callable[[], Sequence[Any]]) -> bool:
    """Return whether a command of the plan must get in, however many others write about the person."""
    with suppress(Exception):  # a plan that cannot be made fails in its own attempt
        return any(command.takes_precedence for command in plan())
    return False


def attempt_first(
    log: Log, streams: Callable[[], Collection[UUID]], attempt: Callable[[], R], attempts: int
) -> R | ConcurrencyConflict:
    """Return the result of an attempt that no other append to its streams can come before.

    Versions are checked as ever. It can only conflict where the person gained a record or an address after `streams`
    looked up which streams to lock; then these are looked up and locked anew.
    """
    result: R | ConcurrencyConflict = ConcurrencyConflict()
    for _ in range(attempts):
        with log.precedence(streams()):
            result = attempt()
        if not isinstance(result, ConcurrencyConflict):
            break
    return result
