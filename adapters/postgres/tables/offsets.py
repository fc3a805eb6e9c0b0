"""How far each consumer has come with what it reads elsewhere, as the log remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from adapters.postgres.connections import Datastore


def reached(connection: psycopg.Connection[Any], consumer: str) -> int:
    """Return the number that the consumer last committed; 0 before the first."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("select offset_id from consumer_offset where consumer = %s", (consumer,)).fetchone()
    return 0 if row is None else int(row[0])


class Offsets:
    """The table `consumer_offset`, as far as it is not written by the append itself."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def reached(self, consumer: str) -> int:
        """Returns the consumer's offset; 0 before the first."""
        with self._datastore.get_connection() as connection:
            return reached(connection, consumer)

    def advance(self, before: Mapping[str, int], reached: Mapping[str, int]) -> bool:
        """Moves the consumers' offsets together, if all still stand where they stood before; whether they did.

        Errors: ValueError for an offset that would fall.
        """
        if any(reached[consumer] < before[consumer] for consumer in before):
            raise ValueError(f"an offset never falls: {dict(before)} to {dict(reached)}")
        consumers = sorted(before)
        with self._datastore.get_connection() as connection, connection.transaction():
            connection.execute(
                "insert into consumer_offset (consumer, offset_id) select consumer, 0"
                " from unnest(%s::text[]) one (consumer) order by consumer on conflict do nothing",
                (consumers,),
            )
            with connection.cursor(row_factory=tuple_row) as cursor:
                rows = cursor.execute(
                    "select consumer, offset_id from consumer_offset where consumer = any(%s) order by consumer"
                    " for update",
                    (consumers,),
                ).fetchall()
            if dict(rows) != dict(before):
                return False
            connection.execute(
                "update consumer_offset set offset_id = moved.reached"
                " from unnest(%s::text[], %s::bigint[]) moved (consumer, reached)"
                " where consumer_offset.consumer = moved.consumer",
                (consumers, [reached[consumer] for consumer in consumers]),
            )
        return True
