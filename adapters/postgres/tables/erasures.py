"""What of a person the database gives up on an erasure: keys, kept bodies, kept answers; and who asked for it when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from adapters.postgres.connections import Datastore
from commands.workflows.erase_person import Export
from domain.access import PeopleExported
from domain.candidate import CandidateErased, ErasureRequested

# The events of a request stand at the positions up to the one that its answer names.
FORGET_ANSWERS = b"""
update idempotency set request_hash = '', response = jsonb_build_object('erased', %(id)s::text)
where not response ? 'erased' and (response::text like %(like)s or exists (
    select from event
    where event.position between idempotency.position - jsonb_array_length(coalesce(response -> 'events', '[]')) + 1
                             and idempotency.position
          and (event.stream_id = %(record)s or event.people @> array[%(record)s::uuid]
               or event.clear::text like %(like)s)
))
"""


class Erasures:
    """What only the owner's functions may take away, and what the log says of erasures.

    Every function takes the records of one person, and may be called again: it then finds nothing left.
    Errors: the library's ProgrammingError, where the erasure of one of the records was not requested.
    """

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def unfinished(self) -> list[UUID]:
        """Records whose erasure was asked for and not completed, in the order of the requests."""
        with self._datastore.get_connection() as connection:
            rows = connection.execute(
                "select stream_id from event asked where type = %s and not exists"
                " (select from event done where done.stream_id = asked.stream_id and done.type = %s) order by position",
                (ErasureRequested.stored_name, CandidateErased.stored_name),
            ).fetchall()
        return [row["stream_id"] for row in rows]

    def oldest_unfinished(self) -> datetime | None:
        """Returns when the oldest erasure that is not completed was requested."""
        with self._datastore.get_connection() as connection:
            row = connection.execute(
                "select min(recorded_at) as at from event asked where type = %s and not exists"
                " (select from event done where done.stream_id = asked.stream_id and done.type = %s)",
                (ErasureRequested.stored_name, CandidateErased.stored_name),
            ).fetchone()
        return None if row is None else row["at"]

    def destroy_keys(self, records: Iterable[UUID]) -> int:
        """Destroy the keys of the records. Return how many were living."""
        return self._sum("select erase_key(%s)::integer as n", records)

    def empty_deliveries(self, records: Iterable[UUID]) -> int:
        """Empty the kept deliveries about the person. Return how many had their bodies."""
        return self._sum("select erase_deliveries(%s) as n", records)

    def destroy_searches(self, records: Iterable[UUID]) -> int:
        """Destroy the queries of the searches that found the person. Return how many were still readable."""
        return self._sum("select erase_searches(%s) as n", records)

    def asked_for(self, records: Iterable[UUID]) -> set[UUID]:
        """Return those of the records whose erasure was requested: a read model that still shows them lags behind."""
        with self._datastore.get_connection() as connection:
            rows = connection.execute(
                "select stream_id from event where stream_id = any(%s) and type = %s",
                (list(records), ErasureRequested.stored_name),
            ).fetchall()
        return {row["stream_id"] for row in rows}

    def forget_answers(self, records: Iterable[UUID]) -> int:
        """Forget the answers kept for repeated requests about a record of the person, and return how many. They name it
        in their ids or in what the request wrote. The key stays taken until it expires, with only the id of the erased
        record."""
        total = 0
        for record in records:
            named = {"record": record, "id": str(record), "like": f"%{record}%"}
            with self._datastore.get_connection() as connection:
                total += connection.execute(FORGET_ANSWERS, named).rowcount
        return total

    def exports_of(self, records: Iterable[UUID]) -> list[Export]:
        """Return the exports that contain anything of the person, the oldest first."""
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=class_row(Export)) as cursor,
        ):
            return cursor.execute(
                "select (clear ->> 'export')::uuid as export, clear ->> 'page' as page, recorded_at as at, actor as by,"
                " array(select jsonb_array_elements_text(clear -> 'holds')) as holds"
                " from event where type = %s and clear -> 'people' ?| %s order by position",
                (PeopleExported.stored_name, [str(record) for record in records]),
            ).fetchall()

    def _sum(self, query: str, records: Iterable[UUID]) -> int:
        """Return the sum of the query's answers for each record. Each is committed before the next."""
        total = 0
        for record in records:
            with self._datastore.get_connection() as connection:
                row = connection.execute(query.encode(), (record,)).fetchone()
                total += int(row["n"]) if row else 0
        return total
