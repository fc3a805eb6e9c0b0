"""What outside systems sent us and we kept whole: read again when we have learned to understand more of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row, tuple_row

from adapters.postgres.connections import Datastore
from commands.attached import Statement

PAGE = 200
NEWER_DELIVERIES = """
select delivery_id, body, array_agg(stream) as streams, array_agg(what) as whats
from unnest(%(streams)s::uuid[], %(whats)s::text[], %(ats)s::timestamptz[]) changed(stream, what, at)
cross join lateral (
    select s.at as stated_at, s.delivery_id from delivery_statement s
    where s.stream_id = changed.stream and s.what = changed.what and s.source = %(source)s and s.at > changed.at
    order by s.at, s.delivery_id limit 1) newer
join delivery using (delivery_id)
where source = %(source)s and outcome = 'applied' and body <> ''
group by source, delivery_id, body
order by min(stated_at), delivery_id
"""


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """A delivery as it stands: 'applied', 'waiting' or 'kept' (and why); `body` is sealed, empty where its person was
    erased."""

    source: str
    delivery_id: str
    received_at: datetime
    outcome: str
    reason: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class WaitingDelivery:
    """A delivery that came before its cause, which will appear in the stream `waits_for`. `body` is sealed."""

    source: str
    delivery_id: str
    action: str
    reason: str
    body: bytes
    subject: UUID | None
    waits_for: UUID | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryToFetch:
    """A delivery that a worker has taken to fetch for; `fetch_tries` counts this time. `body` is sealed."""

    source: str
    delivery_id: str
    action: str
    reason: str
    body: bytes
    subject: UUID | None
    waits_for: UUID | None
    received_at: datetime
    fetch_tries: int

    def fetched(self, body: bytes) -> WaitingDelivery:
        """Return the delivery as one that waits no longer for its fetch; `body` is sealed."""
        return WaitingDelivery(
            self.source, self.delivery_id, self.action, self.reason, body, self.subject, None, self.received_at
        )


@dataclass(frozen=True, slots=True)
class KnownDelivery:
    """A delivery that came before; `fingerprint` None: what it said is not to be recognised."""

    delivery_id: str
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class SubjectDelivery:
    """A delivery about a subject that was applied or waits: what it is, and the time that it gives itself."""

    subject: UUID
    delivery_id: str
    action: str
    outcome: str
    told_at: datetime
    position: int | None = None


@dataclass(frozen=True, slots=True)
class NewerDelivery:
    """The next newer delivery about what an older one changes: of which streams, and what it states of each."""

    delivery_id: str
    body: bytes
    streams: list[UUID]
    whats: list[str]


def columns_of(statements: Sequence[Statement]) -> tuple[list[UUID], list[str], list[datetime]]:
    return (
        [statement.stream for statement in statements],
        [statement.what for statement in statements],
        [statement.at for statement in statements],
    )


GROWN = (
    "exists (select from event where stream_id = waits_for"
    " and recorded_at > coalesce(tried_at, received_at) - interval '10 seconds')"
)
"""The stream in which a waiting delivery's cause will appear has grown since the delivery was last read."""


