"""Records the consents that have ended, every minute."""

from __future__ import annotations

from datetime import UTC, datetime

from eventsourcing.postgres import PostgresDatastore

from adapters import bootstrap
from adapters.postgres.read_models import ConsentEnds
from adapters.postgres.tables.offsets import Offsets
from adapters.runtime.periodic import Periodic
from adapters.runtime.supervision import Work
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings
from commands.workflows.expire_consents import Watermark, watermark

NAME, EVERY_SECONDS = "consent-expiry", 60.0


def start(host: Host) -> Work:
    """Return the work: one run of the workflow after the other."""
    workflow = bootstrap.expiring(host.log)
    return Periodic(NAME, host.log.recorder.datastore.pool, lambda _: workflow.run(), EVERY_SECONDS).run


def lag(datastore: PostgresDatastore, _: Settings) -> float:
    """Return for how long the consent that ended first has not been looked at."""
    consents, since, now = ConsentEnds(datastore.get_connection), watermark(Offsets(datastore)), datetime.now(UTC)
    position = consents.position()
    if position == 0:
        return 0.0
    ended = consents.ended(since, Watermark(max(now, since.until), max(position, since.position)))
    return max(((now - max(item.valid_until, since.until)).total_seconds() for item in ended), default=0.0)


WORKER = Worker(NAME, "record the consents that have ended", start, lag)
