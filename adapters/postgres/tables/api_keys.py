"""The API keys that were given out: made, listed, revoked; of a secret only its hash is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from adapters.access.keys import KeptKey, Minted, Wanted, minted
from adapters.access.policy import Action, Role
from adapters.access.refusals import KeyDoesNotExist
from adapters.postgres.connections import Datastore

COLUMNS = "id, secret_hash, name, roles, source, scopes, made_at, made_by, expires_at, revoked_at, revoked_by"
INSERT = """
insert into api_key (id, secret_hash, name, roles, source, scopes, made_at, made_by, expires_at)
values (%(id)s, %(secret_hash)s, %(name)s, %(roles)s, %(source)s, %(scopes)s, %(made_at)s, %(made_by)s, %(expires_at)s)
"""


class ApiKeys:
    """The table `api_key`. Roles and actions that this version does not know count for nothing."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def make(self, wanted: Wanted, made_by: str, now: datetime) -> Minted:
        """Store a new key and return it with its secret. Errors: ExpiryIsPast."""
        made = minted(wanted, made_by, now)
        scopes = None if wanted.scopes is None else sorted(wanted.scopes)
        document = {**asdict(made.kept), "roles": sorted(wanted.roles), "scopes": scopes}
        with self._datastore.get_connection() as connection:
            connection.execute(INSERT, document)
        return made

    def find(self, name: str) -> KeptKey | None:
        """Return the key of that id, even if it is revoked or expired."""
        with self._datastore.get_connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(f"select {COLUMNS} from api_key where id = %s", (name,)).fetchone()
        return None if row is None else kept(row)

    def all(self) -> list[KeptKey]:
        """Return every key ever made, the newest first."""
        with self._datastore.get_connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(f"select {COLUMNS} from api_key order by made_at desc, id").fetchall()
        return [kept(row) for row in rows]

    def revoke(self, name: str, revoked_by: str, now: datetime) -> KeptKey:
        """Revoke the key and return it; one that was revoked before stays as it is.

        Errors: KeyDoesNotExist.
        """
        with self._datastore.get_connection() as connection:
            connection.execute(
                "update api_key set revoked_at = %s, revoked_by = %s where id = %s and revoked_at is null",
                (now, revoked_by, name),
            )
        key = self.find(name)
        if key is None:
            raise KeyDoesNotExist(key=name)
        return key


def kept(row: Mapping[str, Any]) -> KeptKey:
    scopes = row["scopes"]
    return KeptKey(
        id=row["id"],
        secret_hash=bytes(row["secret_hash"]),
        name=row["name"],
        roles=frozenset(Role(role) for role in row["roles"] if role in set(Role)),
        source=row["source"],
        scopes=None if scopes is None else frozenset(Action(scope) for scope in scopes if scope in set(Action)),
        made_at=row["made_at"],
        made_by=row["made_by"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        revoked_by=row["revoked_by"],
    )
