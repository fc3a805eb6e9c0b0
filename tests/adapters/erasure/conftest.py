"""Somebody to erase, and what erases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.bootstrap import VERB_OF
from adapters.erasure.eraser import Holdings
from adapters.erasure.erasing import Erasing
from adapters.intake.imports.upload_store import UploadStore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.erasures import Erasures
from commands.give_consent import GiveConsent
from commands.handle import Handled, Occasion, handle
from commands.source_candidate import SourceCandidate
from commands.verb import Command

Ask = Callable[..., Handled]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def uploads(tmp_path: Path) -> UploadStore:
    uploads = UploadStore(tmp_path / "imports")
    uploads.folder.mkdir()
    return uploads


@pytest.fixture
def erasing(log: EventLog, uploads: UploadStore) -> Erasing:
    holdings = Holdings(log, Erasures(log.recorder.datastore), uploads)
    return Erasing(VERB_OF, holdings, timedelta(days=30), now, uuid4)


@pytest.fixture
def ask(log: EventLog) -> Ask:
    """Asks a command of the log."""

    def ask(command: type[Command], **fields: Any) -> Handled:
        at = now()
        asked = command(**fields, now=at)
        return handle(log, VERB_OF, Occasion(uuid4(), "user:ana", at), lambda: (asked,))

    return ask


@pytest.fixture
def ines(ask: Ask) -> UUID:
    """Ines, who has allowed us something."""
    person = uuid4()
    ask(SourceCandidate, candidate=person, name="Ines Prado", emails=("ines@example.org",), phones=("+1 555 0101",),
        source="career-site", outside_source="old-crm", outside_id="4711")  # fmt: skip
    ask(GiveConsent, candidate=person, purpose="talent_pool", channels=("email",))
    return person
