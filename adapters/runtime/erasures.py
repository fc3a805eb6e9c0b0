"""Resumes erasures that were requested and not completed."""

from __future__ import annotations

import logging
import threading

from commands.workflows.erase_person import ErasureWorkflow

LOGGER = logging.getLogger(__name__)
EVERY_SECONDS = 30.0


def resume(erasures: ErasureWorkflow, stop: threading.Event) -> None:
    """Carry out what is left, person by person, and stop between two of them. Errors: those of `resume`."""
    for erasure in erasures.resume():
        LOGGER.warning("the erasure %s is %s", erasure.request, erasure.state)
        if stop.is_set():
            return
