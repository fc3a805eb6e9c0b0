"""Rotates the keys when their epoch is old enough; looks every hour."""

from __future__ import annotations

import logging
import threading
from functools import partial

import psycopg
from eventsourcing.postgres import PostgresDatastore

from adapters import bootstrap
from adapters.postgres.keys import epochs
from adapters.postgres.keys.epochs import EpochsAreMissing, KeysAreBeingRotated, WrappedKeyIsBroken
from adapters.postgres.keys.key_file import (
    EpochIsNotInKeyFile,
    EpochKeyIsDoubled,
    EpochKeyIsWrong,
    KeyFileCannotBeWritten,
    KeyFileIsAnothers,
    KeyFileIsUnusable,
)
from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.migrate import PROJECTOR
from adapters.postgres.projector.rebuild import IsBeingRebuilt, SwapFoundNoMoment
from adapters.runtime.periodic import Periodic
from adapters.runtime.supervision import Work
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings

LOGGER = logging.getLogger(__name__)
NAME, EVERY_SECONDS = "key-rotation", 3600.0
TRIES_AGAIN_WITHIN = 600.0
"""Seconds from a rotation that failed to the next attempt, at most."""

EXPECTED = (
    EpochsAreMissing,
    EpochIsNotInKeyFile,
    EpochKeyIsDoubled,
    EpochKeyIsWrong,
    IsBeingRebuilt,
    KeyFileCannotBeWritten,
    KeyFileIsAnothers,
    KeyFileIsUnusable,
    SwapFoundNoMoment,
    WrappedKeyIsBroken,
)


class MustStop(Exception):
    """This process is to end. The rotation goes on when it, or another one, is started."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def start(host: Host) -> Work:
    """Return the work; where keys are rotated by hand alone, it waits until it is to stop."""
    if not host.settings.rotate_by_itself:
        return lambda stop: stop.wait()
    datastore = host.enter(open_datastore(host.conninfo, PROJECTOR, pool_size=1))
    rotate = partial(rotate_if_due, host.conninfo, host.settings)
    return Periodic(NAME, datastore.pool, rotate, EVERY_SECONDS).run


def rotate_if_due(conninfo: str, settings: Settings, stop: threading.Event) -> None:
    """Rotate the keys if it is time. A rotation that was interrupted goes on. Errors: those of a rotation."""

    def progress(_: str, __: int, ___: int) -> None:
        if stop.is_set():
            raise MustStop

    with psycopg.connect(conninfo, autocommit=True) as connection:
        if not epochs.is_due(connection, settings.rotate_every):
            return
    try:
        with bootstrap.rotation(conninfo, settings, progress) as rotation:
            done = rotation.run()
    except KeysAreBeingRotated:
        return  # by an operator, which is as good
    except MustStop:
        return
    LOGGER.warning("the keys were rotated: epoch %s is current, destroyed: %s", done.epoch, ", ".join(done.destroyed))
    if done.left:
        LOGGER.error("run this as a superuser, or deleted bytes stay in its log for a while: %s", "; ".join(done.left))


def lag(datastore: PostgresDatastore, settings: Settings) -> float:
    """Return for how long a rotation has been due."""
    with datastore.get_connection() as connection:
        return epochs.seconds_overdue(connection, settings.rotate_every)


WORKER = Worker(NAME, "rotate the keys when it is time", start, lag, EXPECTED, TRIES_AGAIN_WITHIN)
