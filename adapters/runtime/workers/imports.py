"""Imports uploaded files, one after the other."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from eventsourcing.postgres import PostgresDatastore

from adapters import bootstrap
from adapters.intake.imports.upload_store import UploadStore
from adapters.intake.imports.worker import ImportWorker
from adapters.postgres.keys.key_file import KEY_FILE_ERRORS
from adapters.runtime.supervision import Work
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings


def start(host: Host) -> Work:
    """Return the work. A folder's lock keeps two processes from one file: they need not share the folder."""
    importer, pool = bootstrap.importer(host.log, host.settings), host.log.recorder.datastore.pool
    worker = ImportWorker(importer, UploadStore(importer.folder))

    def work(stop: threading.Event) -> None:
        pool.check()  # connections that died meanwhile are replaced first
        worker.run(stop)

    return work


def lag(_: PostgresDatastore, settings: Settings) -> float:
    """Return for how long the oldest upload that is not through has waited, in this host's data folder."""
    waiting = UploadStore(bootstrap.imports_folder(settings)).waiting()
    return max(((datetime.now(UTC) - about.asked_at).total_seconds() for about in waiting), default=0.0)


WORKER = Worker("imports", "import uploaded files", start, lag, KEY_FILE_ERRORS)
