"""What outside systems sent us and we kept whole: read again when we have learned to understand more of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import psycopg
from psycopg.rows import DictRow, class_row

PAGE = 200


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """A delivery as it stands: 'applied' or 'kept' (and why); `body` is sealed, empty where its person was erased."""

    source: str
    delivery_id: str
    received_at: datetime
    outcome: str
    reason: str | None
    body: bytes


class Connecting(Protocol):
    def get_connection(self) -> AbstractContextManager[psycopg.Connection[DictRow]]: ...


class Deliveries:
    """The table `delivery`, as far as it is not written by the append itself."""

    def __init__(self, datastore: Connecting) -> None:
        self._datastore = datastore

    def count(self, source: str) -> int:
        with self._datastore.get_connection() as connection:
            row = connection.execute("select count(*) as n from delivery where source = %s", (source,)).fetchone()
        return int(row["n"]) if row else 0

    def in_order(self, source: str) -> Iterator[KeptDelivery]:
        """All deliveries of the source in the order in which they came, read page by page."""
        after: tuple[datetime, str] | None = None
        while page := self._page(source, after):
            yield from page
            after = page[-1].received_at, page[-1].delivery_id

    def settle(self, delivery: KeptDelivery, outcome: str, reason: str | None, position: int | None) -> None:
        """Writes down what became of a delivery that was read again; a position of None leaves the earlier one."""
        with self._datastore.get_connection() as connection:
            connection.execute(
                "update delivery set outcome = %s, reason = %s, position = coalesce(%s, position)"
                " where source = %s and delivery_id = %s",
                (outcome, reason, position, delivery.source, delivery.delivery_id),
            )

    def _page(self, source: str, after: tuple[datetime, str] | None) -> list[KeptDelivery]:
        moment, delivery_id = after or (None, None)
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=class_row(KeptDelivery)) as cursor,
        ):
            return cursor.execute(
                "select source, delivery_id, received_at, outcome, reason, body from delivery"
                " where source = %(source)s and (%(moment)s::timestamptz is null"
                "   or (received_at, delivery_id) > (%(moment)s, %(delivery)s))"
                " order by received_at, delivery_id limit %(page)s",
                {"source": source, "moment": moment, "delivery": delivery_id, "page": PAGE},
            ).fetchall()
