"""A job and its openings were opened when the newest body says so, in whatever order the bodies come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.log.event_log import EventLog
from queries.jobs import JOB as PAGE
from queries.jobs import OF_JOB, page_of_job
from tests.adapters.intake.integrations.bodies import JOB, ROSA, application, delivery
from tests.adapters.intake.integrations.test_greenhouse import Receive, inbox, receive, stream
from tests.adapters.intake.integrations.test_restating import Stream

__all__ = ["inbox", "receive", "stream"]  # fixtures
BEGAN = datetime(2026, 2, 1, 8, tzinfo=UTC)
NUMBERS = count(40_000)
ONE_DATABASE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
SEATS = ("A", "B")


@dataclass(frozen=True)
class Statement:
    """What a body says: when the job was opened, by days from the first, and when the openings that it names were
    that have a date of their own. `hire`: it is a hire into the one opening that it names."""

    opened: int
    seats: dict[str, int | None]
    hire: bool = False


days = st.integers(-9, 9)
of_job = st.builds(Statement, days, st.dictionaries(st.sampled_from(SEATS), st.none() | days))
of_hire = st.builds(lambda opened, seat, own: Statement(opened, {seat: own}, hire=True), days, st.sampled_from(SEATS),
                    st.none() | days)  # fmt: skip


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[Statement], list[int]]:
    """Bodies of the first, second, third day, of a job at least one; and the order in which they come."""
    of_jobs = draw(st.lists(of_job, min_size=1, max_size=4))
    hires = draw(st.lists(of_hire, max_size=2))
    statements = draw(st.permutations([*of_jobs, *hires]))
    return statements, list(draw(st.permutations(range(len(statements)))))


def at(day: int) -> str:
    return (BEGAN + timedelta(days=day)).isoformat()


def body(number: int, day: int, statement: Statement) -> bytes:
    seats = [{"id": f"{number}{name}", "opening_id": f"{number}-{name}"} for name in statement.seats]
    seats = [seat if own is None else seat | {"opened_at": at(own)}
             for seat, own in zip(seats, statement.seats.values(), strict=True)]  # fmt: skip
    job: dict[str, Any] = JOB | {"id": number, "name": f"Gardener {number}", "opened_at": at(statement.opened)}
    if not statement.hire:
        return delivery("job_updated", job=job | {"updated_at": at(day), "openings": seats})
    who = number * 10 + day
    details = application(
        id=who, candidate=ROSA | {"id": who}, applied_at=at(-20), last_activity_at=at(day), jobs=[job]
    )
    return delivery(
        "hire_candidate", application=details | {"opening": seats[0], "offer": {"id": 1, "resolved_at": at(day)}}
    )


def expected(statements: list[Statement]) -> tuple[datetime, dict[str, datetime]]:
    """When the job was opened and when each of its openings was, as the days in order say."""
    job = [statement.opened for statement in statements if not statement.hire][-1]
    seats: dict[str, int] = {}
    for statement in statements:
        seats |= {name: own for name, own in statement.seats.items() if own is not None}
    named = {name for statement in statements for name in statement.seats}
    return BEGAN + timedelta(days=job), {name: BEGAN + timedelta(days=seats.get(name, job)) for name in named}


@settings(ONE_DATABASE, max_examples=60)
@given(telling=tellings())
def test_a_job_and_its_openings_were_opened_when_the_newest_body_says(
    log: EventLog, receive: Receive, stream: Stream, telling: tuple[list[Statement], list[int]]
) -> None:
    statements, order = telling
    number = next(NUMBERS)
    for day in order:
        assert receive(body(number, day, statements[day])).outcome == "applied"
    job = stream("requisition", number)
    page = page_of_job(job, log.load(PAGE, job, OF_JOB).state, 0)
    seats = {name: stream("opening", f"{number}/{number}-{name}") for name in SEATS}
    opened = {seat.opening: seat.opened_at for seat in page.openings}
    opened_seats = {name: opened[seat] for name, seat in seats.items() if seat in opened}
    assert (page.opened_at, opened_seats) == expected(statements)
