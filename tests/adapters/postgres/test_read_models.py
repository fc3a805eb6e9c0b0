"""Each end of a consent is recorded once, at the moment it was, whatever else runs and whenever a process is killed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from eventsourcing.postgres import PostgresDatastore
from typer.testing import CliRunner

from adapters import bootstrap
from adapters.bootstrap import VERB_OF
from adapters.cli.main import cli
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.migrate import PROJECTOR
from adapters.postgres.projector.runner import Runner
from adapters.postgres.tables.offsets import Offsets
from commands.give_consent import GiveConsent
from commands.handle import Occasion, handle
from commands.merge_candidates import MergeCandidates
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from commands.withdraw_consent import WithdrawConsent
from commands.workflows.expire_consents import Expired, ExpiryWorkflow
from domain.consent import ConsentExpired, ConsentGiven
from domain.event import Recorded
from projections.consent_state import CONSENT_STATE

DAY = timedelta(days=1)
LONG_AGO = datetime.now(UTC) - 100 * DAY
Fold = Callable[[], int]


@pytest.fixture
def projector(database: str) -> Iterator[PostgresDatastore]:
    with open_datastore(database, PROJECTOR, pool_size=2) as datastore:
        yield datastore


@pytest.fixture
def fold(projector: PostgresDatastore, key_file: KeyFile) -> Fold:
    """Brings the read model of the answers to the log's end."""
    return lambda: Runner(projector, (CONSENT_STATE,), "UTC", key_file, batch=100).catch_up()


@pytest.fixture
def expiry(log: EventLog) -> ExpiryWorkflow:
    return bootstrap.expiring(log)


def done(log: EventLog, *commands: Command) -> None:
    handle(log, VERB_OF, Occasion(uuid4(), "user:ana", datetime.now(UTC)), lambda: commands)


def give(candidate: UUID, *, days: int = 10, channels: tuple[str, ...] = ("email",)) -> GiveConsent:
    """A yes of long ago, for so many days."""
    now = datetime.now(UTC)
    return GiveConsent(
        candidate=candidate, purpose="talent_pool", channels=channels, occurred_at=LONG_AGO,
        valid_until=LONG_AGO + days * DAY, now=now,
    )  # fmt: skip


def allowed(log: EventLog, *, days: int = 10) -> UUID:
    candidate = uuid4()
    done(log, SourceCandidate(candidate=candidate, name="Nora Blum", now=datetime.now(UTC)), give(candidate, days=days))
    return candidate


def ends(log: EventLog, candidate: UUID) -> list[Recorded[ConsentExpired]]:
    return [end for end in log.history(candidate) if isinstance(end.event, ConsentExpired)]  # type: ignore[misc]  # asked just before


def test_an_end_is_noted_at_the_moment_it_was(log: EventLog, fold: Fold, expiry: ExpiryWorkflow) -> None:
    alice = allowed(log)
    assert expiry.run() == Expired(0, 0), "nothing is folded yet"
    fold()
    assert expiry.run() == Expired(1, 1)
    (end,) = ends(log, alice)
    (yes,) = (given.id for given in log.history(alice) if isinstance(given.event, ConsentGiven))
    assert (end.event.consent, end.event.channels, end.causation) == (yes, ("email",), yes)
    assert end.at == LONG_AGO + 10 * DAY
    assert (end.occurred_how, end.actor) == ("derived.valid_until", "clerk:expiry")


def test_a_second_pass_records_only_what_is_new(log: EventLog, fold: Fold, expiry: ExpiryWorkflow) -> None:
    allowed(log)
    fold()
    assert expiry.run() == Expired(1, 1)
    assert expiry.run() == Expired(0, 0)
    late = allowed(log, days=3)
    fold()
    assert expiry.run() == Expired(1, 1), "it ended long before, and became known now"
    assert len(ends(log, late)) == 1
    coming = allowed(log, days=101)
    fold()
    assert expiry.run() == Expired(0, 0)
    tomorrow = replace(expiry, now=lambda: datetime.now(UTC) + 2 * DAY)
    assert tomorrow.run() == Expired(1, 1)
    assert len(ends(log, coming)) == 1
    assert expiry.run() == Expired(0, 0), "by a clock that is behind"


def test_a_consent_that_becomes_known_to_a_clock_that_is_behind_is_not_missed(
    log: EventLog, fold: Fold, expiry: ExpiryWorkflow
) -> None:
    allowed(log)
    fold()
    replace(expiry, now=lambda: datetime.now(UTC) + 2 * DAY).run()
    coming = allowed(log, days=101)
    fold()
    assert expiry.run() == Expired(1, 1)
    assert len(ends(log, coming)) == 1


def test_what_was_answered_anew_or_renewed_is_not_an_end(log: EventLog, fold: Fold, expiry: ExpiryWorkflow) -> None:
    alice, bob, carol = (allowed(log) for _ in range(3))
    now = datetime.now(UTC)
    done(log, WithdrawConsent(candidate=alice, purpose="talent_pool", occurred_at=LONG_AGO + DAY, now=now))
    done(log, replace(give(bob, days=200), occurred_at=LONG_AGO + DAY))
    done(log, replace(give(carol, days=200), occurred_at=LONG_AGO + 20 * DAY))
    fold()
    assert expiry.run() == Expired(3, 1)
    assert [len(ends(log, person)) for person in (alice, bob, carol)] == [0, 0, 1]


def test_a_merged_record_has_its_end_where_its_yes_stands(log: EventLog, fold: Fold, expiry: ExpiryWorkflow) -> None:
    alice, bob = allowed(log), allowed(log, days=5)
    done(log, MergeCandidates(candidate=bob, absorbed=alice, evidence=(), now=datetime.now(UTC)))
    fold()
    assert expiry.run().recorded == 2
    assert [len(ends(log, record)) for record in (alice, bob)] == [1, 1]


def test_several_at_once_record_each_end_once(log: EventLog, database: str, key_file: KeyFile, fold: Fold) -> None:
    people = [allowed(log) for _ in range(30)]
    fold()
    results: list[Expired] = []
    with EventLog(database, key_file) as other:
        workflows = [bootstrap.expiring(each) for each in (log, other, log, other)]
        threads = [
            threading.Thread(target=lambda workflow=workflow: results.append(workflow.run())) for workflow in workflows
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 4
    assert [len(ends(log, person)) for person in people] == [1] * 30


def test_interrupted_before_the_watermark_advances_it_is_repeated(
    log: EventLog, fold: Fold, expiry: ExpiryWorkflow
) -> None:
    """The ends are recorded, and the process dies before it can write down how far it has come."""
    alice = allowed(log)
    fold()

    class Dying(Offsets):
        def advance(self, before: Mapping[str, int], reached: Mapping[str, int]) -> bool:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace(expiry, offsets=Dying(log.recorder.datastore)).run()
    assert len(ends(log, alice)) == 1
    assert expiry.run() == Expired(1, 0)
    assert len(ends(log, alice)) == 1
    assert expiry.run() == Expired(0, 0)


def test_more_than_one_block(
    log: EventLog, fold: Fold, expiry: ExpiryWorkflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.workflows.expire_consents.AT_ONCE", 2)
    people = [allowed(log) for _ in range(5)]
    fold()
    assert expiry.run() == Expired(5, 5)
    assert [len(ends(log, person)) for person in people] == [1] * 5


def test_an_operator_has_it_done_once(
    log: EventLog, fold: Fold, database: str, key_file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = allowed(log)
    fold()
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_KEY_FILE", str(key_file.path))
    assert CliRunner().invoke(cli, ["expire-consents"]).exit_code == 0
    assert len(ends(log, alice)) == 1
