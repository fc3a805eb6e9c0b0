"""A fold works inside the caller's transaction, batch after batch, and says which read model failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import tuple_row

from adapters.postgres.projector.fold import FoldFailed, create_schema, drop_schema, fold
from projections.index import READ_MODELS
from projections.pipeline import PIPELINE
from projections.read_model import changed
from projections.touchpoint_counts import TOUCHPOINT_COUNTS
from tests.projections.histories import History, made, record
from tests.rows import closed

ZONE = "Europe/Berlin"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
COUNTS = TOUCHPOINT_COUNTS.schema
MODELS = {PIPELINE.schema: PIPELINE, TOUCHPOINT_COUNTS.schema: TOUCHPOINT_COUNTS}


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a log of two people with one meeting each, and two empty read models."""
    history = History(first=1)
    for number in (0, 1):
        history.touch(history.person(number, NOON), "meeting-held", NOON, 0, machine=False)
    with psycopg.connect(database) as connection:
        for schema, model in MODELS.items():
            create_schema(connection, model, schema, ZONE)
        record(connection, history.log)
        connection.commit()
        yield connection


def held(connection: psycopg.Connection[Any], sql: str) -> list[tuple[Any, ...]]:
    return psycopg.Cursor(connection, row_factory=tuple_row).execute(sql.encode()).fetchall()


def test_batches_follow_one_another_in_one_transaction_or_in_several(connection: psycopg.Connection[Any]) -> None:
    assert fold(connection, MODELS, 0, 1, ZONE, closed) == 1
    assert fold(connection, MODELS, 1, 3, ZONE, closed) == 2
    connection.commit()
    assert fold(connection, MODELS, 3, 4, ZONE, closed) == 1
    connection.commit()
    assert held(connection, f"select position from {COUNTS}.delta order by 1") == [(2,), (4,)]
    assert held(connection, f"select count(*) from {PIPELINE.schema}.node") == [(2,)]


def test_nothing_is_kept_of_a_fold_that_is_rolled_back(connection: psycopg.Connection[Any]) -> None:
    fold(connection, MODELS, 0, 4, ZONE, closed)
    connection.rollback()
    assert held(connection, f"select * from {COUNTS}.delta") == []
    assert fold(connection, MODELS, 0, 4, ZONE, closed) == 4


def test_an_empty_range_folds_nothing(connection: psycopg.Connection[Any]) -> None:
    assert fold(connection, MODELS, 4, 4, ZONE, closed) == 0


def test_parked_streams_are_passed_over(connection: psycopg.Connection[Any]) -> None:
    assert fold(connection, MODELS, 0, 4, ZONE, closed, parked=[UUID(made("person", 0))]) == 2
    assert held(connection, f"select position from {COUNTS}.delta") == [(4,)]


def test_a_failure_names_its_read_model(connection: psycopg.Connection[Any]) -> None:
    connection.execute(f"alter table {COUNTS}.delta add check (position < 3)".encode())
    with pytest.raises(FoldFailed, match="touchpoint_counts could not fold the events of positions 1 to 4") as failed:
        fold(connection, MODELS, 0, 4, ZONE, closed)
    assert failed.value.model == "touchpoint_counts"


def test_a_schema_can_be_dropped_and_made_again(connection: psycopg.Connection[Any]) -> None:
    drop_schema(connection, PIPELINE.schema)
    create_schema(connection, PIPELINE, PIPELINE.schema, ZONE)
    fold(connection, MODELS, 0, 4, ZONE, closed)


def test_a_fingerprint_changes_with_the_sql_the_zone_and_a_catalogue_row_but_not_with_a_new_row() -> None:
    now = PIPELINE.fingerprint(ZONE)
    assert changed(now, PIPELINE.fingerprint("UTC")) == ["sql"]
    assert changed(now, replace(PIPELINE, recompute=()).fingerprint(ZONE)) == ["sql"]
    assert changed(now, {**now, "kind:telepathy": "new"}) == []
    assert changed(now, {**now, "kind:meeting-held": "different"}) == ["kind:meeting-held"]
    assert changed(now, {name: digest for name, digest in now.items() if name != "kind:meeting-held"})


def test_names_and_schemas_of_read_models_are_their_own() -> None:
    assert (
        len({model.schema for model in READ_MODELS}) == len({model.name for model in READ_MODELS}) == len(READ_MODELS)
    )
    assert all(table.startswith(model.name) for model in READ_MODELS for table in model.working)
