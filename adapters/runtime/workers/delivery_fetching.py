"""Fetches from vendors what their thin deliveries only name, every two seconds."""

from __future__ import annotations

from eventsourcing.postgres import PostgresDatastore

from adapters import bootstrap
from adapters.postgres.tables.deliveries import Deliveries
from adapters.runtime.periodic import Periodic
from adapters.runtime.supervision import Work
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings

NAME, EVERY_SECONDS = "delivery-fetching", 2.0


def start(host: Host) -> Work:
    """Return the work: one look after the other. A vendor that cannot be reached is asked again later."""
    fetching = bootstrap.fetching(host.log, host.settings)
    return Periodic(NAME, host.log.recorder.datastore.pool, fetching.run, EVERY_SECONDS).run


def lag(datastore: PostgresDatastore, settings: Settings) -> float:
    """Return for how long a delivery has been due to be fetched for, of the vendors to which there is access."""
    return Deliveries(datastore).seconds_to_fetch(list(settings.inbound_fetch))


WORKER = Worker(NAME, "fetch what thin deliveries only name", start, lag)
