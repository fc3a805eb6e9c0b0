"""A data folder made by an older tree opens after `migrate`: its answers, its proofs and its keys hold."""

from __future__ import annotations

import asyncio
import io
import json
import lzma
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from adapters import bootstrap
from adapters.access.keys import Wanted
from adapters.access.policy import Role
from adapters.postgres.embedded.data_folder import programs
from adapters.postgres.embedded.server import SETTINGS, embedded_server
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.migrate import migrate
from adapters.postgres.projector.runner import no_progress
from adapters.postgres.proof import log_verification
from adapters.postgres.proof.log_verification import verify_log
from adapters.proof import bundle_verification
from adapters.proof.note import read_signing_key
from adapters.proof.signer import KEY, RECORD
from adapters.settings import Settings
from adapters.web.app import create_app
from adapters.web.bootstrap import services_of
from commands.attached import Attached
from projections.index import READ_MODELS
from tests.adapters.proof.conftest import touchpoint

FOLDER = Path(__file__).parent / "folder"
WHEN = frozenset({"position", "as_of", "valid_at"})
VERSION = frozenset({"version"})
ANSWERS: dict[str, Any] = json.loads((FOLDER / "answers.json").read_text())


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a copy of the key file and of the signing folder: what is signed here is signed on there."""
    copy = tmp_path_factory.mktemp("old") / "data"
    shutil.copytree(FOLDER, copy)
    for private in (copy / "keys.json", copy / "signing", *(copy / "signing").iterdir()):
        private.chmod(0o700 if private.is_dir() else 0o600)
    return Settings(data_folder=copy)


@pytest.fixture(scope="module")
def conninfo(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the old database, migrated, with its read models up to date."""
    with embedded_server(settings.data_folder / "postgres", {**SETTINGS, "fsync": "off"}) as conninfo:
        dump = lzma.decompress((FOLDER / "log.sql.xz").read_bytes())
        with psycopg.connect(psycopg.conninfo.make_conninfo(conninfo, dbname="postgres")) as connection:
            migrate(connection)  # makes the roles, which are not in the dump of one database
        psql = [str(programs() / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", conninfo]
        subprocess.run(psql, input=dump, check=True, capture_output=True, timeout=300)
        assert bootstrap.migrated(conninfo)
        with bootstrap.projector(conninfo) as datastore:
            outdated = bootstrap.outdated(conninfo, settings)
            assert {"pipeline", "directory"} <= set(outdated) < {model.name for model in READ_MODELS}
            for name in outdated:
                bootstrap.rebuild(datastore, settings, name, no_progress).rebuild()
            assert bootstrap.outdated(conninfo, settings) == []
            bootstrap.runner(datastore, settings).catch_up()
        yield conninfo


@pytest.fixture
def log(conninfo: str, settings: Settings) -> Iterator[EventLog]:
    with bootstrap.open_log(conninfo, settings) as log:
        yield log


def pinned(answer: Any) -> Any:
    """Return an answer without what says when it was given; metrics name a position, at which they were given, and the
    version of their definition, which may be a later one that gives the same answer here."""
    when = VERSION if "period" in answer else WHEN
    return {name: value for name, value in answer.items() if name not in when}


def kept(answer: Any, before: Any) -> Any:
    """Return what an answer says of the members that it had before: a newer tree may add some."""
    if isinstance(before, dict) and isinstance(answer, dict):
        return {name: kept(answer[name], before[name]) for name in before if name in answer}
    if isinstance(before, list) and isinstance(answer, list) and len(answer) == len(before):
        return [kept(*pair) for pair in zip(answer, before, strict=True)]
    return answer


def test_every_answer_of_before_is_given_again(log: EventLog, settings: Settings) -> None:
    services = services_of(log, settings)
    roles = frozenset(Role) - {Role.INTEGRATION}
    key = services.api_keys.make(Wanted("heir", roles), "user:test", services.now()).text

    async def answers() -> dict[str, Any]:
        transport, shown = httpx.ASGITransport(create_app(services)), {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://house", headers=shown) as client:
            return {url: (await client.get(url)).json() for url in ANSWERS["answers"]}

    given = asyncio.run(answers())
    for url, answer in ANSWERS["answers"].items():
        assert kept(pinned(given[url]), pinned(answer)) == pinned(answer), url
        assert "period" not in answer or given[url]["version"] >= answer["version"], url


def test_the_log_verifies_and_is_signed_on(log: EventLog, conninfo: str, settings: Settings) -> None:
    key = read_signing_key((settings.signing / KEY).read_text()).verifier
    held = log_verification.Held(key, {"the auditor's": (FOLDER / "signing" / RECORD).read_text()})
    before = verify_log(conninfo, held, lambda _: None, processes=1)
    assert (before.findings, before.leaves > 900) == ([], True)
    log.append([touchpoint(UUID(ANSWERS["nora"]), len(log.history(UUID(ANSWERS["nora"]))) + 1)], Attached())
    with bootstrap.sequencer(conninfo, settings) as sequencer:
        sequencer.catch_up()
    after = verify_log(conninfo, held, lambda _: None, processes=1)
    assert (after.findings, after.waiting) == ([], 0)
    assert after.leaves > before.leaves


@pytest.mark.parametrize("name", ["everything.json.xz", "trail.json"])
def test_bundles_of_before_verify(name: str) -> None:
    text = (FOLDER / name).read_bytes()
    bundle = lzma.decompress(text) if name.endswith(".xz") else text
    key = str(read_signing_key((FOLDER / "signing" / KEY).read_text()).verifier)
    verified = bundle_verification.verify(io.BytesIO(bundle), bundle_verification.Held(key), lambda _: None)
    assert verified.events > 5


def test_what_was_sealed_opens_and_what_was_erased_does_not(log: EventLog) -> None:
    assert "Nora Blum" in str(log.history(UUID(ANSWERS["nora"])))
    assert "Otto Leaves" not in str(log.history(UUID(ANSWERS["otto"])))
