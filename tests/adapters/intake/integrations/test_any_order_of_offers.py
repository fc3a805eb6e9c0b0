"""Offers, hires and prospects end in one state, in whatever order their deliveries arrive."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest

from adapters.postgres.log.event_log import EventLog
from domain.application import OfferDeclined, OfferDeclineTakenBack
from domain.event import Recorded
from queries.jobs import APPLICATION_RECORD, OF_APPLICATION, page_of_application
from tests.adapters.intake.integrations.bodies import JOB, ROSA, application, delivery
from tests.adapters.intake.integrations.test_greenhouse import Receive, inbox, receive, stream

__all__ = ["inbox", "receive", "stream"]  # fixtures
Stream = Callable[[str, object], UUID]
NAMES = ("offer-made.v1", "offer-accepted.v1", "offer-declined.v1", "offer-rescinded.v1", "candidate-hired.v1",
         "candidate-unhired.v1", "prospect-added.v1", "application-submitted.v1")  # fmt: skip
Body = Callable[[int], bytes]


def offer(version: int, status: str, sent: int, resolved: int | None = None) -> Body:
    def body(number: int) -> bytes:
        values = {"id": number, "application_id": number, "job_id": 77, "version": version, "offer_status": status}
        times = {"sent_on": day(sent), "resolved_at": None if resolved is None else day(resolved)}
        return delivery("offer_created" if status == "Created" else "offer_updated", **values, **times)

    return body


def of_application(action: str, at: int, **more: Any) -> Body:
    def body(number: int) -> bytes:
        person = ROSA | {"id": number, "created_at": day(1), "email_addresses": []}
        values = {"id": number, "candidate": person, "jobs": [JOB], "last_activity_at": day(at), "applied_at": day(1)}
        with_offer = {"offer": {"id": number, **more["offer"]}} if "offer" in more else {}
        return delivery(action, application=application(**values) | more | with_offer)

    return body


def day(number: int) -> str:
    return f"2026-03-{number:02}T08:00:00Z"


def hire(at: int, **of_offer: Any) -> Body:
    return of_application("hire_candidate", at, offer=of_offer)


SUBMITTED = {"application-submitted.v1": [1]}
FIRST = of_application("new_candidate_application", 1)
STORIES = [
    pytest.param(
        FIRST,
        (offer(1, "Created", 2), offer(1, "Accepted", 2, 3), hire(4, version=1, resolved_at=day(3))),
        SUBMITTED | {"offer-made.v1": [2], "offer-accepted.v1": [3], "candidate-hired.v1": [3]},
        id="a hire that does not say when its offer was sent",
    ),
    pytest.param(
        FIRST,
        (offer(1, "Created", 2), offer(1, "Rejected", 2, 3), offer(2, "Created", 4), offer(2, "Accepted", 4, 5)),
        SUBMITTED | {"offer-made.v1": [2, 4], "offer-declined.v1": [3], "offer-accepted.v1": [5]},
        id="an offer after one that was declined",
    ),
    pytest.param(
        FIRST,
        (
            *(offer(1, "Created", 2), hire(4, version=1, resolved_at=day(3))),
            *(of_application("unhire_candidate", 5), offer(2, "Created", 6)),
            hire(8, version=2, sent_at=day(6), resolved_at=day(7)),
        ),
        SUBMITTED
        | {
            "offer-made.v1": [2, 6],
            "offer-accepted.v1": [3, 7],
            "candidate-hired.v1": [3, 7],
            "candidate-unhired.v1": [5],
        },
        id="acceptances on different days",
    ),
    pytest.param(
        FIRST,
        (offer(1, "Created", 2), offer(1, "Accepted", 2, 3), offer(1, "Rejected", 2, 5)),
        SUBMITTED | {"offer-made.v1": [2], "offer-accepted.v1": [3], "offer-rescinded.v1": [5]},
        id="an acceptance that the candidate took back",
    ),
    pytest.param(
        FIRST,
        (
            *(offer(1, "Created", 2), offer(1, "Accepted", 2, 3), offer(1, "Rejected", 2, 5)),
            *(offer(2, "Created", 6), hire(8, version=2, sent_at=day(6), resolved_at=day(7))),
        ),
        SUBMITTED
        | {
            "offer-made.v1": [2, 6],
            "offer-accepted.v1": [3, 7],
            "offer-rescinded.v1": [5],
            "candidate-hired.v1": [7],
        },
        id="a hire after an acceptance that the candidate took back",
    ),
    pytest.param(
        of_application("new_prospect_application", 1, prospect=True),
        (
            of_application("application_updated", 2, prospect=True),
            of_application("new_candidate_application", 3, applied_at=day(3)),
            of_application("candidate_stage_change", 4, applied_at=day(3), current_stage={"id": 2, "name": "Phone"}),
        ),
        {"prospect-added.v1": [1], "application-submitted.v1": [3]},
        id="a prospect who applies",
    ),
]


@pytest.mark.parametrize(("first", "bodies", "events"), STORIES)
def test_offers_and_prospects_end_in_one_state_in_any_order(
    log: EventLog, receive: Receive, stream: Stream, first: Body, bodies: Sequence[Body], events: dict[str, list[int]]
) -> None:
    pages = []
    orders = list(itertools.permutations((first, *bodies)))
    for number, order in enumerate(random.Random(1).sample(orders, min(len(orders), 30)), start=9000):
        for body in order:
            assert receive(body(number)).outcome in ("applied", "waiting")
        recorded = log.history(stream("application", number))
        assert days_of(recorded) == events
        state = log.load(APPLICATION_RECORD, stream("application", number), OF_APPLICATION).state
        page = page_of_application(stream("application", number), state, 0)
        pages.append((page.offer, page.state, page.began_at, page.ended_at, page.stage, page.stages))
    assert [page for page in pages if page != pages[0]] == []


def days_of(recorded: Sequence[Recorded[Any]]) -> dict[str, list[int]]:
    """The days of the events that count here, by their names; a decline that was taken back was none."""
    days: dict[str, list[int]] = {}
    declines = [event for event in recorded if isinstance(event.event, OfferDeclined)]
    none = sum(isinstance(event.event, OfferDeclineTakenBack) for event in recorded)
    recorded = [event for event in recorded if event not in declines[len(declines) - none :]]
    for event in sorted(recorded, key=lambda event: event.at):
        if event.event.stored_name in NAMES:
            days.setdefault(event.event.stored_name, []).append(event.at.day)
    return days
