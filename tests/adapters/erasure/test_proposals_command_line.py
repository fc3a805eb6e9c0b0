"""An operator lists the proposals to erase people, accepts one and declines another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from adapters import bootstrap
from adapters.cli.main import cli
from adapters.settings import Settings
from commands.propose_erasure import ProposeErasure
from commands.workflows.erase_person import ErasureWorkflow
from domain.candidate import CandidateIsErased
from domain.erasure_proposal import ErasureProposalDoesNotExist, ErasureProposalIsDecided
from domain.errors import ExplainedError
from tests.adapters.erasure.conftest import Ask

PROPOSAL, OTHER = UUID(int=90), UUID(int=91)


@pytest.fixture
def perennial(database: str, key_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_KEY_FILE", str(key_path))
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))
    return CliRunner()


@pytest.fixture
def type_(perennial: CliRunner) -> Callable[..., Result]:
    return lambda *words: perennial.invoke(cli, ["erasure-proposals", *map(str, words)])


@pytest.fixture
def fold(database: str, perennial: CliRunner) -> Callable[[], None]:
    def fold() -> None:
        with bootstrap.projector(database) as datastore:
            bootstrap.runner(datastore, Settings()).catch_up()

    return fold


@pytest.fixture
def proposed(ask: Ask, ines: UUID) -> None:
    for proposal, kind in ((PROPOSAL, "anonymise"), (OTHER, "delete")):
        fields = ("full_name",) if kind == "anonymise" else ()
        ask(ProposeErasure, candidate=ines, proposal=proposal, source="greenhouse", kind=kind, fields=fields)


@pytest.mark.usefixtures("proposed")
def test_proposals_are_listed_and_decided(
    type_: Callable[..., Result], fold: Callable[[], None], ines: UUID, erasing: ErasureWorkflow
) -> None:
    unknown = type_("list")
    assert isinstance(unknown.exception, ExplainedError)
    assert "project --once" in str(unknown.exception)
    fold()
    shown = type_("list")
    assert shown.exit_code == 0, shown.output
    assert "2 open" in shown.output
    assert "Ines" not in shown.output
    listed = json.loads(type_("list", "--json").stdout)
    assert [(proposal["proposal"], proposal["kind"], proposal["fields"]) for proposal in listed] == [
        (str(PROPOSAL), "anonymise", ["full_name"]),
        (str(OTHER), "delete", []),
    ]
    declined = type_("decline", ines, PROPOSAL, "--ground", "consent-stands", "--note", "Ines wrote to us")
    assert declined.exit_code == 0, declined.output
    assert isinstance(type_("accept", ines, PROPOSAL).exception, ErasureProposalIsDecided)
    accepted = type_("accept", ines, OTHER, "--by", "self")
    assert accepted.exit_code == 0, accepted.output
    assert f"{ines}: completed" in accepted.output
    assert (erasing.find(ines).by, erasing.find(ines).state) == ("self", "completed")
    assert isinstance(type_("decline", ines, OTHER, "--ground", "other").exception, CandidateIsErased)
    fold()
    (proposal,) = json.loads(type_("list", "--state", "declined", "--json").stdout)
    assert (proposal["ground"], proposal["decided_by"].partition(":")[0]) == ("consent-stands", "operator")


def test_what_is_typed_wrongly_is_refused(type_: Callable[..., Result], ines: UUID) -> None:
    missing = type_("accept", ines, PROPOSAL).exception
    assert isinstance(missing, ErasureProposalDoesNotExist)
    assert isinstance(type_("decline", ines, PROPOSAL, "--ground", "Because she asked").exception, ExplainedError)
    assert type_("decline", ines, PROPOSAL).exit_code == 2
