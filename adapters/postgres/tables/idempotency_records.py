"""What was answered to a request that carried an idempotency key, so that its repetition is answered alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.postgres.connections import Datastore


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """A kept answer. `request_hash` in hex; `position` None: the request had changed nothing."""

    request_hash: str
    response: Mapping[str, Any]
    position: int | None


class IdempotencyRecords:
    """The table `idempotency`, as far as it is not written by the append itself."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def find(self, key: str, now: datetime) -> IdempotencyRecord | None:
        """Return the answer kept under the key; None if there is none or it has expired."""
        with self._datastore.get_connection() as connection:
            row = connection.execute(
                "select encode(request_hash, 'hex') as request_hash, response, position"
                " from idempotency where key = %s and expires_at > %s",
                (key, now),
                prepare=True,
            ).fetchone()
        return None if row is None else IdempotencyRecord(**row)

    def forget_expired(self, now: datetime) -> int:
        """Free the keys of expired answers. Return how many there were."""
        with self._datastore.get_connection() as connection:
            return connection.execute("delete from idempotency where expires_at <= %s", (now,)).rowcount
