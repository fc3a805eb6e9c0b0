"""A question about the history ends after a while, whether it is answered or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from psycopg.errors import QueryCanceled

from domain.errors import ExplainedError

LONGEST_SECONDS = 60


class QuestionTakesTooLong(ExplainedError):
    """Query timed out

    The query took longer than a minute.

    Ask for a shorter period, or send it again when the load is lower.
    """


@contextmanager
def bounded_reading(
    connect: Callable[[], AbstractContextManager[psycopg.Connection[Any]]], seconds: float = LONGEST_SECONDS
) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection in a transaction each of whose statements may take so long. Errors: QuestionTakesTooLong."""
    try:
        with connect() as connection, connection.transaction():
            connection.execute("select set_config('statement_timeout', %s, true)", (f"{seconds * 1000:.0f}",))
            yield connection
    except QueryCanceled:
        raise QuestionTakesTooLong from None