class Deliveries:
    """The table `delivery`, as far as it is not written by the append itself."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def count(self, source: str) -> int:
        with self._datastore.get_connection() as connection:
            row = connection.execute("select count(*) as n from delivery where source = %s", (source,)).fetchone()
        return int(row["n"]) if row else 0

    def known(self, source: str, delivery_id: str, fingerprint: str | None) -> list[KnownDelivery]:
        """Return the deliveries that came under this id or have this fingerprint."""
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=class_row(KnownDelivery)) as cursor,
        ):
            return cursor.execute(
                "select delivery_id, fingerprint from delivery"
                " where source = %(source)s and (delivery_id = %(id)s or fingerprint = %(fingerprint)s)",
                {"source": source, "id": delivery_id, "fingerprint": fingerprint},
            ).fetchall()

    def waiting_for(self, streams: Collection[UUID]) -> list[WaitingDelivery]:
        """Return the deliveries whose cause may have appeared in one of the streams, in the order of the times that
        they give."""
        return self._waiting("waits_for = any(%s)", list(streams))

    def left_waiting(self, most: int) -> list[WaitingDelivery]:
        """Return the waiting deliveries whose cause's stream has grown since they were last read, least recently read
        first."""
        return self._waiting(GROWN, order="coalesce(tried_at, received_at)", most=most)

    def seconds_left_waiting(self) -> float:
        """Returns for how long the first of them has waited since it was received or last read; 0: there is none."""
        with self._datastore.get_connection() as connection:
            row = connection.execute(
                "select extract(epoch from clock_timestamp() - min(coalesce(tried_at, received_at)))::float8 as seconds"
                f" from delivery where outcome = 'waiting' and {GROWN}".encode()
            ).fetchone()
        return float(row["seconds"] or 0.0) if row else 0.0

    def many_wait(self, waits_for: UUID, most_for_one: int, most: int) -> bool:
        """Return whether no more deliveries may wait, for this stream or in all."""
        with self._datastore.get_connection() as connection:
            row = connection.execute(
                "select (select count(*) from (select from delivery where outcome = 'waiting' and waits_for = %s"
                " limit %s) of_it) as of_one, (select count(*) from (select from delivery where outcome = 'waiting'"
                " limit %s) of_any) as of_all",
                (waits_for, most_for_one, most),
            ).fetchone()
        return row is not None and (row["of_one"] >= most_for_one or row["of_all"] >= most)

    def of_subject(self, subject: UUID, actions: Collection[str]) -> list[SubjectDelivery]:
        """Return the deliveries about the subject that were applied or wait, of these actions, by the times that they
        give."""
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=class_row(SubjectDelivery)) as cursor,
        ):
            return cursor.execute(
                "select subject, delivery_id, action, outcome, told_at, position from delivery"
                " where subject = %s and action = any(%s) and outcome in ('applied', 'waiting')"
                "   and told_at is not null order by told_at, delivery_id",
                (subject, list(actions)),
            ).fetchall()

    def people_of(self, subject: UUID) -> list[tuple[datetime, UUID]]:
        """Return whom the applied deliveries about a subject name, with the times of the deliveries."""
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            return cursor.execute(
                "select told_at, people[1] from delivery"
                " where subject = %s and outcome = 'applied' and told_at is not null and people[1] is not null",
                (subject,),
            ).fetchall()

    def statements_of(self, source: str, stream: UUID, whats: Collection[str]) -> list[Statement]:
        """Return what the applied deliveries of a source state of a stream, of these values, the oldest first."""
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=class_row(Statement)) as cursor,
        ):
            return cursor.execute(
                "select stream_id as stream, what, at from delivery_statement"
                " where stream_id = %s and what = any(%s) and source = %s order by at, what",
                (stream, list(whats), source),
            ).fetchall()

    def newer_deliveries(self, source: str, changes: Sequence[Statement]) -> list[NewerDelivery]:
        """Return, for each change, the next newer applied delivery that states the same, the oldest first."""
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=class_row(NewerDelivery)) as cursor,
        ):
            streams, whats, ats = columns_of(changes)
            named = {"source": source, "streams": streams, "whats": whats, "ats": ats}
            return cursor.execute(NEWER_DELIVERIES, named).fetchall()

    def add_statements(self, delivery: KeptDelivery, statements: Sequence[Statement]) -> None:
        """Store what an applied delivery states or confirms, as the append does for a new one."""
        if statements:
            with self._datastore.get_connection() as connection:
                connection.execute(
                    "insert into delivery_statement (stream_id, what, at, source, delivery_id)"
                    " select stream, what, at, %s, %s"
                    " from unnest(%s::uuid[], %s::text[], %s::timestamptz[]) statement(stream, what, at)"
                    " on conflict do nothing",
                    (delivery.source, delivery.delivery_id, *columns_of(statements)),
                )

    def tried(self, delivery: WaitingDelivery, reason: str, waits_for: UUID) -> None:
        """Writes down for what a delivery waits that was read again."""
        with self._datastore.get_connection() as connection:
            connection.execute(
                "update delivery set reason = %s, waits_for = %s, tried_at = clock_timestamp(), fetch_after = null"
                " where source = %s and delivery_id = %s and outcome = 'waiting'",
                (reason, waits_for, delivery.source, delivery.delivery_id),
            )

    def take_to_fetch(self, sources: Collection[str], most: int, lease: timedelta) -> list[DeliveryToFetch]:
        """Take deliveries of these sources that are due, for as long as the lease; no other worker takes them then."""
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=class_row(DeliveryToFetch)) as cursor,
        ):
            return cursor.execute(
                "update delivery set fetch_after = clock_timestamp() + %s, fetch_tries = fetch_tries + 1"
                " where (source, delivery_id) in (select source, delivery_id from delivery"
                "   where outcome = 'waiting' and fetch_after <= clock_timestamp() and source = any(%s) and body <> ''"
                "   order by fetch_after limit %s for update skip locked)"
                " returning source, delivery_id, action, reason, body, subject, waits_for, received_at, fetch_tries",
                (lease, list(sources), most),
            ).fetchall()

    def seconds_to_fetch(self, sources: Collection[str]) -> float:
        """Return for how long a delivery of these sources has been due to be fetched for; 0: none is due."""
        with self._datastore.get_connection() as connection:
            row = connection.execute(
                "select extract(epoch from clock_timestamp() - min(fetch_after))::float8 as seconds from delivery"
                " where outcome = 'waiting' and fetch_after <= clock_timestamp() and source = any(%s) and body <> ''",
                (list(sources),),
            ).fetchone()
        return float(row["seconds"] or 0.0) if row else 0.0

    def keep_fetched(self, delivery: DeliveryToFetch, person: UUID, sealed: bytes) -> bool:
        """Store a delivery with what was fetched for it. Return False where it was emptied or settled meanwhile."""
        with self._datastore.get_connection() as connection:
            row = connection.execute(
                "select keep_fetched_delivery(%s, %s, %s, %s) as kept",
                (delivery.source, delivery.delivery_id, [person], sealed),
            ).fetchone()
        return row is not None and bool(row["kept"])

    def fetch_later(self, delivery: DeliveryToFetch, pause: timedelta) -> None:
        """Have a delivery fetched for again after a pause."""
        with self._datastore.get_connection() as connection:
            connection.execute(
                "update delivery set fetch_after = clock_timestamp() + %s"
                " where source = %s and delivery_id = %s and outcome = 'waiting'",
                (pause, delivery.source, delivery.delivery_id),
            )

    def give_up_fetching(self, delivery: DeliveryToFetch, reason: str) -> None:
        """Keep a delivery that cannot be fetched for, with the reason."""
        with self._datastore.get_connection() as connection:
            connection.execute(
                "update delivery set outcome = 'kept', reason = %s, fetch_after = null"
                " where source = %s and delivery_id = %s and outcome = 'waiting'",
                (reason, delivery.source, delivery.delivery_id),
            )

    def fetch_again(self, delivery: KeptDelivery, reason: str) -> None:
        """Have a delivery that is kept fetched for once more."""
        with self._datastore.get_connection() as connection:
            connection.execute(
                "update delivery set outcome = 'waiting', reason = %s, fetch_after = clock_timestamp(), fetch_tries = 0"
                " where source = %s and delivery_id = %s and outcome = 'kept' and body <> ''",
                (reason, delivery.source, delivery.delivery_id),
            )

    def _waiting(
        self, condition: str, *values: object, order: str = "told_at", most: int | None = None
    ) -> list[WaitingDelivery]:
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=class_row(WaitingDelivery)) as cursor,
        ):
            return cursor.execute(
                "select source, delivery_id, action, reason, body, subject, waits_for, received_at from delivery"
                f" where outcome = 'waiting' and {condition}"
                f" order by {order} nulls last, received_at, delivery_id limit %s".encode(),
                (*values, most),
            ).fetchall()

    def in_order(self, source: str) -> Iterator[KeptDelivery]:
        """Yield all deliveries of the source in the order in which they came, read page by page."""
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
