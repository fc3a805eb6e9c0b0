"""The report on a person is written as JSON or as a page, for the operator alone, and recorded as an export."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from typer.testing import CliRunner, Result

from adapters import bootstrap
from adapters.bootstrap import VERB_OF
from adapters.cli.main import cli
from adapters.postgres.log.event_log import EventLog
from adapters.settings import Settings
from commands.handle import Occasion, handle
from commands.source_candidate import SourceCandidate
from domain.candidate import CandidateDoesNotExist

INES = UUID(int=7)


@pytest.fixture(autouse=True)
def folded(log: EventLog, database: str, key_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_KEY_FILE", str(key_path))
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))
    now = datetime.now(UTC)
    command = SourceCandidate(candidate=INES, source="fair", name="Ines Prado", now=now)
    handle(log, VERB_OF, Occasion(uuid4(), "user:ana", now), lambda: (command,))
    with bootstrap.projector(database) as datastore:
        bootstrap.runner(datastore, Settings()).catch_up()


def subject_access(candidate: UUID, out: Path) -> Result:
    return CliRunner().invoke(cli, ["subject-access", str(candidate), "--out", str(out)], env={"COLUMNS": "400"})


def test_the_report_is_json_or_a_page_that_only_the_operator_can_read(tmp_path: Path) -> None:
    report, page = tmp_path / "ines.json", tmp_path / "ines.html"
    written = subject_access(INES, report)
    assert written.exit_code == 0, written.output
    answer = json.loads(report.read_bytes())
    assert (answer["candidate"], answer["profile"]["name"]) == (str(INES), "Ines Prado")
    assert f"recorded as export {answer['export']}" in written.stderr
    with bootstrap.projector(Settings().database_url or "") as datastore:  # the export is an event to fold, too
        bootstrap.runner(datastore, Settings()).catch_up()
    assert subject_access(INES, page).exit_code == 0
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "Ines Prado" in page.read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (report, page)} == {0o600}


def test_every_report_is_recorded_as_an_export_and_an_unknown_person_has_none(tmp_path: Path, database: str) -> None:
    assert isinstance(subject_access(UUID(int=8), tmp_path / "x.json").exception, CandidateDoesNotExist)
    assert not (tmp_path / "x.json").exists()
    assert subject_access(INES, tmp_path / "ines.json").exit_code == 0
    with psycopg.connect(database) as connection:
        exports = connection.execute("select count(*) from event where type = 'people-exported.v1'").fetchone()
    assert exports == (1,)
