"""Secrets that vendors handed over at run time, sealed, and the handshakes that are open for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.postgres.connections import Datastore


@dataclass(frozen=True, slots=True)
class LearnedSecrets:
    """The table `learned_secret`: a secret is stored once, while its handshake is open, and never replaced."""

    datastore: Datastore

    def open(self, source: str, closes_at: datetime) -> bool:
        """Open a handshake until that time. Return False where there is a secret already."""
        with self.datastore.get_connection() as connection:
            return bool(
                connection.execute(
                    "insert into learned_secret (source, closes_at) values (%s, %s) on conflict (source) do update"
                    " set closes_at = excluded.closes_at where learned_secret.sealed is null",
                    (source, closes_at),
                ).rowcount
            )

    def learn(self, source: str, sealed: bytes, now: datetime) -> bool:
        """Store the secret and close the handshake. Return False where none is open at that time."""
        with self.datastore.get_connection() as connection:
            return bool(
                connection.execute(
                    "update learned_secret set sealed = %s, learned_at = %s"
                    " where source = %s and sealed is null and closes_at > %s",
                    (sealed, now, source, now),
                ).rowcount
            )

    def sealed(self, source: str) -> bytes | None:
        """Return the sealed secret of a source, if there is one."""
        with self.datastore.get_connection() as connection:
            row = connection.execute("select sealed from learned_secret where source = %s", (source,)).fetchone()
        return None if row is None or row["sealed"] is None else bytes(row["sealed"])

    def forget(self, source: str) -> bool:
        """Delete the secret and the handshake of a source. Return whether there was any."""
        with self.datastore.get_connection() as connection:
            return bool(connection.execute("delete from learned_secret where source = %s", (source,)).rowcount)
