"""An operator opens a handshake for a vendor, and deletes the secret that it brought."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli.main import cli
from adapters.intake.integrations.handshakes import IntegrationHasNoHandshake, IntegrationHasSecret
from adapters.intake.integrations.index import IntegrationDoesNotExist


@pytest.fixture(autouse=True)
def settings(database: str, key_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_KEY_FILE", str(key_path))
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))


def typed(*words: str) -> Result:
    return CliRunner().invoke(cli, ("handshakes", *words), env={"COLUMNS": "400"})


@pytest.mark.usefixtures("log")
def test_a_handshake_is_opened_and_forgotten() -> None:
    opened = typed("open", "smartrecruiters", "--minutes", "5")
    assert opened.exit_code == 0, opened.output
    assert "is open until" in opened.stderr + opened.stdout
    assert typed("forget", "smartrecruiters").exit_code == 0


@pytest.mark.usefixtures("log")
def test_it_is_not_opened_where_there_is_a_secret_or_no_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(typed("open", "no-such-system").exception, IntegrationDoesNotExist)
    assert isinstance(typed("open", "greenhouse").exception, IntegrationHasNoHandshake)
    monkeypatch.setenv("PERENNIAL_INBOUND_SECRETS", '{"smartrecruiters": ["configured"]}')
    assert isinstance(typed("open", "smartrecruiters").exception, IntegrationHasSecret)
