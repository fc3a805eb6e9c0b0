"""Codes are the short written names that may stand in clear: sources, stages, reasons, channels, kinds.

A code that was made of a text knows that text, which is never clear: the log seals it with the event.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from domain.errors import Invalid
from domain.event import Personal


@dataclass(frozen=True, slots=True)
class Written:
    """How a text field must be written; `pattern` is a regular expression that the whole text matches.

    `fits` gives a match where a text is written so, else None.
    """

    pattern: str
    example: str
    fits: Callable[[str], re.Match[str] | None] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", re.compile(self.pattern).fullmatch)


CODE = Written(pattern="^[a-z0-9][a-z0-9._-]{0,63}$", example="career-site")
SHA256 = Written(pattern="^[0-9a-f]{64}$", example="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")

Code = Annotated[str, CODE]
"""1 to 64 of a-z 0-9 . _ - beginning with a letter or digit; 'unknown' where it is not known."""

HOW = Written(pattern=r"^(stated|unknown|derived\.[a-z0-9._]{1,56})$", example="stated")

How = Annotated[str, HOW]
"""How a time is known: 'stated' by the sender, 'derived.' from a named field of theirs, or 'unknown'."""

Sha256 = Annotated[str, SHA256]
"""A SHA-256 in 64 lower-case hexadecimal digits."""

UNKNOWN = "unknown"


class Spelled(str):
    """A code that was made of a text, and that text: 'c-plus-plus-developer' of 'C++ Developer'.

    Comparisons, counts and writes see the code alone. The log keeps the code in clear and seals
    the text with the event; once the key is gone, the text is ERASED.
    """

    __slots__ = ("text",)
    text: Personal[str]

    def __new__(cls, code: str, text: Personal[str]) -> Spelled:
        made = super().__new__(cls, code)
        made.text = text
        return made

    def __reduce__(self) -> tuple[type[Spelled], tuple[str, Personal[str]]]:
        return Spelled, (str(self), self.text)


def text_of(code: str | None) -> Personal[str | None]:
    """Return the text that the code was made of; None where it came as a code."""
    return code.text if isinstance(code, Spelled) else None


class TextIsWrittenWrongly(Invalid):
    """Invalid format

    The field '{field}' does not match {pattern}.

    Write it like '{example}'; free text belongs in a note.
    """


def require_written(text: str, written: Written, field: str) -> None:
    """Raises TextIsWrittenWrongly, naming the field and not the text, which may be a name."""
    if written.fits(text) is None:
        raise TextIsWrittenWrongly(field=field, pattern=written.pattern, example=written.example)
