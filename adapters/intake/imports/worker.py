"""Imports uploaded files, one after the other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from adapters.intake.imports.importing import Importer
from adapters.intake.imports.ledger import END, Standing
from adapters.intake.imports.refusals import FileCannotBeImported, ImportIsAtWork
from adapters.intake.imports.upload_store import About, UploadStore
from adapters.postgres.connections import UNREACHABLE
from adapters.postgres.keys.key_file import KEY_FILE_ERRORS

NOT_OF_THE_FILE: tuple[type[Exception], ...] = (*UNREACHABLE, *KEY_FILE_ERRORS)
LOGGER = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 1.0
SWEEP_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ImportWorker:
    """Imports what is uploaded. Interrupted in the middle of a file, or killed, it resumes there."""

    importer: Importer
    uploads: UploadStore

    def run(self, stop: threading.Event) -> None:
        """Import what is uploaded until `stop` is set; then finish the current block of lines.

        Errors: those of a database that cannot be reached, and of the key file; the file waits meanwhile.
        """
        swept = float("-inf")
        while not stop.is_set():
            if time.monotonic() > swept + SWEEP_EVERY_SECONDS:
                self.uploads.sweep(self.importer.now())
                swept = time.monotonic()
            for about in self.uploads.waiting():
                if not stop.is_set():
                    self._import(about, stop)
            stop.wait(LOOK_EVERY_SECONDS)

    def _import(self, about: About, stop: threading.Event) -> None:
        folder, now = self.uploads.of(about.id), self.importer.now
        if not self.uploads.order(about).path.exists():  # the server was killed while it ended this import
            through = self.uploads.standing(about.id).line == END
            return self.uploads.end(about, "done" if through else "stopped", now(), None if through else CUT_OFF)
        try:
            report = self.importer.run(self.uploads.order(about), folder, self._noting(about), stop.is_set)
        except ImportIsAtWork:
            return None  # another server of this folder has it
        except FileCannotBeImported as broken:
            self.uploads.end(about, "stopped", now(), str(broken))
        except NOT_OF_THE_FILE:
            raise  # the file waits until they are mended
        except Exception:  # logged; the import is listed as stopped, and the next one begins
            LOGGER.exception("import %s failed", about.id)
            self.uploads.end(about, "stopped", now(), FAILED)
        else:
            if report.through:
                self.uploads.end(replace(about, read=about.size), "done", now())
        return None

    def _noting(self, about: About) -> Callable[[int, int, Standing], None]:
        """Return a function that notes how far the import has come and how fast."""
        began, before = time.monotonic(), self.uploads.standing(about.id).lines

        def note(read: int, _: int, standing: Standing) -> None:
            rate = (standing.lines - before) / max(time.monotonic() - began, 0.001)
            self.uploads.note(replace(about, state="at-work", read=read, rate=round(rate, 1)))

        return note


FAILED = "This is our mistake; the service's own log says more. What was imported before stays."
CUT_OFF = "It could not be read to its end. What was imported before stays; mend the file and upload it again."
