"""The book of the folds: which read models exist, how far each has come, what each had to pass over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from adapters.postgres.projector.fold import create_schema, drop_schema
from projections.read_model import ReadModel, changed

Connection = psycopg.Connection[DictRow]
LOCK_CLASS = 7400


class FoldRecorder(PostgresTrackingRecorder):
    """The library's tracking over our table: a position is written in the transaction of the rows it stands for."""

    def __init__(self, datastore: PostgresDatastore) -> None:
        super().__init__(datastore, tracking_table_name="fold_tracking")

    def create_table(self) -> None:
        """Do nothing: the migrations make the table."""

    def track(self, connection: Connection, schema: str, position: int) -> None:
        """Writes how far the fold has come, in the caller's transaction. Errors: IntegrityError unless it rises."""
        with connection.cursor() as cursor:
            self._insert_tracking(cursor, Tracking(schema, position))


@dataclass(frozen=True, slots=True)
class Standing:
    """A fold: the schema it fills, how far it is, and the streams it passes over."""

    schema: str
    name: str
    version: int
    state: str
    position: int
    fingerprint: Mapping[str, str]
    zone: str
    parked: frozenset[UUID]


_STANDINGS = """
    select r.schema_name as schema, r.name, r.version, r.state, r.fingerprint, r.zone,
           coalesce(t.notification_id, 0) as position,
           array(select p.stream_id from parked p where p.schema_name = r.schema_name) as parked
    from read_model r left join fold_tracking t on t.application_name = r.schema_name
"""


def standings(connection: Connection) -> dict[str, Standing]:
    """Return every registered fold by its schema."""
    rows = connection.execute(_STANDINGS).fetchall()
    return {row["schema"]: Standing(**{**row, "parked": frozenset(row["parked"])}) for row in rows}


def position_of(connection: Connection, schema: str) -> int:
    row = connection.execute(
        "select notification_id as position from fold_tracking where application_name = %s", (schema,), prepare=True
    ).fetchone()
    return int(row["position"]) if row else 0


def hold(connection: Connection, schemas: Sequence[str]) -> bool:
    """Keep the folds from being swapped until this transaction ends; return False if one was swapped during the wait.

    The locks are taken in a fixed order, so that two holders never deadlock.
    """
    held = connection.execute(
        "select from read_model where schema_name = any(%s) order by schema_name for update", (sorted(schemas),)
    )
    return held.rowcount == len(schemas)


def try_lock(connection: Connection, schema: str) -> bool:
    """Take the fold lock of this schema for the session. Return whether the session holds it now."""
    row = connection.execute("select pg_try_advisory_lock(%s, hashtext(%s)) as got", (LOCK_CLASS, schema)).fetchone()
    return bool(row and row["got"])


def register(connection: Connection, model: ReadModel, schema: str, zone: str, state: str) -> None:
    """Make the tables and register the fold at position 0, in the caller's transaction."""
    create_schema(connection, model, schema, zone)
    connection.execute(
        "insert into read_model (schema_name, name, version, zone, fingerprint, state) values (%s, %s, %s, %s, %s, %s)",
        (schema, model.name, model.version, zone, Jsonb(dict(model.fingerprint(zone))), state),
    )


def unregister(connection: Connection, schema: str) -> None:
    drop_schema(connection, schema)
    connection.execute("delete from read_model where schema_name = %s", (schema,))
    connection.execute("delete from parked where schema_name = %s", (schema,))
    connection.execute("delete from fold_tracking where application_name = %s", (schema,))


def what_changed(standing: Standing, model: ReadModel, zone: str) -> list[str]:
    """Return what has changed in the code since these rows were made; empty if they may be folded on."""
    return changed(standing.fingerprint, model.fingerprint(zone))


def rebuild_reason(standings: Mapping[str, Standing], model: ReadModel, zone: str) -> str:
    """Return why a read model must be rebuilt before it is folded on; empty where it need not be."""
    standing = standings.get(model.schema)
    if standing is not None:
        return ", ".join(what_changed(standing, model, zone))
    older = [other.schema for other in standings.values() if other.name == model.name and other.version < model.version]
    return f"{older[0]} stands in its place" if older else ""


