"""How fast the log becomes read models: all of ours, beside the library's runner with a single counter."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

from adapters import bootstrap
from adapters.lab.bench.figure import Figure, compared
from adapters.lab.bench.ground import Ground, load
from adapters.postgres.log.datastore import connection_parts
from adapters.postgres.projector.runner import Runner
from projections.index import READ_MODELS

EVENTS_A_STREAM = 10


class Visitor(Aggregate):
    """A stream of the stock application, as the library's own tutorial writes one."""

    @event("Begun")
    def __init__(self) -> None:
        self.notes = 0

    @event("Noted")
    def note(self, text: str) -> None:
        self.notes += 1


class Visits(Application[UUID]):
    """The stock application."""


class Counter(PostgresTrackingRecorder):
    """The stock view: how many events there were."""

    def __init__(self, datastore: PostgresDatastore, **settings: Any) -> None:
        super().__init__(datastore, **settings)
        with datastore.transaction(commit=True) as cursor:
            cursor.execute("create table if not exists counted (name text primary key, n bigint not null)")

    def count(self, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "insert into counted values ('all', 1) on conflict (name) do update set n = counted.n + 1", prepare=True
            )


class Counting(Projection[Counter]):
    """The stock projection: one more for each event."""

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.count(tracking)


def read_models(ground: Ground, *, events: int, stock_events: int, rounds: int) -> Figure:
    """Events a second into all read models, and into one counter by the library's runner."""
    log = ground.empty_log("folded")
    ours = load(ground, log, events)
    stock = write_stock(ground, stock_events)
    rates: dict[str, list[float]] = {"ours": [], "stock": []}
    for _ in range(rounds):
        rates["ours"].append(ours / fold_all(ground))
        rates["stock"].append(stock / run_stock(ground, stock))
    notes = {"events": ours, "events of the stock runner": stock, "read models": len(READ_MODELS)}
    return compared(
        "read-models",
        f"all {len(READ_MODELS)} read models, beside one counter",
        "events/s",
        rates,
        "at least",
        50,
        notes,
    )


def fold_all(ground: Ground) -> float:
    """Seconds from no read model to all of them, over a copy of the loaded log."""
    conninfo = ground.plain("folding", template="folded")
    bootstrap.migrated(conninfo)  # a copied database does not bring the roles' rights
    ground.settle()
    with bootstrap.projector(conninfo) as datastore:
        began = time.perf_counter()
        Runner(datastore, READ_MODELS, "UTC", ground.key_file).catch_up()
        taken = time.perf_counter() - began
    ground.drop("folding")
    return taken


def stock_environment(conninfo: str) -> dict[str, str]:
    parts = connection_parts(conninfo)
    named = {f"POSTGRES_{name.upper()}": parts[name] for name in ("dbname", "host", "port", "user", "password")}
    return {"PERSISTENCE_MODULE": "eventsourcing.postgres", **named}


def write_stock(ground: Ground, events: int) -> int:
    """Fills a database by the stock application; how many events it holds."""
    environment = stock_environment(ground.plain("stock"))
    with Visits(environment) as visits:
        for _ in range(events // EVENTS_A_STREAM):
            visitor = Visitor()
            for _ in range(EVENTS_A_STREAM - 1):
                visitor.note(str(uuid4()))
            visits.save(visitor)
        return visits.recorder.max_notification_id() or 0


def run_stock(ground: Ground, events: int) -> float:
    """Seconds until the stock runner has counted all events of a copy of that database."""
    environment = stock_environment(ground.plain("stock_run", template="stock"))
    ground.settle()
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Visits, projection_class=Counting, view_class=Counter, env=environment
    ) as runner:
        runner.wait(events, timeout=600)
        taken = time.perf_counter() - began
    ground.drop("stock_run")
    return taken
