"""Whether the log holds what was acknowledged, once, as it was signed, and the read models what the log says."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from adapters import bootstrap
from adapters.lab.drill.clients import ACTOR, Acknowledged
from adapters.lab.drill.cluster import Cluster
from adapters.postgres.keys.decrypting import Opener
from adapters.postgres.keys.key_file import read_key_file
from adapters.postgres.log.changes import READINGS
from adapters.postgres.projector import folds
from adapters.postgres.projector.fold import create_schema, drop_schema, fold
from adapters.postgres.proof.log_verification import Held, verify_log
from adapters.postgres.proof.tree_rows import Proofs
from adapters.proof.note import read_signing_key
from adapters.proof.signer import FORK, KEY, RECORD
from projections.index import READ_MODELS
from projections.read_model import ReadModel

CATCHES_UP_WITHIN = 90.0
LARGEST_BATCH = 30_000


def once_only(conninfo: str, acknowledged: Sequence[Acknowledged]) -> Iterator[str]:
    """Yield the faults of the log: an acknowledged event that is missing, or an event without an acknowledgement."""
    acknowledged_by = {event: answer for answer in acknowledged for event in answer.events}
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "select event_id::text, type, stream_id::text, stream_version, position from event"
            " where actor = %s and type <> all(%s)",
            (ACTOR, list(READINGS)),  # a view is acknowledged by what was shown
        ).fetchall()
        keys = {key.rpartition(" ")[2] for (key,) in connection.execute("select key from idempotency")}
    kept = {(row[0], row[1], row[2], row[3]): row[4] for row in rows}
    yield from (
        f"acknowledged but not in the log: {event} of {acknowledged_by[event].key}"
        for event in acknowledged_by.keys() - kept.keys()
    )
    yield from (f"in the log without an acknowledgement: {event}" for event in kept.keys() - acknowledged_by.keys())
    yield from (f"no receipt is kept for {answer.key}" for answer in acknowledged if answer.key not in keys)
    for answer in acknowledged:
        newest = max((kept.get(event, 0) for event in answer.events), default=answer.position)
        if newest != answer.position:
            yield f"{answer.key} received position {answer.position}, its events stand up to {newest}"


def caught_up(conninfo: str) -> Iterator[str]:
    """Wait for the projector; yield what keeps it from the head."""
    give_up = time.monotonic() + CATCHES_UP_WITHIN
    with bootstrap.projector(conninfo) as datastore:
        while True:
            with datastore.pool.connection() as connection:
                rows = [row for row in folds.report(connection) if row["state"] == "live"]
            behind = [row for row in rows if row["lag_events"]]
            if len(rows) == len(READ_MODELS) and not behind:
                break
            if time.monotonic() > give_up:
                yield f"not caught up after {CATCHES_UP_WITHIN:.0f} s: {behind or rows}"
                return
            time.sleep(0.1)
    yield from (f"{row['name']} has parked {row['parked']}" for row in rows if row["parked"])


def signed(conninfo: str) -> Iterator[str]:
    """Wait for the sequencer; yield what keeps it from a checkpoint over everything."""
    give_up = time.monotonic() + CATCHES_UP_WITHIN
    with bootstrap.projector(conninfo) as datastore:
        proofs = Proofs(datastore)
        while waited := proofs.waits():
            if time.monotonic() > give_up:
                yield f"not signed after {CATCHES_UP_WITHIN:.0f} s: the oldest event has waited for {waited:.0f} s"
                return
            time.sleep(0.1)


def as_signed(cluster: Cluster) -> Iterator[str]:
    """Yield where the log differs from the signed one, as `verify --log` finds it; clients may write meanwhile."""
    key = read_signing_key((cluster.signing / KEY).read_text()).verifier
    held = Held(key, {RECORD: (cluster.signing / RECORD).read_text()})
    for finding in verify_log(cluster.conninfo, held, lambda _: None).findings:
        yield f"verify --log: {finding}"
    if (cluster.signing / FORK).exists():
        yield f"the sequencer stopped signing: {(cluster.signing / FORK).read_text()}"


def equal_to_a_rebuild(cluster: Cluster, zone: str, luck: random.Random) -> Iterator[str]:
    """Yield where a read model's rows differ, as multisets, from those folded afresh in batches of random size."""
    opener = Opener(read_key_file(cluster.keys))
    for model in READ_MODELS:
        fresh = f"{model.schema}_fresh"
        with bootstrap.projector(cluster.conninfo) as datastore, datastore.pool.connection() as connection:
            with connection.transaction():
                drop_schema(connection, fresh)
                create_schema(connection, model, fresh, zone)
            fold_afresh(connection, model, fresh, zone, opener, luck)
            yield from differing(connection, model.schema, fresh)
            drop_schema(connection, fresh)


def fold_afresh(
    connection: psycopg.Connection[Any], model: ReadModel, fresh: str, zone: str, opener: Opener, luck: random.Random
) -> None:
    position, upto = 0, folds.position_of(connection, model.schema)
    while position < upto:
        following = min(upto, position + luck.randrange(1, LARGEST_BATCH))
        with connection.transaction():
            fold(connection, {fresh: model}, position, following, zone, opener)
        position = following


def differing(connection: psycopg.Connection[Any], served: str, fresh: str) -> Iterator[str]:
    tables = connection.execute("select tablename from pg_tables where schemaname = %s", (fresh,)).fetchall()
    for table in (row["tablename"] for row in tables):
        for what, (first, second) in {"missing": (fresh, served), "too many": (served, fresh)}.items():
            names = sql.Identifier(first, table), sql.Identifier(second, table)
            difference = connection.execute(DIFFERENCE.format(*names)).fetchone()
            if difference and difference["rows"]:
                yield f"{served}.{table}: {difference['rows']} rows are {what}, such as {difference['sample']}"


DIFFERENCE = sql.SQL("""
    select count(*) as rows, any_value(d::text) as sample from (select * from {} except all select * from {}) d
""")
