"""Fetches from vendors what their thin deliveries only name, every two seconds."""

from __future__ import annotations

from adapters import bootstrap
from adapters.runtime.periodic import Periodic
from adapters.runtime.supervision import Work
from adapters.runtime.worker import Host, Worker

NAME, EVERY_SECONDS = "delivery-fetching", 2.0


def start(host: Host) -> Work:
    """Return the work: one look after the other. A vendor that cannot be reached is asked again later."""
    fetching = bootstrap.fetching(host.log, host.settings)
    return Periodic(NAME, host.log.recorder.datastore.pool, fetching.run, EVERY_SECONDS).run


WORKER = Worker(NAME, "fetch what thin deliveries only name", start)
