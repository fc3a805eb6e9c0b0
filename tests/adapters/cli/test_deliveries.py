"""An operator lists the deliveries that were not applied, for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from typer.testing import CliRunner, Result

from adapters.bootstrap import VERB_OF
from adapters.cli.dates import written_age
from adapters.cli.main import cli
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from tests.adapters.intake.integrations.bodies import NEW, SECRET, UNREJECTED, delivery, signed


@pytest.fixture(autouse=True)
def settings(database: str, key_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_KEY_FILE", str(key_path))
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))


@pytest.fixture(autouse=True)
def delivered(log: EventLog, key_file: KeyFile, database: str) -> None:
    inbox = Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("UTC"))
    for number, body in enumerate((NEW, UNREJECTED, delivery("interview_deleted"))):
        inbox.receive(INTEGRATIONS["greenhouse"], [SECRET], signed(body, event=f"e{number}"), body, datetime.now(UTC))
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("update delivery set received_at = received_at - interval '3 days' where delivery_id = 'e1'")


def typed(*words: str) -> Result:
    return CliRunner().invoke(cli, ("deliveries", *words), env={"COLUMNS": "400"})


def test_they_are_listed_with_what_to_do(key_file: KeyFile) -> None:
    shown = typed()
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.index("unreject_candidate") < shown.stdout.index("interview_deleted")
    assert str(key_file.stream_of("greenhouse", "candidate", "501")) in shown.stdout
    assert "3d" in shown.stdout
    assert "1 waiting: application-is-not-rejected. It takes a rejection back, and none is known." in shown.output
    assert "Rosa" not in shown.output


def test_they_are_narrowed_and_printed_as_json() -> None:
    (listed,) = json.loads(typed("--json", "--older-than", "2d").stdout)
    assert (listed["id"], listed["state"], listed["age_seconds"] // 3600) == ("e1", "waiting", 72)
    assert [row["id"] for row in json.loads(typed("--json", "--state", "kept").stdout)] == ["e2"]
    assert json.loads(typed("--json", "--integration", "lever").stdout) == []
    assert len(json.loads(typed("--json", "--limit", "1").stdout)) == 1
    assert "--limit shows more" in typed("--limit", "1").output


def test_a_wrong_filter_is_refused() -> None:
    assert "not written like 90d" in typed("--older-than", "yesterday").output
    assert typed("--state", "lost").exit_code == 2


@pytest.mark.parametrize(("seconds", "written"), [(59, "0m"), (3_599, "59m"), (3_600, "1h"), (86_400 * 40, "40d")])
def test_an_age_is_written_in_its_largest_unit(seconds: int, written: str) -> None:
    assert written_age(timedelta(seconds=seconds)) == written
