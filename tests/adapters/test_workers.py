"""Every worker survives a lost database, a killed backend and a second copy of itself, and its work is done once."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from typer.testing import CliRunner

from adapters import bootstrap
from adapters.bootstrap import VERB_OF
from adapters.cli.main import cli
from adapters.intake.imports.upload_store import About, UploadStore
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.lab.drill.house import OTHERS
from adapters.postgres.keys.key_file import read_key_file
from adapters.postgres.log.event_log import EventLog
from adapters.runtime.supervision import Supervision
from adapters.runtime.worker import Host, Worker
from adapters.settings import FetchAccess, Settings
from adapters.workers import WORKERS, WorkerIsUnknown, named, running
from commands.give_consent import GiveConsent
from commands.handle import Occasion, handle
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from commands.workflows.erase_person import Eraser, EraserMustWait, Person
from domain.candidate import CandidateErased, CandidatesMerged, CandidateSourced
from domain.consent import ConsentExpired
from domain.errors import ExplainedError
from tests.adapters.intake.integrations.bodies import APPLIED, SECRET, application, delivery, signed
from tests.adapters.intake.integrations.retelling import integration_of
from tests.adapters.intake.integrations.samples import samples_of

HOUSE = Path(__file__).parents[2]
PATIENCE = 90.0
LEVER = samples_of("lever")
UNREACHABLE_VENDOR = FetchAccess(base="https://127.0.0.1:9", token=SecretStr("of-the-garden"))
"""Nothing listens there: what is due to be fetched is put off, and then no more is due."""
DONE_BY_WORKERS = (ConsentExpired, CandidateErased, CandidatesMerged)
LONG_AGO = datetime.now(UTC) - timedelta(days=100)


@dataclass(frozen=True, slots=True)
class Work:
    """Makes something for each worker to do, over a log of its own: backends are killed around it."""

    settings: Settings
    log: EventLog

    def do(self, command: Command) -> None:
        handle(self.log, VERB_OF, Occasion(uuid4(), "user:ana", datetime.now(UTC)), lambda: (command,))

    def make(self, number: int) -> None:
        """A consent that ended, an erasure that was cut off, an upload, a delivery that came before its cause, and one
        that only names what it is about; and with all of them events to fold and to sign."""
        self.source(UUID(int=number), name="Nora Blum")
        self.do(
            GiveConsent(candidate=UUID(int=number), purpose="talent_pool", channels=("email",), occurred_at=LONG_AGO,
                        valid_until=LONG_AGO + timedelta(days=number), now=datetime.now(UTC))
        )  # fmt: skip
        self.cut_off_erasure(UUID(int=100 + number))
        self.upload(number)
        self.bring_cause_after_delivery(500 + number, 600 + number)
        self.receive_thin_delivery(number)

    def source(self, candidate: UUID, name: str) -> None:
        self.do(SourceCandidate(candidate=candidate, name=name, occurred_at=LONG_AGO, now=datetime.now(UTC)))

    def cut_off_erasure(self, candidate: UUID) -> None:
        def wait(_: Person) -> int:
            raise EraserMustWait("files", "the process is killed here")

        self.source(candidate, name="Ines Prado")
        cut_off = replace(bootstrap.erasing(self.log, self.settings), before=(Eraser("files", wait),))
        assert cut_off.erase(candidate, by="self", ground="art-17", actor="user:priya").state == "in-progress"

    def upload(self, number: int) -> None:
        uploads, name = UploadStore(bootstrap.imports_folder(self.settings)), UUID(int=number)
        with uploads.receiving(name) as came:
            came.write_bytes(b"id,at,name\n%d,2024-01-05,Ana Imported\n" % number)
            uploads.put(About(name, "candidates", "old-crm", "csv", datetime.now(UTC)), came)

    def receive_thin_delivery(self, number: int) -> None:
        now = datetime.now(UTC)
        signed_now = LEVER.sign(LEVER.story(number).sent[0], SECRET, now)
        received = self.inbox.receive(integration_of(LEVER), [SECRET], signed_now.headers, signed_now.body, now)
        assert received.outcome == "waiting"

    @property
    def inbox(self) -> Inbox:
        key_file = self.log.mapper.keyring.key_file
        return Inbox(self.log, VERB_OF, key_file, self.log.seal_delivery, ZoneInfo("UTC"))

    def bring_cause_after_delivery(self, merged: int, into: int) -> None:
        key_file, now, inbox = self.log.mapper.keyring.key_file, datetime.now(UTC), self.inbox
        person = {"id": merged, "first_name": "Rosa", "last_name": "Lind", "created_at": APPLIED}
        applied = application(id=merged, candidate={**person, "email_addresses": []}, prospect=True)
        first = delivery("new_prospect_application", application=applied)
        early = delivery("merge_candidate", person={**person, "new_candidate_id": into})
        for body, outcome in ((first, "applied"), (early, "waiting")):
            assert inbox.receive(INTEGRATIONS["greenhouse"], [SECRET], signed(body), body, now).outcome == outcome
        self.source(key_file.stream_of("greenhouse", "candidate", str(into)), name="Ada Berg")


@dataclass(frozen=True, slots=True)
class Ground:
    """A database in which every worker has something to do."""

    database: str
    settings: Settings

    def make_work(self, number: int) -> None:
        with EventLog(self.database, read_key_file(self.settings.keys)) as log:
            Work(self.settings, log).make(number)
        with psycopg.connect(self.database, autocommit=True) as owner:
            owner.execute("update key_epoch set made_at = made_at - interval '60 days' where state = 'current'")

    def fold(self) -> None:
        """What some workers read is folded, whichever worker is tried."""
        with bootstrap.projector(self.database) as datastore:
            bootstrap.runner(datastore, self.settings).catch_up()

    def lag(self, worker: Worker) -> float:
        with bootstrap.projector(self.database) as datastore:
            return worker.lag(datastore, self.settings) if worker.lag else 0.0

    def require_done_once(self) -> None:
        """Nothing was done twice, whatever was interrupted and begun again."""
        done = "select type, stream_id, count(*) from event where type = any(%s) group by type, stream_id"
        imported = "select count(*) from event where type = %s and actor like 'import:%%'"
        with psycopg.connect(self.database) as owner:
            rows = owner.execute(done, ([event.stored_name for event in DONE_BY_WORKERS],)).fetchall()
            (people,) = owner.execute(imported, (CandidateSourced.stored_name,)).fetchone() or (0,)
        assert all(times == 1 for _, _, times in rows), rows
        assert people <= 2


@pytest.fixture
def ground(database: str, tmp_path: Path) -> Ground:
    settings = Settings(data_folder=tmp_path, inbound_fetch={"lever": UNREACHABLE_VENDOR})
    bootstrap.bound(database, settings)
    return Ground(database, settings)


def lose_database(server: str, database: str, *, lost: bool) -> None:
    """Refuse connections to the database and close the open ones, or accept them again."""
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server, autocommit=True) as connection:
        statement = sql.SQL("alter database {} allow_connections {}")
        connection.execute(statement.format(sql.Identifier(str(name)), sql.Literal(not lost)))
        if lost:
            kill_backends(connection, str(name))


def kill_backends(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))


def wait_until(holds: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        with suppress(psycopg.OperationalError):  # a backend of the test's own was killed too
            if holds():
                return
        assert time.monotonic() < give_up, f"never: {what}"
        time.sleep(0.1)


@pytest.mark.parametrize("worker", WORKERS, ids=lambda worker: worker.name)
def test_a_worker_survives(worker: Worker, ground: Ground, server: str) -> None:
    ground.make_work(1)
    ground.fold()
    stop, copies = threading.Event(), 2
    with ExitStack() as stack:
        hosts = [Host(ground.database, ground.settings, stack) for _ in range(copies)]
        supervised = [Supervision(worker.name, worker.start(host), worker.expected) for host in hosts]
        threads = [threading.Thread(target=supervision.run, args=(stop,)) for supervision in supervised]
        try:
            lose_database(server, ground.database, lost=True)
            for thread in threads:
                thread.start()
            wait_until(lambda: all(copy.state.restarts for copy in supervised), "each copy notices that it is lost")
            assert all(copy.state.last_error for copy in supervised)
            lose_database(server, ground.database, lost=False)
            wait_until(lambda: ground.lag(worker) == 0, "its work is done once the database is there again")

            ground.make_work(2)
            ground.fold()
            with psycopg.connect(server, autocommit=True) as connection:
                kill_backends(connection, str(psycopg.conninfo.conninfo_to_dict(ground.database)["dbname"]))
            wait_until(lambda: ground.lag(worker) == 0, "its work is done after the backends were killed")
            assert all(thread.is_alive() for thread in threads)
        finally:
            lose_database(server, ground.database, lost=False)
            stop.set()
            for thread in threads:
                thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
    ground.require_done_once()


@pytest.mark.parametrize("worker", [worker for worker in WORKERS if worker.lag], ids=lambda worker: worker.name)
def test_lag_tells_of_undone_work(worker: Worker, ground: Ground) -> None:
    with (
        bootstrap.projector(ground.database) as datastore,
        bootstrap.sequencer(ground.database, ground.settings) as signing,
    ):
        bootstrap.runner(datastore, ground.settings).catch_up()
        signing.catch_up()
    assert ground.lag(worker) == 0
    ground.make_work(1)
    if worker.name != "projector":
        ground.fold()
    assert ground.lag(worker) > 0


def test_all_of_them_run_together_and_report_themselves(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.make_work(1)
    ground.fold()
    monkeypatch.setenv("DATABASE_URL", ground.database)
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))
    before = CliRunner().invoke(cli, ["status"])
    assert before.exit_code == 0, before.output
    assert before.stdout.count("stopped") == len(WORKERS)
    with ExitStack() as stack, running(WORKERS, Host(ground.database, ground.settings, stack)):
        names = {thread.name for thread in threading.enumerate()}
        assert names >= {worker.name for worker in WORKERS}
        wait_until(lambda: all(ground.lag(worker) == 0 for worker in WORKERS), "all their work is done")
        wait_until(lambda: "stopped" not in CliRunner().invoke(cli, ["status"]).stdout, "status shows them")
        shown = CliRunner().invoke(cli, ["status"])
        assert shown.exit_code == 0, shown.output
        assert shown.stdout.count("running") == len(WORKERS)
    assert CliRunner().invoke(cli, ["status"]).stdout.count("stopped") == len(WORKERS)
    ground.require_done_once()


def test_a_killed_worker_is_dead_until_another_process_runs_it(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", ground.database)
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))
    with psycopg.connect(ground.database, autocommit=True) as owner:
        owner.execute(
            "insert into worker values ('erasures', gen_random_uuid(), 'host:1', now(), now() - interval '5 minutes',"
            " 3, false, 'OSError: disk full', now())"
        )
        dead = CliRunner().invoke(cli, ["status"])
        assert (dead.exit_code, dead.stdout.count("dead"), dead.stdout.count("disk full")) == (1, 1, 1)
        with ExitStack() as stack, running(named(["erasures"]), Host(ground.database, ground.settings, stack)):
            wait_until(lambda: CliRunner().invoke(cli, ["status"]).exit_code == 0, "another process runs it")
            wait_until(lambda: owner.execute("select count(*) from worker").fetchone() == (1,), "the dead one is gone")


def test_the_compose_file_and_the_drill_run_every_worker_once() -> None:
    commands = re.findall(r'command: \["work", (.*)\]', (HOUSE / "docker-compose.yml").read_text())
    composed = [name for command in commands for name in re.findall(r'"([\w-]+)"', command)]
    every = sorted(worker.name for worker in WORKERS)
    assert sorted(composed) == every
    assert sorted(("projector", "key-rotation", "sequencer", *OTHERS)) == every


def test_a_name_that_no_worker_has_is_refused() -> None:
    refused = CliRunner().invoke(cli, ["work", "projector", "gardener"])
    assert isinstance(refused.exception, WorkerIsUnknown)
    assert isinstance(refused.exception, ExplainedError)
    assert "consent-expiry" in str(refused.exception)
    assert [worker.name for worker in named(["sequencer", "projector", "sequencer"])] == ["projector", "sequencer"]


def test_names_are_distinguished() -> None:
    assert len({worker.name for worker in WORKERS}) == len(WORKERS)
    assert all(worker.does for worker in WORKERS)
