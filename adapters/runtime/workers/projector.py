"""Folds the log into the read models."""

from __future__ import annotations

from eventsourcing.postgres import PostgresDatastore

from adapters import bootstrap
from adapters.postgres.keys.key_file import KEY_FILE_ERRORS
from adapters.postgres.projector import folds
from adapters.runtime.supervision import Work
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings
from projections.index import READ_MODELS


def start(host: Host) -> Work:
    """Return the work of the projector. Errors: KeyFileIsUnusable."""
    bootstrap.bound(host.conninfo, host.settings)
    datastore = host.enter(bootstrap.projector(host.conninfo))
    return bootstrap.runner(datastore, host.settings).run


def lag(datastore: PostgresDatastore, _: Settings) -> float:
    """Return how long the oldest event has waited that one of the read models has not folded."""
    with datastore.get_connection() as connection:
        position = min(folds.position_of(connection, model.schema) for model in READ_MODELS)
        return folds.seconds_since(connection, position)


WORKER = Worker("projector", "fold the log into the read models", start, lag, KEY_FILE_ERRORS)
