"""An importer over an empty log, and files to give it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from adapters.bootstrap import VERB_OF
from adapters.intake.imports.importing import Importer, Order, Report
from adapters.intake.imports.ledger import OUTCOMES, REJECTED
from adapters.intake.imports.lines import format_of
from adapters.intake.imports.mapping import PLAIN, Wording
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from domain.event import Event, Recorded

SYSTEM = "old-crm"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def importer(log: EventLog, tmp_path: Path) -> Importer:
    """Takes small blocks, so that a short file has several."""
    return Importer(log, VERB_OF, ZoneInfo("Europe/Berlin"), lambda: NOW, tmp_path / "imports", lines_at_once=3)


class House:
    """What a test does: write a file, import it, and look at the log."""

    def __init__(self, importer: Importer, folder: Path, key_file: KeyFile) -> None:
        self.importer, self.folder, self.key_file = importer, folder, key_file

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def import_(
        self, kind: str, path: Path, *, system: str = SYSTEM, wording: Wording = PLAIN, dry_run: bool = False
    ) -> Report:
        order = Order(path, kind, system, format_of(path), wording)
        to = {REJECTED: self.rejected(path), OUTCOMES: self.outcomes(path)}
        return self.importer.import_file(order, to, dry_run=dry_run)

    def taken(self, kind: str, text: str, **how: Any) -> Report:
        """Imports a text of which nothing may be rejected."""
        path = self.file(f"{kind}.{'ndjson' if text.startswith('{') else 'csv'}", text)
        report = self.import_(kind, path, **how)
        assert not report.standing.rejected, self.rejected(path).read_text()
        return report

    def rejected(self, path: Path) -> Path:
        return path.with_name(f"{path.stem}.rejected{path.suffix}")

    def outcomes(self, path: Path) -> Path:
        return path.with_name(f"{path.stem}.outcomes.csv")

    def stream(self, kind: str, outside_id: str, system: str = SYSTEM) -> UUID:
        return self.key_file.stream_of(system, kind, outside_id)

    def history(self, kind: str, outside_id: str) -> list[Recorded[Event]]:
        return self.importer.log.history(self.stream(kind, outside_id))

    def types(self, kind: str, outside_id: str) -> list[str]:
        return [recorded.event.stored_name.removesuffix(".v1") for recorded in self.history(kind, outside_id)]

    def types_of(self, system: str, outside_id: str) -> list[str]:
        """The events of a candidate whom another system names."""
        history = self.importer.log.history(self.stream("candidate", outside_id, system))
        return [recorded.event.stored_name for recorded in history]

    def length(self) -> int:
        """How many events the log has."""
        return len(self.importer.log.recorder.select_notifications(None, 1_000_000))


@pytest.fixture
def house(importer: Importer, tmp_path: Path, key_file: KeyFile) -> House:
    return House(importer, tmp_path, key_file)
