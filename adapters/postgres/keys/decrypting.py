"""Opens what was sealed for the people in a batch of events, for a read model that has to have it in plain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, tuple_row

from adapters.intake.addresses import AddressReader
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.keys.sealing import Keyring
from adapters.postgres.log.mapper import SealingMapper
from adapters.postgres.log.recorder import with_keys
from domain.catalogue import EVENTS, UPCASTS
from domain.event import Recorded
from projections.read_model import Opens

_SEALED = """
    select position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, recorded_at, actor,
           causation_id, correlation_id, clear::text as clear, people, state
    from event
    where position > %s and position <= %s and type = any (%s) and not stream_id = any (%s::uuid[])
    order by position
"""


class Opener:
    """Opens events with the keys of one key file. One query for a batch's events, one for the keys of its people.

    An opened value goes into the rows that it is asked for, and nowhere else.
    """

    def __init__(self, key_file: KeyFile) -> None:
        self._key_file = key_file
        self._keyring = Keyring(key_file)
        self._made: tuple[SealingMapper, AddressReader] | None = None
        self._lock = Lock()

    def __call__(
        self, connection: psycopg.Connection[Any], opens: Opens, after: int, upto: int, parked: Sequence[UUID]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that `opens` makes of the events of after < position <= upto. Errors: SealIsBroken."""
        mapper, reader = self._mapper_of(connection)
        cursor = psycopg.Cursor(connection, row_factory=dict_row)
        parameters = (after, upto, mapper.names_of(opens.types), list(parked))
        rows = cursor.execute(_SEALED.encode(), parameters, binary=True).fetchall()
        for stored in with_keys(connection, rows):
            yield from opens.rows(cast("Recorded[Any]", mapper.to_domain_event(stored)), reader.blinds)

    def _mapper_of(self, connection: psycopg.Connection[Any]) -> tuple[SealingMapper, AddressReader]:
        with self._lock:
            if self._made is None:
                cursor = psycopg.Cursor(connection, row_factory=tuple_row)
                origin, region = cursor.execute("select origin, phone_region from log").fetchone() or ("", None)
                mapper = SealingMapper(str(origin), self._keyring, EVENTS, UPCASTS)
                self._made = mapper, AddressReader(self._key_file, region)
            return self._made
