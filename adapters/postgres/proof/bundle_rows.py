"""What a bundle is made of: the rows of a person or of a range with their leaf indexes, and what opens them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import LiteralString
from uuid import UUID

from eventsourcing.postgres import PostgresDatastore

from adapters.postgres.keys.sealing import PersonKey, Place, unsealed
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.recorder import keys_of
from adapters.postgres.proof.tree_rows import NEXT_ROWS, ROW, ROW_OF_EVENT, SignedCheckpoint, stored_row, stored_rows
from adapters.proof.bundle import Opened
from adapters.proof.leaf import StoredRow

AT_ONCE = 2000
"""Rows read in one round trip: what is made of them streams on."""
Indexed = tuple[int, StoredRow]

# Every record ever merged with the record, or with one of those: also where it was undone later.
EVER_MERGED: LiteralString = """
    with recursive person(record) as (
        select stream_id from event where stream_id = %(candidate)s and stream_version = 1 and type = any(%(entries)s)
        union
        select linked.record
        from person
        join event e on e.stream_id = person.record and e.type = any(%(merges)s) and e.position <= %(upto)s
        cross join lateral (values ((e.clear ->> 'survivor')::uuid), ((e.clear ->> 'absorbed')::uuid)) linked(record)
    )
    select record from person
"""
OF_STREAMS: LiteralString = f"""
    select {ROW}, (select leaf_index from leaf where leaf.position = event.position)
    from event where stream_id = any(%s) and position <= %s order by position
"""
PEOPLE_BETWEEN: LiteralString = """
    select distinct event.stream_id as record
    from event
    join event beginning on beginning.stream_id = event.stream_id and beginning.stream_version = 1
    where event.position > %s and event.position <= %s and beginning.type = any(%s)
"""
FIRST_AFTER: LiteralString = "select min(leaf_index) as first from leaf where position > %s"
LAST_POSITION: LiteralString = "select position from leaf where leaf_index = %s"
# The last of each day: enough to see that nothing was rewritten, and no more than a few thousand in ten years.
LAST_OF_EACH_DAY: LiteralString = """
    select distinct on (date_trunc('day', signed_at at time zone 'UTC')) size, note, signed_at
    from checkpoint where size < %s and size > 0
    order by date_trunc('day', signed_at at time zone 'UTC'), size desc
"""


class BundleRows:
    """Reads them; any role that reads the log may."""

    def __init__(self, datastore: PostgresDatastore) -> None:
        self._connection = datastore.pool.connection

    def ever_merged(self, candidate: UUID, entries: Sequence[str], merges: Sequence[str], upto: int) -> list[UUID]:
        """Return the records that were ever held to be the candidate's person; empty if there is no such candidate.

        `entries`, `merges`: the stored names of the events that make a candidate, and that merge two or part them.
        """
        values = {"candidate": candidate, "entries": list(entries), "merges": list(merges), "upto": upto}
        with self._connection() as connection:
            return [row["record"] for row in connection.execute(EVER_MERGED, values)]

    def of_streams(self, streams: Sequence[UUID], upto: int) -> list[Indexed]:
        """Return the events of these streams up to the position that have a leaf, in log order."""
        with self._connection() as connection:
            rows = stored_rows(connection, OF_STREAMS, (list(streams), upto))
        return [(row[-1], stored_row(row)) for row in rows if row[-1] is not None]

    def of_range(self, first: int, after: int, upto: int) -> Iterator[Indexed]:
        """Yield the events of after < position <= upto, whose leaf indexes begin with `first`."""
        while after < upto:
            with self._connection() as connection:
                rows = [stored_row(row) for row in stored_rows(connection, NEXT_ROWS, (after, upto, AT_ONCE))]
            if not rows:
                return
            yield from enumerate(rows, start=first)
            first, after = first + len(rows), rows[-1].position

    def people_between(self, after: int, upto: int, entries: Sequence[str]) -> list[UUID]:
        """Return the candidates that have an event of after < position <= upto. `entries`: as in `ever_merged`."""
        with self._connection() as connection:
            rows = connection.execute(PEOPLE_BETWEEN, (after, upto, list(entries))).fetchall()
        return [row["record"] for row in rows]

    def of_event(self, event: UUID) -> tuple[int | None, StoredRow] | None:
        """Return the event's leaf index (None until it has one) and its row; None if the log has no such event."""
        with self._connection() as connection:
            rows = stored_rows(connection, ROW_OF_EVENT, (event,))
        return (rows[0][-1], stored_row(rows[0])) if rows else None

    def first_after(self, position: int) -> int | None:
        """Return the index of the first leaf after the position; None if there is none yet."""
        return self._number(FIRST_AFTER, position)

    def last_position(self, size: int) -> int:
        """Return the position of the last leaf of a tree of that size."""
        number = self._number(LAST_POSITION, size - 1)
        return 0 if number is None else number

    def checkpoints_before(self, size: int) -> list[SignedCheckpoint]:
        """Return the last smaller checkpoint of each day, in order of their sizes."""
        with self._connection() as connection:
            rows = connection.execute(LAST_OF_EACH_DAY, (size,)).fetchall()
        return sorted((SignedCheckpoint(**row) for row in rows), key=lambda checkpoint: checkpoint.size)

    def _number(self, query: LiteralString, value: int) -> int | None:
        with self._connection() as connection:
            row = connection.execute(query, (value,)).fetchone()
        number: int | None = None if row is None else next(iter(row.values()))
        return number


class Opening:
    """Lays sealed parts open as far as their people's keys live: salt and text, which hash to the commitment."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def opened(self, row: StoredRow, of: Iterable[str] | None = None) -> list[Opened]:
        """Return the parts of an event that can be opened; `of`: of these people alone. Errors: SealIsBroken."""
        parts: Sequence[Mapping[str, str]] = json.loads(row.state)
        wanted = [part for part in parts if of is None or part["person"] in of]
        if not wanted:
            return []
        with self._log.recorder.datastore.pool.connection() as connection:
            keys = keys_of(connection, {UUID(part["person"]) for part in wanted})
        opened = [self._opened(row, part, keys.get(UUID(part["person"]))) for part in wanted]
        return [opened_part for opened_part in opened if opened_part is not None]

    def _opened(self, row: StoredRow, part: Mapping[str, str], key: PersonKey | None) -> Opened | None:
        if key is None or str(key.key_id) != part["key"]:
            return None
        cipher = self._log.mapper.keyring.cipher(key)
        if cipher is None:
            return None
        place = Place(self._log.mapper.origin, UUID(row.stream), row.version, row.type)
        salt, text = unsealed(place, part, cipher)
        return Opened(part["person"], part["group"], salt, text.decode())
