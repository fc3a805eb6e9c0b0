"""What is one thing at a time is what the newest delivery says, in whatever order we learned of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.bootstrap import VERB_OF
from adapters.intake.integrations import greenhouse
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.intake.integrations.reconciling import Sweep
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.deliveries import Deliveries
from domain.application import APPLICATION, STAGES, STANDING
from domain.candidate import CANDIDATE, ENTRIES, FACTS
from domain.profile_facts import held
from domain.requisition import (
    REQUISITION,
    HiringManagerAssigned,
    RecruiterAssigned,
    RequisitionDateCorrected,
    RequisitionOpened,
    RequisitionRenamed,
)
from tests.adapters.intake.integrations.bodies import JOB, ROSA, SECRET, application, delivery, signed
from tests.adapters.intake.integrations.test_greenhouse import NOW, Receive, inbox, receive, rows, stream
from tests.adapters.intake.integrations.test_waiting import ask_to_erase

__all__ = ["inbox", "receive", "stream"]  # fixtures
Stream = Callable[[str, object], UUID]
BEGAN = datetime(2026, 2, 10, 8, tzinfo=UTC)
VALUES = ("xyxy", "xyyx", "xxyx")
"""What four bodies say one after the other; a value that comes back is only confirmed by some of them."""
ORDERS = tuple(itertools.permutations(range(4)))


def time_of(place: int) -> datetime:
    return BEGAN + timedelta(days=place)


def moved(number: int, place: int, value: str) -> bytes:
    return delivery("candidate_stage_change", application=body_of(number, place, value))


def body_of(number: int, place: int, value: str) -> dict[str, Any]:
    """A body of an application that says everything of its person by this value."""
    at = time_of(place).isoformat()
    return application(
        id=number,
        last_activity_at=at,
        current_stage={"id": ord(value), "name": f"Stage {value}"},
        candidate=person_of(number, value),
    )


def person_of(number: int, value: str) -> dict[str, Any]:
    values = {"id": number, "first_name": value, "title": f"Title {value}", "company": f"Company {value}"}
    tag = {"x": "Night Shift", "y": "night shift"}[value]
    return ROSA | values | {"tags": [tag], "addresses": [{"value": f"{value} Street"}]}


def updated(number: int, place: int, value: str) -> bytes:
    return delivery("update_candidate", candidate=person_of(number, value) | {"updated_at": time_of(place).isoformat()})


def by_another_application(number: int, place: int, value: str) -> bytes:
    details = body_of(number, place, value)
    return delivery("application_updated", application=details | {"id": number + 1000 * (place % 2)})


def job_changed(number: int, place: int, value: str) -> bytes:
    opened = {"x": "2026-01-12T08:00:00Z", "y": "2026-01-13T08:00:00Z"}[value]
    team = {"hiring_managers": [{"user_id": ord(value)}], "recruiters": [{"user_id": ord(value) + 1}]}
    named = {"id": number, "name": {"x": "Head Gardener", "y": "head gardener"}[value], "opened_at": opened}
    return delivery("job_updated", job=JOB | named | {"updated_at": time_of(place).isoformat(), "hiring_team": team})


def stages(log: EventLog, stream: Stream, number: int) -> Sequence[object]:
    state = log.load(APPLICATION, stream("application", number), frozenset((*STANDING, *STAGES))).state
    return [state.stage_at(time_of(place)) for place in range(5)]


def profile(log: EventLog, stream: Stream, number: int) -> Sequence[object]:
    """What Greenhouse says of the person at each time."""
    state = log.load(CANDIDATE, stream("candidate", number), frozenset((*ENTRIES, *FACTS))).state
    facts = state.everything_told()
    return [
        {fact: [learned.value for learned in
                held([learned for learned in facts if learned.fact == fact and learned.at <= time_of(place)])]
         for fact in ("name", "current-role", "current-employer", "tag")}
        for place in range(5)
    ]  # fmt: skip


def job(log: EventLog, stream: Stream, number: int) -> Sequence[object]:
    reads = (RequisitionOpened, RequisitionRenamed, RequisitionDateCorrected, HiringManagerAssigned, RecruiterAssigned)
    state = log.load(REQUISITION, stream("requisition", number), frozenset(reads)).state
    courses = (state.title, state.opened, state.hiring_manager, state.recruiter)
    return [[course.at(time_of(place)) for course in courses] for place in range(5)]


KINDS = [
    pytest.param(moved, stages, id="stages"),
    pytest.param(moved, profile, id="facts in applications"),
    pytest.param(updated, profile, id="facts in updates"),
    pytest.param(by_another_application, profile, id="facts in two applications"),
    pytest.param(job_changed, job, id="jobs"),
]


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize(("say", "read"), KINDS)
def test_in_every_order_the_value_at_each_time_is_what_the_delivery_of_that_time_said(
    log: EventLog,
    receive: Receive,
    stream: Stream,
    say: Callable[[int, int, str], bytes],
    read: Callable[[EventLog, Stream, int], Sequence[object]],
    values: str,
) -> None:
    ends = []
    for number, order in enumerate(ORDERS, start=5000):
        if say is updated:  # which brings no new person
            details = body_of(number, 0, values[0]) | {"last_activity_at": (BEGAN - timedelta(days=1)).isoformat()}
            receive(delivery("application_updated", application=details))
        for place in order:
            assert receive(say(number, place, values[place])).outcome == "applied"
        ends.append(read(log, stream, number))
    assert [end for end in ends if end != ends[0]] == []
    assert ends[0][0] != ends[0][2] or values[0] == values[2], "the values show"


def test_a_late_delivery_opens_one_newer_delivery_however_many_there_are(
    inbox: Inbox, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    for place in range(1, 30):
        receive(moved(1, place, "x"))
    through = log_that_counts(inbox, opened)
    body = moved(1, 0, "y")
    outcome = through(body)
    assert (outcome, len(opened)) == ("applied", 1)
    through(moved(1, 40, "y"))
    assert len(opened) == 1, "nothing is newer"


def log_that_counts(inbox: Inbox, opened: list[str]) -> Callable[[bytes], str]:
    """An inbox that notes which deliveries it opens."""

    class Counting:
        def open_delivery(self, source: str, delivery_id: str, sealed: bytes) -> object:
            opened.append(delivery_id)
            return inbox.log.open_delivery(source, delivery_id, sealed)

        def __getattr__(self, name: str) -> Any:
            return getattr(inbox.log, name)

    counting: Any = Counting()
    through = replace(inbox, log=counting)
    return lambda body: through.receive(INTEGRATIONS["greenhouse"], [SECRET], signed(body), body, NOW).outcome


def test_what_was_erased_is_not_read_again(log: EventLog, database: str, receive: Receive, stream: Stream) -> None:
    for place, value in ((0, "x"), (2, "x")):
        receive(moved(1, place, value), f"e{place}")
    ask_to_erase(log, stream("candidate", 1))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select erase_deliveries(%s)", (stream("candidate", 1),))
    before = rows(database, "select count(*) as n from event")
    assert receive(moved(1, 1, "y"), "e1").reason == "erased"
    assert rows(database, "select count(*) as n from event") == before


def test_an_emptied_delivery_states_restate_nothing(
    log: EventLog, database: str, receive: Receive, stream: Stream
) -> None:
    """As after a restored backup, or where the body was about another person, who was erased."""
    for place, value in ((0, "x"), (2, "x")):
        receive(moved(1, place, value), f"e{place}")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update delivery set body = '' where delivery_id = 'e2'")
    assert receive(moved(1, 1, "y"), "e1").outcome == "applied"
    assert stages(log, stream, 1)[2] == "stage-y"


def sweep(log: EventLog, inbox: Inbox) -> list[str]:
    deliveries = Deliveries(log.recorder.datastore)
    sweeping = Sweep(inbox, log, VERB_OF, deliveries, log.open_delivery, lambda: NOW)
    return [swept.outcome for swept in sweeping.sweep(INTEGRATIONS["greenhouse"])]


def test_reconcile_states_again_what_a_mended_delivery_changes_and_then_adds_nothing(
    log: EventLog, inbox: Inbox, receive: Receive, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(moved(1, 0, "x"), "e0")
    receive(moved(1, 2, "x"), "e2")
    with monkeypatch.context() as ignorant:
        ignorant.delitem(greenhouse.OF_APPLICATIONS, "candidate_stage_change")
        assert receive(moved(1, 1, "y"), "e1").outcome == "kept"
    assert sweep(log, inbox) == ["complete", "complete", "mended"]
    assert stages(log, stream, 1)[:3] == ["stage-x", "stage-y", "stage-x"]
    assert sweep(log, inbox) == ["complete"] * 3


def test_reconcile_notes_what_deliveries_of_before_say(
    log: EventLog, database: str, inbox: Inbox, receive: Receive, stream: Stream
) -> None:
    for place in (0, 2):
        receive(moved(1, place, "x"), f"e{place}")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("delete from delivery_statement")
    assert sweep(log, inbox) == ["complete", "complete"]
    receive(moved(1, 1, "y"), "e1")
    assert stages(log, stream, 1)[:3] == ["stage-x", "stage-y", "stage-x"]
