"""An operator makes, lists and revokes keys; the secret is on standard output once and nowhere else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters import bootstrap
from adapters.access.keys import read
from adapters.access.policy import Role
from adapters.access.refusals import IntegrationStandsAlone, KeyDoesNotExist, ScopeIsWiderThanRole
from adapters.cli.api_keys import demo_keys, group, has_valid_key


@pytest.fixture(autouse=True)
def settings(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))


def typed(*words: str) -> Result:
    return CliRunner().invoke(group, words)


def test_a_key_is_made_listedand_revoked() -> None:
    made = typed("add", "--name", "ana", "--role", "recruiter", "--role", "admin", "--expires-in", "90d")
    assert made.exit_code == 0, made.output
    named = read(made.stdout.strip())
    assert named is not None
    output = typed("list", "--json")
    (listed,) = json.loads(output.stdout)
    assert (listed["id"], listed["name"], listed["roles"], listed["state"]) == (
        named[0],
        "ana",
        ["admin", "recruiter"],
        "good",
    )
    assert named[1] not in output.output + typed("list").output + made.stderr
    assert typed("revoke", named[0]).exit_code == 0
    assert json.loads(typed("list", "--json").stdout)[0]["state"] == "revoked"


def test_a_key_that_is_pasted_whole_is_revoked_and_not_repeated() -> None:
    key = typed("add", "--name", "ana", "--role", "recruiter").stdout.strip()
    assert typed("revoke", key).exit_code == 0
    assert json.loads(typed("list", "--json").stdout)[0]["state"] == "revoked"
    unknown = typed("revoke", "pnl_000000000000_" + "5" * 64).exception
    assert isinstance(unknown, KeyDoesNotExist)
    assert "5555" not in str(unknown)


def test_a_scope_and_a_source_are_kept() -> None:
    typed("add", "--name", "hooks", "--role", "integration", "--source", "old-crm", "--scope", "write-people")
    (listed,) = json.loads(typed("list", "--json").stdout)
    assert (listed["source"], listed["scopes"]) == ("old-crm", ["write-people"])


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("add", "--name", "hooks", "--role", "integration"), IntegrationStandsAlone),
        (("add", "--name", "ana", "--role", "analyst", "--scope", "erase"), ScopeIsWiderThanRole),
        (("revoke", "000000000000"), KeyDoesNotExist),
    ],
)
def test_what_does_not_fit_is_a_complaint(words: tuple[str, ...], refusal: type[Exception]) -> None:
    assert isinstance(typed(*words).exception, refusal)


@pytest.mark.parametrize(
    "words",
    [
        ("--name", "Ana Prado", "--role", "recruiter"),
        ("--name", "ana", "--role", "emperor"),
        ("--name", "ana"),
        ("--name", "ana", "--role", "recruiter", "--expires-in", "soon"),
        ("--name", "ana", "--role", "integration", "--source", "Old CRM"),
    ],
)
def test_wrong_usage_makes_nothing(words: tuple[str, ...]) -> None:
    assert typed("add", *words).exit_code == 2
    assert json.loads(typed("list", "--json").stdout) == []


def test_the_demo_has_a_key_for_each_role_and_revokes_those_before(database: str) -> None:
    now = datetime.now(UTC)
    with bootstrap.api_keys(database) as keys:
        assert not has_valid_key(keys, now)
        first, second = demo_keys(keys, now), demo_keys(keys, now)
        good = [key for key in keys.all() if key.state(now) == "good"]
    assert set(first) == set(second) == set(Role)
    assert {key.id for key in good} == {named[0] for text in second.values() if (named := read(text))}
    assert {role for key in good for role in key.roles} == set(Role)
