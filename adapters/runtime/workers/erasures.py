"""Resumes erasures that were requested and not completed, every thirty seconds."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from functools import partial

from eventsourcing.postgres import PostgresDatastore

from adapters import bootstrap
from adapters.postgres.tables.erasures import Erasures
from adapters.runtime.periodic import Periodic
from adapters.runtime.supervision import Work
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings
from commands.workflows.erase_person import ErasureWorkflow

LOGGER = logging.getLogger(__name__)
NAME, EVERY_SECONDS = "erasures", 30.0


def start(host: Host) -> Work:
    """Return the work: one pass over the unfinished erasures after the other."""
    resumed = partial(resume, bootstrap.erasing(host.log, host.settings))
    return Periodic(NAME, host.log.recorder.datastore.pool, resumed, EVERY_SECONDS).run


def resume(erasures: ErasureWorkflow, stop: threading.Event) -> None:
    """Carry out what is left, person by person, and stop between two of them. Errors: those of `resume`."""
    for erasure in erasures.resume():
        LOGGER.warning("the erasure %s is %s", erasure.request, erasure.state)
        if stop.is_set():
            return


def lag(datastore: PostgresDatastore, _: Settings) -> float:
    """Return for how long the oldest erasure that is not completed has been requested."""
    requested_at = Erasures(datastore).oldest_unfinished()
    return 0.0 if requested_at is None else (datetime.now(UTC) - requested_at).total_seconds()


WORKER = Worker(NAME, "resume erasures that are not completed", start, lag)
