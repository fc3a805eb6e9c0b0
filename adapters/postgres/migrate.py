"""Brings a database to this version: the log's tables, the roles that may use them, and nothing lost on the way."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from adapters.postgres.keys.epochs import logged_fingerprints, note_fingerprints
from adapters.postgres.keys.key_file import KeyFileIsAnothers, ensure_key_file, read_key_file
from adapters.postgres.log.batch import make_batch
from domain.errors import ExplainedError
from domain.event import Upcast

MIGRATION_LOCK = 7400003
SERVICE = "perennial_service"
PROJECTOR = "perennial_projector"
SEQUENCER = "perennial_sequencer"
EVENT_COLUMNS_OF_THE_SERVICE = (
    "position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, actor, causation_id,"
    " correlation_id, clear, people, state"
)

MAKE_ROLE = """
do $$ begin
    create role {role} nologin;
exception when duplicate_object or unique_violation then
    null;  -- another database of this server has made it: roles are the server's
end $$;
grant {role} to current_user
"""


def migrations() -> list[tuple[str, str]]:
    """(name, text) of every migration, in order."""
    folder = files("adapters.postgres") / "migrations"
    return sorted((entry.name, entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql"))


def migrate(connection: psycopg.Connection[Any], upcasts: tuple[Upcast, ...] = ()) -> list[str]:
    """Applies what is missing, in one transaction; the names of what was applied. Safe to run from many places.

    `batch` is made anew each time: its `upcasts` are code, so it must be that of the version which is starting.
    """
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        connection.execute(
            "create table if not exists migration (name text primary key, applied_at timestamptz default now())"
        )
        with connection.cursor(row_factory=tuple_row) as cursor:
            done = {name for (name,) in cursor.execute("select name from migration")}
        missing = [(name, text) for name, text in migrations() if name not in done]
        for name, text in missing:
            connection.execute(text.encode())
            connection.execute("insert into migration (name) values (%s)", (name,))
        make_batch(connection, upcasts)
        if not done:
            connection.execute("insert into log (origin) values (%s)", (f"perennial-log/{uuid4()}",))
        grant(connection)
    return [name for name, _ in missing]


class PhoneRegionIsFixed(ExplainedError):
    """Phone region fixed

    PERENNIAL_PHONE_REGION is {wanted}, and this log was created with {stored}, which is fixed.

    Leave the setting out.
    """

    def __init__(self, wanted: str, stored: str | None) -> None:
        super().__init__(wanted=wanted, stored=stored or "none")


def bind_keys(connection: psycopg.Connection[Any], path: Path, region: str | None = None) -> None:
    """Binds a new log to the key file at `path`, made where there is none; of an older log the file must be its own.

    region: the country of phone numbers that name none, fixed with a new log; None: that of the log.
    The log notes which key each epoch is; of an epoch from before that, when the file's key opens what it wrapped.
    Errors: KeyFileIsUnusable, KeyFileIsAnothers, EpochKeyIsWrong, EpochKeyIsDoubled, PhoneRegionIsFixed.
    """
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        bound, stored = cursor.execute("select keys, phone_region from log for update").fetchone() or (None, None)
        if bound is not None and region not in (None, stored):
            raise PhoneRegionIsFixed(str(region), stored)
        if bound is None:
            key_file = ensure_key_file(path)
            cursor.execute("update log set keys = %s, phone_region = %s", (key_file.name, region))
            cursor.execute("update key_epoch set name = %s where name <> %s", (key_file.current, key_file.current))
        else:
            key_file = read_key_file(path)
            if key_file.name != bound:
                raise KeyFileIsAnothers(path)
        note_fingerprints(connection, key_file)
        key_file.hold_to(logged_fingerprints(connection))


def grant(connection: psycopg.Connection[Any]) -> None:
    """Grant the roles their rights. The service may read and add to the log, never change it. The projector reads the
    log and owns read models. The sequencer reads the log and adds its proofs."""
    for role in (SERVICE, PROJECTOR, SEQUENCER):
        connection.execute(MAKE_ROLE.format(role=role).encode())
    database = connection.info.dbname
    for statement in (
        f"grant select on all tables in schema public to {SERVICE}, {PROJECTOR}",
        f"grant usage, select, update on sequence event_position to {SERVICE}",
        f"grant insert ({EVENT_COLUMNS_OF_THE_SERVICE}) on event to {SERVICE}",
        f"grant insert on time_index, person_key, delivery, idempotency, consumer_offset, api_key to {SERVICE}",
        f"grant insert on delivery_statement to {SERVICE}",
        f"grant insert, update, delete on worker to {SERVICE}",
        f"grant update (revoked_at, revoked_by) on api_key to {SERVICE}",
        f"revoke select on api_key from {PROJECTOR}",
        f"grant update on consumer_offset to {SERVICE}",
        f"grant update (outcome, reason, position, waits_for, tried_at) on delivery to {SERVICE}",
        f"grant update (fetch_after, fetch_tries) on delivery to {SERVICE}",
        f"grant execute on function keep_fetched_delivery(text, text, uuid[], bytea) to {SERVICE}",
        f"grant insert, delete, update (closes_at, sealed, learned_at) on learned_secret to {SERVICE}",
        f"revoke select on learned_secret from {PROJECTOR}",
        f"grant update (request_hash, response) on idempotency to {SERVICE}",
        f"grant delete on idempotency to {SERVICE}, {PROJECTOR}",
        f"grant execute on function erase_key(uuid), erase_deliveries(uuid), erase_searches(uuid) to {SERVICE}",
        f"grant insert on time_index to {PROJECTOR}",
        f"grant select on sequence event_position to {PROJECTOR}",
        f"grant insert, update, delete on read_model, fold_tracking, parked to {PROJECTOR}",
        f"grant select on log, event, leaf, tile, checkpoint, verifier_key, event_position to {SEQUENCER}",
        f"grant insert on leaf, tile, checkpoint, verifier_key to {SEQUENCER}",
        f"grant update (width, data) on tile to {SEQUENCER}",
        f"alter default privileges for role {PROJECTOR} grant usage on schemas to {SERVICE}",
        f"alter default privileges for role {PROJECTOR} grant select on tables to {SERVICE}",
    ):
        connection.execute(statement.encode())
    connection.execute(
        sql.SQL("grant create, temporary on database {0} to {1}").format(
            sql.Identifier(database), sql.Identifier(PROJECTOR)
        )
    )
