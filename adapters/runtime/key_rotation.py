"""Rotates the keys automatically when it is time, in the process that folds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg

from adapters import bootstrap
from adapters.postgres.keys.epochs import EpochsAreMissing, KeysAreBeingRotated, WrappedKeyIsBroken, is_due
from adapters.postgres.keys.key_file import (
    EpochIsNotInKeyFile,
    EpochKeyIsDoubled,
    EpochKeyIsWrong,
    KeyFileCannotBeWritten,
    KeyFileIsAnothers,
    KeyFileIsUnusable,
)
from adapters.postgres.projector.rebuild import IsBeingRebuilt, SwapFoundNoMoment
from adapters.runtime.background import beside
from adapters.settings import Settings

LOGGER = logging.getLogger(__name__)
FIRST_LOOK, LOOKS_EVERY = 60.0, 3600.0
"""Seconds. Soon after the start, because a process may never run for long."""

CANNOT_NOW = (
    psycopg.Error,
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


@contextmanager
def rotating(conninfo: str, settings: Settings) -> Iterator[None]:
    """Looks every hour, in a thread of its own, whether a rotation is due; stopped at the end."""
    if not settings.rotate_by_itself:
        yield
        return
    with beside(partial(rotate_on_time, conninfo, settings), "rotation"):
        yield


def rotate_on_time(conninfo: str, settings: Settings, stop: threading.Event) -> None:
    seconds = FIRST_LOOK
    while not stop.wait(seconds):
        seconds = LOOKS_EVERY
        try:
            rotate_if_due(conninfo, settings, stop)
        except KeysAreBeingRotated:
            continue  # by a process beside this one, which is as good
        except MustStop:
            return
        except CANNOT_NOW as error:
            LOGGER.error("the keys are due to be rotated and cannot be: %s", error)


def rotate_if_due(conninfo: str, settings: Settings, stop: threading.Event) -> None:
    def progress(_: str, __: int, ___: int) -> None:
        if stop.is_set():
            raise MustStop

    with psycopg.connect(conninfo, autocommit=True) as connection:
        if not is_due(connection, settings.rotate_every):
            return
    with bootstrap.rotation(conninfo, settings, progress) as rotation:
        done = rotation.run()
    LOGGER.warning("the keys were rotated: epoch %s is current, destroyed: %s", done.epoch, ", ".join(done.destroyed))
    if done.left:
        LOGGER.error("run this as a superuser, or deleted bytes stay in its log for a while: %s", "; ".join(done.left))
