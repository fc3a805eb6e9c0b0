"""The log as commands open it: the database that the settings name, with its keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapters import bootstrap
from adapters.postgres.log.event_log import EventLog
from adapters.settings import Settings


@contextmanager
def existing_log(settings: Settings) -> Iterator[EventLog]:
    """Yield the log that exists. Errors: LogIsNotMade, KeyFileIsUnusable, KeyFileIsAnothers, PhoneRegionIsFixed."""
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        yield log
