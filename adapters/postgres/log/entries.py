"""How streams began: who recorded their first event, and which source it names."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from eventsourcing.postgres import PostgresDatastore

from adapters.access.ownership import Entry

_ENTRIES = """
    select stream_id, actor, clear ->> 'source' as source, clear ->> 'outside_source' as outside_source
    from event where stream_version = 1 and stream_id = any(%s)
"""


def entries_of(datastore: PostgresDatastore, streams: Collection[UUID]) -> dict[UUID, Entry]:
    """Return the entries of those streams that exist."""
    with datastore.pool.connection() as connection:
        rows = connection.execute(_ENTRIES, (list(streams),), prepare=True).fetchall()
    return {
        row["stream_id"]: Entry(row["actor"], frozenset(filter(None, (row["source"], row["outside_source"]))))
        for row in rows
    }
