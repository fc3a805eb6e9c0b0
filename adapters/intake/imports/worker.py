"""Imports the files that wait on the shelf, one after the other, in the background of a server."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from adapters.intake.imports.importing import Importer
from adapters.intake.imports.ledger import END, Standing
from adapters.intake.imports.refusals import FileCannotBeImported, ImportIsAtWork
from adapters.intake.imports.upload_store import About, UploadStore
from adapters.postgres.connections import UNREACHABLE
from adapters.postgres.keys.key_file import KEY_FILE_ERRORS

LOGGER = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 5.0


@dataclass(slots=True)
class Worker:
    """Works as long as it is `working`. Left in the middle of a file, or killed, it goes on there the next time."""

    importer: Importer
    uploads: UploadStore
    _wake: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def wake(self) -> None:
        """Something was put on the shelf."""
        self._wake.set()

    @contextmanager
    def working(self) -> Iterator[None]:
        """A thread that works meanwhile; at the end it is through with its block of lines."""
        thread = threading.Thread(target=self._work, name="imports")
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._wake.set()
            thread.join()

    def _work(self) -> None:
        while not self._over.is_set():
            self._wake.clear()
            self.uploads.sweep(self.importer.now())
            for about in self.uploads.waiting():
                if not self._over.is_set():
                    self._import(about)
            self._wake.wait(LOOK_EVERY_SECONDS)

    def _import(self, about: About) -> None:
        folder, now = self.uploads.of(about.id), self.importer.now
        if not self.uploads.order(about).path.exists():  # the server was killed while it ended this import
            through = self.uploads.standing(about.id).line == END
            return self.uploads.end(about, "done" if through else "stopped", now(), None if through else CUT_OFF)
        try:
            report = self.importer.run(self.uploads.order(about), folder, self._noting(about), self._over.is_set)
        except ImportIsAtWork:
            return None  # another server of this folder has it
        except FileCannotBeImported as broken:
            self.uploads.end(about, "stopped", now(), str(broken))
        except UNREACHABLE:
            LOGGER.warning("import %s waits for the log", about.id)
        except KEY_FILE_ERRORS as error:
            LOGGER.error("import %s waits for the key file: %s", about.id, error)
        except Exception:  # whoever waits for the import is told that it stopped, and the next one begins
            LOGGER.exception("import %s failed", about.id)
            self.uploads.end(about, "stopped", now(), FAILED)
        else:
            if report.through:
                self.uploads.end(replace(about, read=about.size), "done", now())
        return None

    def _noting(self, about: About) -> Callable[[int, int, Standing], None]:
        """Writes down how far it has come and how fast."""
        began, before = time.monotonic(), self.uploads.standing(about.id).lines

        def note(read: int, _: int, standing: Standing) -> None:
            rate = (standing.lines - before) / max(time.monotonic() - began, 0.001)
            self.uploads.note(replace(about, state="at-work", read=read, rate=round(rate, 1)))

        return note


FAILED = "This is our mistake; the service's own log says more. What was imported before stays."
CUT_OFF = "It could not be read to its end. What was imported before stays; mend the file and upload it again."
