"""Where a person is named outside their own records: whose streams those are, and what others sent about them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import class_row

from adapters.postgres.connections import Datastore
from projections.applications import APPLICATIONS
from projections.referrals import REFERRALS
from queries.subject_access import SentAbout

_NAMING = f"""
with own as (
    select distinct application as stream from {APPLICATIONS.schema}.step where candidate = any (%(records)s)
), referred as (
    select referral as stream from {REFERRALS.schema}.referral where referrer = any (%(records)s)
    union
    select referral from {REFERRALS.schema}.turn where application in (select stream from own)
), sealed as (
    select stream_id as stream from event
    where people && %(records)s and (cardinality(people) > 1 or people[1] is distinct from stream_id)
)
select stream from own union select stream from referred union select stream from sealed
except select unnest(%(records)s::uuid[])
order by stream
"""


class Subjects:
    """What the database holds about the records of one person, beside the streams that are theirs."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def streams_naming(self, records: Sequence[UUID]) -> list[UUID]:
        """Their applications, the referrals they made or came by, and whatever says something sealed for them."""
        with self._datastore.get_connection() as connection:
            rows = connection.execute(_NAMING.encode(), {"records": list(records)}).fetchall()
        return [row["stream"] for row in rows]

    def deliveries(self, records: Sequence[UUID]) -> list[SentAbout]:
        """In the order in which they came."""
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=class_row(SentAbout)) as cursor,
        ):
            return cursor.execute(
                "select source, delivery_id, received_at, action, outcome, reason, body from delivery"
                " where people && %s order by received_at, source, delivery_id",
                (list(records),),
            ).fetchall()
