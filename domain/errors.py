"""Errors for the author of a request and for operators: a title, what happened, and what to do now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from types import MappingProxyType
from typing import ClassVar, Self
from uuid import UUID

from domain.event import Event


class ExplainedError(Exception):
    """Base of all errors that are shown to the author of a request or to an operator.

    The docstring of a subclass is its message, in three paragraphs: the title (a noun phrase), what happened (`what`)
    and what to do now (`what_to_do`). `{names}` in the last two are filled from the keyword arguments, which stay
    readable as `named`. Never put a personal value into a message: messages are logged.
    """

    def __init__(self, **named: object) -> None:
        message = message_of(type(self))
        self.what, self.what_to_do = message.what.format(**named), message.what_to_do.format(**named)
        self.named = named
        super().__init__(f"{self.what} {self.what_to_do}")


class Refused(ExplainedError):
    """Refused command

    A rule forbids the command. A rule is a subclass named as the sentence it says; `where` is the command's field.
    `command`: what was refused, None where it never became a command.
    `leaves`: what is recorded although the command is refused, per stream; of nearly every refusal nothing is.

    Correct the request.
    """

    kind: ClassVar[str] = "refused"
    where: str = ""
    command: object | None = None
    leaves: Mapping[UUID, Sequence[Event]] = MappingProxyType({})

    def __init__(self, **named: object) -> None:
        super().__init__(**named)
        self.where = str(named.get("field", self.where))

    def leaving(self, events: Mapping[UUID, Sequence[Event]]) -> Self:
        """Return the same refusal, with the events that are recorded all the same."""
        self.leaves = events
        return self

    @classmethod
    def rule(cls) -> str:
        """Return the rule's name as a code, stable over releases: ConsentIsMissing -> consent-is-missing.

        A class that was renamed keeps its code in `stored_rule`, as the code stands in stored deliveries.
        """
        stored: str | None = cls.__dict__.get("stored_rule")
        return stored or re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()


class NotFound(Refused):
    """Not found

    The command names something that the log does not hold.

    Check the id.
    """

    kind = "not-found"


class Conflict(Refused):
    """Conflict with the present state

    The command is well formed, but what has happened so far forbids it.

    Read the present state first.
    """

    kind = "conflict"


class Invalid(Refused):
    """Invalid value

    The command has a value that can never be right.

    Correct the value.
    """

    kind = "invalid"


@dataclass(frozen=True, slots=True)
class Message:
    """What an error says, each in one line; names in braces are still to be filled in."""

    title: str
    what: str
    what_to_do: str


def message_of(error: type[BaseException]) -> Message:
    """Return the three paragraphs of an error's docstring."""
    paragraphs = [" ".join(text.split()) for text in cleandoc(error.__doc__ or "").split("\n\n")]
    if len(paragraphs) != 3:
        raise TypeError(f"the docstring of {error.__name__} is not a title, what happened and what to do now")
    return Message(*paragraphs)
