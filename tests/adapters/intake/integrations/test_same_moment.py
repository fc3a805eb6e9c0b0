"""Deliveries that are taken in at one moment end in the state of those that come one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.log.event_log import EventLog
from domain.application import OfferAccepted, OfferMade
from queries.jobs import JOB, OF_JOB
from tests.adapters.intake.integrations.bodies import NEW, OFFERED, SECRET, delivery, offer, signed
from tests.adapters.intake.integrations.test_closings import Story, body, job_of
from tests.adapters.intake.integrations.test_greenhouse import NOW, Receive, inbox, receive, stream
from tests.adapters.intake.integrations.test_restating import (
    Stream,
    by_another_application,
    job,
    job_changed,
    moved,
    profile,
    stages,
    updated,
)

__all__ = ["inbox", "receive", "stream"]  # fixtures
Say = Callable[[int, int, str], bytes]
Read = Callable[[EventLog, Stream, int], Sequence[object]]


def closed_or_open(number: int, place: int, value: str) -> bytes:
    days = tuple({"x": "open", "y": "closed"}[value] if day == place else "other" for day in range(place + 1))
    return body(Story(days, ()), place, number)


def closings(log: EventLog, stream: Stream, number: int) -> Sequence[object]:
    state = log.load(JOB, stream("requisition", number), OF_JOB).state.requisition
    return [state.closed_since, state.reopened_at]


KINDS = [
    pytest.param(moved, stages, id="stages"),
    pytest.param(moved, profile, id="facts in applications"),
    pytest.param(updated, profile, id="facts in updates"),
    pytest.param(by_another_application, profile, id="facts in two applications"),
    pytest.param(job_changed, job, id="jobs"),
    pytest.param(closed_or_open, closings, id="closings"),
]


class Together:
    """A log at which the first appends of so many threads wait for one another: each was planned without the others."""

    def __init__(self, log: Any, parties: int) -> None:
        self.log, self.barrier, self.own = log, threading.Barrier(parties, timeout=20), threading.local()

    def append_all(self, appends: Any) -> Any:
        if not getattr(self.own, "waited", False):
            self.own.waited = True
            self.barrier.wait()
        return self.log.append_all(appends)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)


class LetsAnotherIn:
    """A log that, once a delivery is planned and before it is decided, lets another one in."""

    def __init__(self, log: Any, other: Callable[[], object]) -> None:
        self.log, self.others = log, [other]

    def load_all(self, wanted: Any) -> Any:
        if self.others:
            self.others.pop()()
        return self.log.load_all(wanted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)


def take_in(inbox: Inbox, bodies: Sequence[bytes]) -> list[str]:
    """Takes all in at one moment: all are planned before the first is stored."""
    together: Any = Together(inbox.log, len(bodies))
    through = replace(inbox, log=together)
    with ThreadPoolExecutor(len(bodies)) as threads:
        taken = [
            threads.submit(through.receive, INTEGRATIONS["greenhouse"], [SECRET], signed(body), body, NOW)
            for body in bodies
        ]
        return [future.result().outcome for future in taken]


def begin(receive: Receive, say: Say, number: int) -> None:
    """What all deliveries are about is known, with the first value."""
    if say is closed_or_open:
        receive(delivery("job_created", job=job_of(number)))
    elif say is updated:
        receive(moved(number, 0, "x"))
    receive(say(number, 0, "x"))


@pytest.mark.parametrize("values", ["yx", "yxy", "yxx", "yyx"])
@pytest.mark.parametrize(("say", "read"), KINDS)
def test_a_value_that_is_changed_and_confirmed_at_one_moment(
    log: EventLog, inbox: Inbox, receive: Receive, stream: Stream, say: Say, read: Read, values: str
) -> None:
    begin(receive, say, 1)
    for place, value in enumerate(values, start=1):
        receive(say(1, place, value))
    expected = read(log, stream, 1)
    for number in range(100, 106):
        begin(receive, say, number)
        bodies = [say(number, place, value) for place, value in enumerate(values, start=1)]
        assert set(take_in(inbox, bodies)) == {"applied"}
        assert read(log, stream, number) == expected


def test_what_is_taken_in_at_one_moment_without_any_waiting(
    log: EventLog, inbox: Inbox, receive: Receive, stream: Stream
) -> None:
    """As it is: eight threads tell of twelve people, of each in one go."""
    values = "xyxyyx"
    bodies = [moved(number, place, value) for number in range(200, 212) for place, value in enumerate(values)]
    for number in range(200, 212):
        receive(moved(number, 0, "x"))
    with ThreadPoolExecutor(8) as threads:
        greenhouse = INTEGRATIONS["greenhouse"]
        taken = list(threads.map(lambda body: inbox.receive(greenhouse, [SECRET], signed(body), body, NOW), bodies))
    assert {received.outcome for received in taken} <= {"applied", "duplicate"}
    for number in range(200, 212):
        assert stages(log, stream, number)[:5] == [f"stage-{value}" for value in values[:5]]


APPROVED = offer("offer_approved", "Created")
ACCEPTED = offer("offer_updated", "Accepted", resolved_at="2026-02-27T08:00:00Z")


@pytest.mark.parametrize(
    ("late", "early"),
    [
        pytest.param(OFFERED, APPROVED, id="made and approved"),
        pytest.param(APPROVED, OFFERED, id="approved and made"),
        pytest.param(ACCEPTED, OFFERED, id="accepted and made"),
        pytest.param(OFFERED, ACCEPTED, id="made and accepted"),
    ],
)
def test_a_delivery_is_planned_anew_where_another_came_in_after_it_was_planned(
    log: EventLog, inbox: Inbox, receive: Receive, stream: Stream, late: bytes, early: bytes
) -> None:
    """Both tell of one version of one offer, which is made once."""
    receive(NEW)
    lets_in: Any = LetsAnotherIn(log, lambda: receive(early))
    through = replace(inbox, log=lets_in)
    assert through.receive(INTEGRATIONS["greenhouse"], [SECRET], signed(late), late, NOW).outcome == "applied"
    assert lets_in.others == []
    types = [type(recorded.event) for recorded in log.history(stream("application", 9001))]
    assert types.count(OfferMade) == 1
    assert types.count(OfferAccepted) == int(ACCEPTED in (late, early))
