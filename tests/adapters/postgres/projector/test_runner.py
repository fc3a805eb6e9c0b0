"""What must hold of the runner and of a rebuild: one folder each, nothing held back, lost or unnoticed."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.postgres import PostgresDatastore
from psycopg.rows import dict_row

from adapters import bootstrap
from adapters.lab.synthetic.history import history
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.synthetic_log import load_synthetic
from adapters.postgres.migrate import PROJECTOR
from adapters.postgres.projector import folds
from adapters.postgres.projector.rebuild import IsBeingRebuilt, Rebuild
from adapters.postgres.projector.runner import Runner, Team
from adapters.runtime.supervision import Supervision
from commands.attached import Attached
from domain.candidate import CandidateSourced
from domain.event import Recorded
from projections.index import READ_MODELS
from projections.pipeline import PIPELINE
from projections.read_model import ReadModel
from tests.rows import rows_of

SERVED = PIPELINE.schema
SCHEMAS = [model.schema for model in READ_MODELS]
Owner = psycopg.Connection[dict[str, object]]


@pytest.fixture
def owner(database: str) -> Iterator[Owner]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def projector(database: str) -> Iterator[PostgresDatastore]:
    with open_datastore(database, PROJECTOR, pool_size=3) as datastore:
        yield datastore


@pytest.fixture
def head(database: str, key_file: KeyFile) -> int:
    """A log with an invented history; its length."""
    invented = history(3000, 5, ends_on=date(2026, 1, 1), years=2)
    with EventLog(database, key_file, role="none") as log:
        return list(load_synthetic(log, invented.recorded(), invented.time_index()))[-1]


def runner(datastore: PostgresDatastore, key_file: KeyFile, batch: int = 700) -> Runner:
    return Runner(datastore, READ_MODELS, "UTC", key_file, batch=batch)


def model(name: str) -> ReadModel:
    return bootstrap.read_model(name)


def sourced(log: EventLog, stream: UUID | None = None) -> int:
    event = CandidateSourced("fair", "engineer", "berlin", None, None, None, (), ())
    now = datetime.now(UTC)
    return log.append(
        [Recorded(stream=stream or uuid4(), version=1, event=event, id=uuid4(), recorded_at=now)], Attached()
    )


def soon(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.01)
    return False


def positions(connection: Owner) -> set[object]:
    return {row["position"] for row in folds.report(connection)}


def all_rows(connection: Owner) -> dict[str, dict[str, Counter[str]]]:
    return {schema: rows_of(connection, schema) for schema in SCHEMAS}


@pytest.fixture
def running(projector: PostgresDatastore, key_file: KeyFile) -> Iterator[Callable[[], threading.Event]]:
    """Starts runners, each stopped at the end of the test."""
    begun: list[tuple[threading.Event, threading.Thread]] = []

    def start() -> threading.Event:
        stop = threading.Event()
        supervision = Supervision("projector", runner(projector, key_file).run)
        thread = threading.Thread(target=supervision.run, args=(stop,))
        thread.start()
        begun.append((stop, thread))
        return stop

    yield start
    for stop, thread in begun:
        stop.set()
        thread.join()


def test_it_catches_up_in_batches_and_then_follows(
    head: int, database: str, key_file: KeyFile, owner: Owner, running: Callable[[], threading.Event]
) -> None:
    running()
    assert soon(lambda: positions(owner) == {head})
    with EventLog(database, key_file) as log:
        position = sourced(log)
        assert soon(lambda: positions(owner) == {position})
    assert all(row["lag_events"] == 0 and row["lag_seconds"] == 0 for row in folds.report(owner))


def test_however_many_run_each_read_model_is_folded_by_one_and_taken_over(
    log: EventLog, owner: Owner, running: Callable[[], threading.Event]
) -> None:
    first = running()
    position = sourced(log)
    assert soon(lambda: positions(owner) == {position})
    running()
    locks = "select count(*) as n from pg_locks where locktype = 'advisory' and classid = %s and granted"
    assert owner.execute(locks, (folds.LOCK_CLASS,)).fetchall() == [{"n": len(READ_MODELS)}]
    first.set()
    position = sourced(log)
    assert soon(lambda: positions(owner) == {position})


def poison(owner: Owner, stream: UUID) -> int:
    """A consent whose channels are no list: it cannot have come through the mapper, and no fold can read it."""
    clear = {"purpose": "talent_pool", "channels": "email"}
    (row,) = owner.execute(
        "insert into event (position, stream_id, stream_version, event_id, type, clear, state)"
        " values (reserve_positions(1), %s, 90, gen_random_uuid(), 'consent-given.v1', %s, '[]') returning position",
        (stream, json.dumps(clear)),
    ).fetchall()
    return int(str(row["position"]))


def test_a_poison_event_parks_its_stream_and_nothing_else(
    log: EventLog, owner: Owner, running: Callable[[], threading.Event]
) -> None:
    stream = uuid4()
    sourced(log, stream)
    bad = poison(owner, stream)
    position = sourced(log)
    running()
    assert soon(lambda: positions(owner) == {position})
    report = {row["name"]: row for row in folds.report(owner)}
    (parked,) = report["consent_state"]["parked"]
    assert (parked["stream"], parked["position"], parked["type"]) == (str(stream), bad, "consent-given.v1")
    assert "perennial rebuild consent_state" in parked["retry"]
    assert "scalar" in parked["error"]
    assert report["pipeline"]["parked"] == []
    later = sourced(log)
    assert soon(lambda: positions(owner) == {later})


def test_a_failing_read_model_holds_no_other_back(
    head: int, owner: Owner, projector: PostgresDatastore, key_file: KeyFile
) -> None:
    """One whose every statement fails parks what it meets; the healthy ones come to the head with the right rows."""
    broken = replace(model("consent_state"), recompute=("select 1/0 from ({answer}) asked",))
    models = [broken if read_model.name == broken.name else read_model for read_model in READ_MODELS]
    Runner(projector, models, "UTC", key_file, batch=500).catch_up()
    healthy = [schema for schema in SCHEMAS if schema != broken.schema]
    folded = {schema: rows_of(owner, schema) for schema in healthy}
    for schema in healthy:
        Rebuild(projector, next(m for m in READ_MODELS if m.schema == schema), "UTC", key_file).rebuild()
    assert folded == {schema: rows_of(owner, schema) for schema in healthy}
    assert positions(owner) == {head}


def test_a_rebuild_gives_the_same_rows(
    head: int, owner: Owner, projector: PostgresDatastore, key_file: KeyFile
) -> None:
    runner(projector, key_file).catch_up()
    before = all_rows(owner)
    for read_model in READ_MODELS:
        assert Rebuild(projector, read_model, "UTC", key_file, batch=999).rebuild() == head
    assert all_rows(owner) == before
    assert sum(before[SERVED]["delta"].values()) > 100


class Killed(Exception):
    """Stands for kill -9 between two batches."""


def test_a_killed_rebuild_goes_on_where_it_was(
    head: int, owner: Owner, projector: PostgresDatastore, key_file: KeyFile
) -> None:
    runner(projector, key_file).catch_up()
    before = rows_of(owner, SERVED)
    reached: list[int] = []

    def kill(_: str, position: int, __: int) -> None:
        reached.append(position)
        if len(reached) == 2:
            raise Killed

    with pytest.raises(Killed):
        Rebuild(projector, model("pipeline"), "UTC", key_file, batch=300, progress=kill).rebuild()
    assert rows_of(owner, SERVED) == before
    Rebuild(projector, model("pipeline"), "UTC", key_file, batch=300, progress=kill).rebuild()
    assert reached[:3] == [300, 600, 900]
    assert rows_of(owner, SERVED) == before


def test_nothing_is_folded_twice_when_a_rebuild_overtakes_the_runner(
    log: EventLog, owner: Owner, projector: PostgresDatastore, key_file: KeyFile
) -> None:
    before = sourced(log)
    runner(projector, key_file).catch_up()
    sourced(log)
    Rebuild(projector, model("pipeline"), "UTC", key_file).rebuild()
    last = sourced(log)
    read_before_the_swap = Team({SERVED: model("pipeline")}, before, frozenset())
    with projector.pool.connection() as connection:
        runner(projector, key_file)._advance(connection, read_before_the_swap, last)
    runner(projector, key_file).catch_up()
    served = rows_of(owner, SERVED)
    Rebuild(projector, model("pipeline"), "UTC", key_file).rebuild()
    assert rows_of(owner, SERVED) == served


def test_two_rebuilds_of_one_read_model_do_not_meet(
    head: int, owner: Owner, projector: PostgresDatastore, key_file: KeyFile
) -> None:
    with projector.pool.connection() as connection:
        assert folds.try_lock(connection, model("pipeline").next_schema)
        with pytest.raises(IsBeingRebuilt):
            Rebuild(projector, model("pipeline"), "UTC", key_file).rebuild()
        connection.execute("select pg_advisory_unlock_all()")


def test_a_changed_fold_is_noticed_and_not_mixed_with_old_rows(
    log: EventLog, owner: Owner, projector: PostgresDatastore, caplog: pytest.LogCaptureFixture, key_file: KeyFile
) -> None:
    sourced(log)
    runner(projector, key_file).catch_up()
    pipeline = model("pipeline")
    mended = replace(pipeline, recompute=(*pipeline.recompute, "select 1"))
    models = [mended if read_model.name == "pipeline" else read_model for read_model in READ_MODELS]
    position = sourced(log)
    Runner(projector, models, "UTC", key_file).catch_up()
    at = {row["name"]: row["position"] for row in folds.report(owner)}
    assert (at.pop("pipeline"), set(at.values())) == (1, {position})
    assert "perennial rebuild pipeline" in caplog.text
    Rebuild(projector, mended, "UTC", key_file).rebuild()
    Runner(projector, models, "UTC", key_file).catch_up()
    assert positions(owner) == {position}


def test_a_new_version_is_built_beside_the_old_and_the_old_goes_when_it_is_served(
    log: EventLog,
    database: str,
    owner: Owner,
    projector: PostgresDatastore,
    caplog: pytest.LogCaptureFixture,
    key_file: KeyFile,
) -> None:
    sourced(log)
    runner(projector, key_file).catch_up()
    newer = replace(model("pipeline"), version=PIPELINE.version + 1)
    models = [newer if read_model.name == "pipeline" else read_model for read_model in READ_MODELS]
    Runner(projector, models, "UTC", key_file).catch_up()
    assert f"{SERVED} stands in its place" in caplog.text
    Rebuild(projector, newer, "UTC", key_file).rebuild()
    assert {SERVED, newer.schema} <= folds.standings(owner).keys()
    assert folds.drop_superseded(owner, models) == [SERVED]


def test_a_rebuild_swaps_while_the_runner_follows_and_readers_ask(
    head: int, database: str, key_file: KeyFile, owner: Owner, running: Callable[[], threading.Event],
    projector: PostgresDatastore,
) -> None:  # fmt: skip
    running()
    assert soon(lambda: positions(owner) == {head})
    stop, queries = threading.Event(), [0]
    errors: list[psycopg.Error] = []

    def ask() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not stop.is_set() and not errors:
                try:
                    connection.execute(
                        f"select sum(n) from {SERVED}.delta join {SERVED}.segment using (source)".encode()
                    )
                    queries[0] += 1
                except psycopg.Error as error:
                    errors.append(error)

    readers = [threading.Thread(target=ask) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        with EventLog(database, key_file) as log:
            for _ in range(3):
                sourced(log)
                Rebuild(projector, model("pipeline"), "UTC", key_file).rebuild()
            last = sourced(log)
            assert soon(lambda: positions(owner) == {last})
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert (errors, queries[0] > 0) == ([], True)
    served = rows_of(owner, SERVED)
    Rebuild(projector, model("pipeline"), "UTC", key_file).rebuild()
    assert rows_of(owner, SERVED) == served


def test_far_behind_it_folds_in_lanes_and_the_rows_are_the_same(
    head: int, owner: Owner, projector: PostgresDatastore, key_file: KeyFile
) -> None:
    """Batches of 300 leave it ten behind: lanes; one batch of all: none."""
    runner(projector, key_file, batch=300).catch_up()
    in_lanes = all_rows(owner)
    assert positions(owner) == {head}
    for read_model in READ_MODELS:
        Rebuild(projector, read_model, "UTC", key_file, batch=head).rebuild()
    assert all_rows(owner) == in_lanes
