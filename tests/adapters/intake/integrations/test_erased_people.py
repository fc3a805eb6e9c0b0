"""What Greenhouse goes on sending about an erased person is counted, and nothing of it is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from adapters import bootstrap
from adapters.bootstrap import VERB_OF
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.intake.integrations.reconciling import Sweep, Swept
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.deliveries import Deliveries
from adapters.settings import Settings
from commands.handle import Occasion, handle
from commands.request_erasure import RequestErasure
from commands.workflows.erase_person import EraserResult, ErasureWorkflow
from domain.candidate import CandidateErased, CandidateSourced
from tests.adapters.intake.integrations.bodies import (
    JOB_CREATED,
    NEW,
    ROSA,
    SECRET,
    STAGE,
    application,
    delivery,
    signed,
)
from tests.adapters.intake.integrations.test_greenhouse import Receive, kinds, rows

GREENHOUSE = INTEGRATIONS["greenhouse"]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def erasing(log: EventLog, tmp_path: Path) -> ErasureWorkflow:
    return bootstrap.erasing(log, Settings(data_folder=tmp_path))


@pytest.fixture
def inbox(log: EventLog, key_file: KeyFile) -> Inbox:
    return Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("Europe/Stockholm"))


@pytest.fixture
def take(inbox: Inbox) -> Receive:
    return lambda body, event: inbox.receive(GREENHOUSE, [SECRET], signed(body, event=event), body, now())


@pytest.fixture
def rosa(key_file: KeyFile) -> UUID:
    return key_file.stream_of("greenhouse", "candidate", "501")


def test_bodies_go_and_what_comes_later_is_kept_without_one(
    log: EventLog, database: str, inbox: Inbox, take: Receive, rosa: UUID, erasing: ErasureWorkflow
) -> None:
    take(NEW, "e1")
    take(JOB_CREATED, "e2")
    erasure = erasing.erase(rosa, by="self", ground="art-17", actor="user:priya")
    assert EraserResult("deliveries", 1) in erasure.erasers
    before = kinds(log, rosa)
    late = [take(STAGE, "e3"), take(delivery("update_candidate", candidate=ROSA), "e4")]
    late.append(take(delivery("new_candidate_application", application=application(id=9009)), "e5"))
    assert {(received.outcome, received.reason, received.events) for received in late} == {("kept", "erased", 0)}
    assert kinds(log, rosa) == before
    kept = {row["delivery_id"]: bytes(row["body"]) for row in rows(database, "select * from delivery")}
    assert [name for name, body in kept.items() if body] == ["e2"]
    deliveries = Deliveries(log.recorder.datastore)
    sweep = Sweep(inbox, log, VERB_OF, deliveries, log.open_delivery, now)
    outcomes = list(sweep.sweep(GREENHOUSE))
    assert outcomes.count(Swept("unreadable", "erased")) == 4
    assert [type(recorded.event) for recorded in log.history(rosa)][-1] is CandidateErased
    assert erasing.find(rosa).state == "completed"


def test_a_delivery_that_lacked_a_part_goes_with_the_person_in_it(
    database: str, take: Receive, rosa: UUID, erasing: ErasureWorkflow
) -> None:
    take(NEW, "e1")
    torn = take(delivery("hire_candidate", application=application(id=None)), "e2")
    assert (torn.outcome, torn.reason) == ("kept", "application-id-is-missing")
    assert EraserResult("deliveries", 2) in erasing.erase(rosa, by="self", ground="art-17", actor="user:priya").erasers
    assert [row["people"] for row in rows(database, "select people from delivery")] == [[rosa]] * 2
    assert take(delivery("hire_candidate", application=application(id=None)), "e3").reason == "erased"


def test_what_comes_while_the_erasure_is_under_way_is_not_kept_either(
    log: EventLog, database: str, take: Receive, rosa: UUID, erasing: ErasureWorkflow
) -> None:
    take(NEW, "e1")
    command = RequestErasure(candidate=rosa, now=now())
    handle(log, VERB_OF, Occasion(uuid4(), "user:priya", command.now), lambda: (command,))
    assert take(STAGE, "e2").reason == "erased"
    assert [bool(row["body"]) for row in rows(database, "select * from delivery order by delivery_id")] == [True, False]


def test_a_new_record_with_an_erased_persons_address_comes_without_the_address(
    log: EventLog, key_file: KeyFile, database: str, take: Receive, rosa: UUID, erasing: ErasureWorkflow
) -> None:
    take(NEW, "e1")
    erasing.erase(rosa, by="self", ground="art-17", actor="user:priya")
    other = application(id=9010, candidate=ROSA | {"id": 777})
    again = take(delivery("new_prospect_application", application=other), "e2")
    assert (again.outcome, again.reason) == ("applied", "address-is-left-out")
    (sourced,) = [
        recorded.event
        for recorded in log.history(key_file.stream_of("greenhouse", "candidate", "777"))
        if isinstance(recorded.event, CandidateSourced)
    ]
    assert (sourced.emails, sourced.phones) == ((), ())
    assert [bool(row["body"]) for row in rows(database, "select body from delivery order by delivery_id")] == [
        False,
        True,
    ]
