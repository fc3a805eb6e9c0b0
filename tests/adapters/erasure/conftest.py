"""A person to erase, and the workflow that erases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters import bootstrap
from adapters.bootstrap import VERB_OF
from adapters.intake.imports.upload_store import UploadStore
from adapters.postgres.log.event_log import EventLog
from adapters.settings import Settings
from commands.give_consent import GiveConsent
from commands.handle import Handled, Occasion, handle
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from commands.workflows.erase_person import ErasureWorkflow

Ask = Callable[..., Handled]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def uploads(tmp_path: Path) -> UploadStore:
    uploads = UploadStore(tmp_path / "imports")
    uploads.folder.mkdir()
    return uploads


@pytest.fixture
def erasing(log: EventLog, uploads: UploadStore) -> ErasureWorkflow:
    return bootstrap.erasing(log, Settings(data_folder=uploads.folder.parent))


@pytest.fixture
def ask(log: EventLog) -> Ask:
    """Asks a command of the log."""

    def ask(command: type[Command], **fields: Any) -> Handled:
        at = now()
        made = command(**fields, now=at)
        return handle(log, VERB_OF, Occasion(uuid4(), "user:ana", at), lambda: (made,))

    return ask


@pytest.fixture
def ines(ask: Ask) -> UUID:
    """Ines, who has allowed us something."""
    person = uuid4()
    ask(SourceCandidate, candidate=person, name="Ines Prado", emails=("ines@example.org",), phones=("+1 555 0101",),
        source="career-site", outside_source="old-crm", outside_id="4711")  # fmt: skip
    ask(GiveConsent, candidate=person, purpose="talent_pool", channels=("email",))
    return person
