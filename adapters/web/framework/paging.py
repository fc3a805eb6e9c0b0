"""Pages of a list: the parameters of a page, and the cursor of the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query

from adapters.postgres.keys.key_file import KeyFile
from adapters.web.framework import cursor as cursors
from adapters.web.framework.query_runner import at_position
from adapters.web.framework.writing import Whole

LONGEST_CURSOR = 1000
LONGEST_PAGE = 500
PAGE_OF = "page of "
"""A part of what a cursor is sealed with, so that a cursor of another form, such as of an earlier version, is refused.
"""
Cursor = Annotated[
    str | None,
    Query(
        max_length=LONGEST_CURSOR,
        description="The `next` of the previous page, with the same parameters; omitted: the first page.",
    ),
]
Limit = Annotated[Whole, Query(ge=1, le=LONGEST_PAGE, description="How many, at most.")]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that a request names.

    `question`: the request's other parameters as text; a cursor is valid for the same question alone. `place`: the sort
    key of the last entry of the previous page; None: this is the first page. `as_of`: the moment of the answer; if the
    first page was as of now, the later pages are as of its position.
    """

    key_file: KeyFile
    question: str
    place: tuple[Any, ...] | None = None
    as_of: str | None = None

    @classmethod
    def of(cls, key_file: KeyFile, question: str, cursor: str | None, as_of: str | None = None) -> PageRequest:
        """Return the page at the cursor. Errors: CursorCannotBeRead."""
        if cursor is None:
            return cls(key_file, question, None, as_of)
        first_as_of, *place = cursors.opened(key_file, PAGE_OF + question, cursor)
        return cls(key_file, question, tuple(place), first_as_of)

    def next(self, place: Sequence[str] | None, position: int | None = None) -> str | None:
        """Return the cursor of the page after the place; None where there is no place: this is the last page.

        `position`: the log position that this page stands on, where all pages are of one moment.
        """
        if place is None:
            return None
        as_of = self.as_of if position is None else self.as_of or at_position(position)
        return cursors.sealed(self.key_file, PAGE_OF + self.question, [as_of, *place])
