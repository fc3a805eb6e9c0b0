"""How far each consumer has come with what it reads elsewhere, as the log remembers it."""

from __future__ import annotations

from typing import Any

import psycopg


def reached(connection: psycopg.Connection[Any], consumer: str) -> int:
    """The number that the consumer's last committed append brought; 0 before the first."""
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        row = cursor.execute("select offset_id from consumer_offset where consumer = %s", (consumer,)).fetchone()
    return 0 if row is None else int(row[0])
