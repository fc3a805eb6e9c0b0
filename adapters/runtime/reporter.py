"""Reports to the database how the workers of this process do, so that `perennial status` can show it."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from adapters.postgres.log.datastore import role_options
from adapters.postgres.migrate import SERVICE
from adapters.postgres.tables import workers
from adapters.postgres.tables.workers import WorkerReport
from adapters.runtime.entropy import ENTROPY
from adapters.runtime.supervision import Supervision

LOGGER = logging.getLogger(__name__)
EVERY_SECONDS = 2.0
CONNECTS_WITHIN = 5


def place() -> str:
    """Return where this process runs."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Reporter:
    """Reports every two seconds as long as it runs. Where the database is away it tries again."""

    conninfo: str
    supervised: Sequence[Supervision]
    instance: UUID = field(default_factory=ENTROPY.new_id)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._session(stop)
            except psycopg.Error as error:
                LOGGER.debug("how the workers do cannot be reported: %s", error)
                stop.wait(EVERY_SECONDS)

    def _session(self, stop: threading.Event) -> None:
        options = role_options(self.conninfo, SERVICE)
        with psycopg.connect(
            self.conninfo, autocommit=True, connect_timeout=CONNECTS_WITHIN, options=options
        ) as connection:
            while not stop.is_set():
                workers.report(connection, self.reports())
                stop.wait(EVERY_SECONDS)
            workers.forget(connection, self.instance)

    def reports(self) -> list[WorkerReport]:
        """Returns how each worker does now."""
        return [
            WorkerReport(
                name=item.name,
                instance=self.instance,
                place=place(),
                started_at=self.started_at,
                restarts=item.state.restarts,
                failing=item.state.failing,
                last_error=item.state.last_error,
                last_error_at=item.state.last_error_at,
            )
            for item in self.supervised
        ]
