"""An operator erases a person, and resumes an erasure that was interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from adapters.cli.main import cli
from commands.workflows.erase_person import Eraser, EraserMustWait, ErasureWorkflow, Person
from domain.candidate import CandidateDoesNotExist, CandidateIsErased
from domain.errors import ExplainedError
from domain.suppression import AddressIsNotSuppressed


@pytest.fixture
def perennial(database: str, key_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_KEY_FILE", str(key_path))
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))
    return CliRunner()


def erase(perennial: CliRunner, *words: object) -> Result:
    return perennial.invoke(cli, ["erase", *map(str, words)])


def test_a_person_is_erased_and_only_once(perennial: CliRunner, ines: UUID, erasing: ErasureWorkflow) -> None:
    done = erase(perennial, ines, "--by", "recruiter", "--ground", "consent-withdrawn")
    assert done.exit_code == 0, done.output
    assert f"{ines}: completed" in done.stderr
    assert "no older copy can be decrypted after" in done.stderr
    erasure = erasing.find(ines)
    assert (erasure.by, erasure.ground, erasure.state) == ("recruiter", "consent-withdrawn", "completed")
    assert isinstance(erase(perennial, ines).exception, CandidateIsErased)


def test_what_was_broken_off_goes_on(perennial: CliRunner, ines: UUID, erasing: ErasureWorkflow) -> None:
    def wait(_: Person) -> int:
        raise EraserMustWait("imports", "one is at work")

    replace(erasing, before=(Eraser("imports", wait),)).erase(ines, by="self", ground="art-17", actor="user:priya")
    done = erase(perennial, "--resume")
    assert done.exit_code == 0, done.output
    assert "1 erasures were not completed before" in done.stderr
    assert erasing.find(ines).state == "completed"
    assert "0 erasures" in erase(perennial, "--resume").stderr


def test_what_is_asked_wrongly_is_refused(perennial: CliRunner, ines: UUID) -> None:
    assert isinstance(erase(perennial).exception, ExplainedError)
    assert isinstance(erase(perennial, ines, "--resume").exception, ExplainedError)
    assert isinstance(erase(perennial, UUID(int=1)).exception, CandidateDoesNotExist)
    assert isinstance(erase(perennial, ines, "--ground", "Because she asked").exception, ExplainedError)


def test_a_suppressed_address_is_released_once(perennial: CliRunner, ines: UUID) -> None:
    def release(address: str) -> Result:
        return perennial.invoke(cli, ["release-address", "email"], input=f"{address}\n")

    assert isinstance(release("ines@example.org").exception, AddressIsNotSuppressed)
    assert erase(perennial, ines).exit_code == 0
    done = release("Ines Prado <INES@example.org>")
    assert done.exit_code == 0, done.output
    assert "the email may be recorded again" in done.stderr
    assert "example.org" not in done.stderr
    assert isinstance(release("ines@example.org").exception, AddressIsNotSuppressed)
    assert isinstance(release("n/a").exception, ExplainedError)