def outdated(connection: Connection, models: Iterable[ReadModel], zone: str) -> list[ReadModel]:
    """Return the read models that must be rebuilt, as this version folds them differently."""
    now = standings(connection)
    return [model for model in models if rebuild_reason(now, model, zone)]


def learn_new_kinds(connection: Connection, standing: Standing, model: ReadModel, zone: str) -> None:
    """Catalogue rows that came since enter the fingerprint: no event of theirs was folded before."""
    now = dict(model.fingerprint(zone))
    if now.keys() - standing.fingerprint.keys():
        connection.execute(
            "update read_model set fingerprint = %s where schema_name = %s", (Jsonb(now), standing.schema)
        )


def park(connection: Connection, schema: str, position: int, error: str) -> None:
    """Passes over the stream of the event at `position` from here on, and keeps what went wrong."""
    connection.execute(
        "insert into parked (schema_name, stream_id, position, event_id, type, error)"
        " select %s, stream_id, position, event_id, type, %s from event where position = %s",
        (schema, error, position),
    )


def swap(connection: Connection, model: ReadModel) -> None:
    """Puts the rebuilt rows in the place of the served ones; in the caller's transaction, which holds both folds."""
    connection.execute("delete from read_model where schema_name = %s", (model.schema,))
    connection.execute("delete from parked where schema_name = %s", (model.schema,))
    connection.execute("delete from fold_tracking where application_name = %s", (model.schema,))
    drop_schema(connection, model.schema)
    connection.execute(
        sql.SQL("alter schema {} rename to {}").format(sql.Identifier(model.next_schema), sql.Identifier(model.schema))
    )
    for statement in (
        "update read_model set schema_name = %s, state = 'live', since = now() where schema_name = %s",
        "update parked set schema_name = %s where schema_name = %s",
        "update fold_tracking set application_name = %s where application_name = %s",
    ):
        connection.execute(statement.encode(), (model.schema, model.next_schema))


def drop_superseded(connection: Connection, models: Iterable[ReadModel]) -> list[str]:
    """Removes older versions' tables once the newer version is served; their names."""
    standing = standings(connection)
    current = {model.name: model.version for model in models if model.schema in standing}
    old = [s.schema for s in standing.values() if s.version < current.get(s.name, 0)]
    for schema in old:
        unregister(connection, schema)
    return old


def report(connection: Connection) -> list[dict[str, Any]]:
    """For people and programs: each fold's position and lag, in events and in seconds, and what it has parked."""
    return connection.execute(
        """
        with head as (select case when is_called then last_value else 0 end as position from event_position)
        select r.schema_name as schema, r.name, r.version, r.state, coalesce(t.notification_id, 0) as position,
               greatest(head.position - coalesce(t.notification_id, 0), 0) as lag_events,
               coalesce(extract(epoch from clock_timestamp() - waiting.recorded_at), 0)::float8 as lag_seconds,
               coalesce((select jsonb_agg(jsonb_build_object('stream', p.stream_id, 'position', p.position,
                            'event', p.event_id, 'type', p.type, 'error', p.error, 'retry',
                            'perennial rebuild ' || r.name) order by p.position)
                         from parked p where p.schema_name = r.schema_name), '[]') as parked
        from head, read_model r
        left join fold_tracking t on t.application_name = r.schema_name
        left join lateral (select recorded_at from event where event.position > coalesce(t.notification_id, 0)
                           order by event.position limit 1) waiting on true
        order by r.name, r.version, r.schema_name
        """
    ).fetchall()


def seconds_since(connection: Connection, position: int) -> float:
    """Return for how many seconds the first event after the position has been in the log; 0: there is none."""
    row = connection.execute(
        "select extract(epoch from clock_timestamp() - recorded_at)::float8 as seconds from event"
        " where position > %s order by position limit 1",
        (position,),
    ).fetchone()
    return max(0.0, float(row["seconds"])) if row else 0.0


def log_length(connection: Connection) -> int:
    """Return how many positions the log has given out."""
    row = connection.execute(
        "select case when is_called then last_value else 0 end as length from event_position"
    ).fetchone()
    return int(row["length"]) if row else 0
