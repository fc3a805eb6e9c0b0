"""A refusal says which rule forbids a command, where in the command, and what to do about it."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import ClassVar


class Refused(Exception):
    """Base of all refusals. A rule is a subclass named as the sentence it says.

    Its docstring is the message: the first paragraph is `what` is wrong, the second `what_to_do`; `{names}` in
    them are filled from the keyword arguments, which stay readable as `named`. `where` is the command's field.
    Never put a personal value into a refusal: refusals are logged.
    """

    kind: ClassVar[str] = "refused"
    where: str = ""

    def __init__(self, **named: object) -> None:
        paragraphs = cleandoc(type(self).__doc__ or self.rule()).format(**named).split("\n\n")
        self.what, self.what_to_do = (" ".join(text.split()) for text in (*paragraphs, "")[:2])
        self.named = named
        self.where = str(named.get("field", self.where))
        super().__init__(f"{self.what} {self.what_to_do}".strip())

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
