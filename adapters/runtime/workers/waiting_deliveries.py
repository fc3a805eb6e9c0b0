"""Reads deliveries again that came before their cause, once the cause is in the log, every thirty seconds."""

from __future__ import annotations

from eventsourcing.postgres import PostgresDatastore

from adapters import bootstrap
from adapters.postgres.tables.deliveries import Deliveries
from adapters.runtime.periodic import Periodic
from adapters.runtime.supervision import Work
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings

NAME, EVERY_SECONDS = "waiting-deliveries", 30.0


def start(host: Host) -> Work:
    """Return the work: one look after the other."""
    waiting = bootstrap.waiting(host.log, host.settings)
    return Periodic(NAME, host.log.recorder.datastore.pool, lambda _: waiting.look(), EVERY_SECONDS).run


def lag(datastore: PostgresDatastore, _: Settings) -> float:
    """Return for how long a delivery has waited whose cause may be in the log."""
    return Deliveries(datastore).seconds_left_waiting()


WORKER = Worker(NAME, "read deliveries again whose cause came later", start, lag)
