"""A refusal says which rule forbids a command, where in the command, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import cleandoc
from types import MappingProxyType
from typing import Any, ClassVar, Self
from uuid import UUID

from domain.event import Event


class Refused(Exception):
    """Base of all refusals. A rule is a subclass named as the sentence it says.

    Its docstring is the message: the first paragraph is `what` is wrong, the second `what_to_do`; `{names}` in
    them are filled from the keyword arguments, which stay readable as `named`. `where` is the command's field.
    Never put a personal value into a refusal: refusals are logged.

    `command`: what was refused, None where it never became a command.
    `leaves`: what is recorded although the command is refused, per stream; of nearly every refusal nothing is.
    """

    kind: ClassVar[str] = "refused"
    where: str = ""
    command: object | None = None
    leaves: Mapping[UUID, Sequence[Event]] = MappingProxyType({})

    def __init__(self, **named: object) -> None:
        made_as: Any = type(self)
        self.what, self.what_to_do = (text.format(**named) for text in paragraphs(made_as))
        self.named = named
        self.where = str(named.get("field", self.where))
        super().__init__(f"{self.what} {self.what_to_do}".strip())

    def leaving(self, events: Mapping[UUID, Sequence[Event]]) -> Self:
        """The same refusal, of which these events are recorded."""
        self.leaves = events
        return self

    @classmethod
    def rule(cls) -> str:
        """The rule's name as a code, stable over releases: ConsentIsMissing -> consent-is-missing."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()


class NotFound(Refused):
    """The command names something that the log does not know."""

    kind = "not-found"


class Conflict(Refused):
    """The command is well formed, and what has happened so far forbids it."""

    kind = "conflict"


class Invalid(Refused):
    """The command carries a value that can never be right."""

    kind = "invalid"


@cache
def paragraphs(refusal: type[Refused]) -> tuple[str, str]:
    """What the docstring says is wrong, and what to do, each in one line; names in braces are still to be filled in."""
    found = cleandoc(refusal.__doc__ or refusal.rule()).split("\n\n")
    what, what_to_do = (" ".join(text.split()) for text in (*found, "")[:2])
    return what, what_to_do
