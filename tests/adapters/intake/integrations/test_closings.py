"""A job is closed and opened again, while hires come and go: each seat ends alike in any order of deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
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
NUMBERS = count(7000)
ONE_DATABASE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
NAMES_OF_SEATS = ("A", "B", "C")


@dataclass(frozen=True)
class Story:
    """What happens day by day: 'closed' and 'open' as the job's bodies say, 'hire 1' or 'unhire 2' as one of two people
    takes or gives back the first seat; and the order of the deliveries."""

    days: tuple[str, ...]
    order: tuple[int, ...]


def stories(longest: int = 7) -> st.SearchStrategy[Story]:
    days = st.lists(st.sampled_from(("closed", "open", "1", "2")), min_size=1, max_size=longest)
    return days.map(in_turns).flatmap(in_any_order)


def in_any_order(days: tuple[str, ...]) -> st.SearchStrategy[Story]:
    return st.permutations(range(len(days))).map(lambda order: Story(days, tuple(order)))


def in_turns(days: list[str]) -> tuple[str, ...]:
    """Return a possible course: who is hired takes the seat, and keeps it until the hire is undone."""
    possible, holder = [], ""
    for day in days:
        if day in ("closed", "open"):
            possible.append(day)
        else:
            possible.append(f"unhire {holder}" if holder else f"hire {day}")
            holder = "" if holder else day
    return tuple(possible)


def at(day: int) -> str:
    return (BEGAN + timedelta(days=day)).isoformat()


def body(story: Story, day: int, number: int) -> bytes:
    if story.days[day] not in ("closed", "open"):
        action, who = story.days[day].split()
        return of_hire(action, day, number, int(who))
    since = day
    while story.days[day] == "closed" and (former := before(story, since)) is not None:
        since = former
    job = job_of(number) | {"status": story.days[day], "updated_at": at(day), "closed_at": at(since)}
    return delivery("job_updated", job=job | ({} if story.days[day] == "closed" else {"closed_at": None}))


def before(story: Story, day: int) -> int | None:
    """The day of the body before, where the job was closed by then as it is now."""
    of_job = [earlier for earlier in range(day) if story.days[earlier] in ("closed", "open")]
    return of_job[-1] if of_job and story.days[of_job[-1]] == "closed" else None


def job_of(number: int) -> dict[str, Any]:
    seats = [{"id": f"{number}{name}", "opening_id": f"{number}-{name}"} for name in NAMES_OF_SEATS]
    return JOB | {"id": number, "opened_at": at(-10), "created_at": at(-10), "openings": seats}


def of_hire(action: str, day: int, number: int, who: int) -> bytes:
    more = {"opening": {"opening_id": f"{number}-A"}, "offer": {"id": number * 10 + who, "resolved_at": at(day)}}
    details = application(
        id=number * 10 + who,
        candidate=ROSA | {"id": number * 10 + who, "email_addresses": []},
        applied_at=at(-5),
        last_activity_at=at(day),
        jobs=[{name: value for name, value in job_of(number).items() if name != "openings"}],
        current_stage={"id": 1, "name": "Trial Day"},
    )
    return delivery(f"{action}_candidate", application=details | (more if action == "hire" else {}))


def expected(story: Story) -> list[tuple[str, datetime]]:
    """Return how each seat stands, and since when, by the days in order."""
    closed_since: int | None = None
    hired: int | None = None
    free_since = freed = -10
    for day, what in enumerate(story.days):
        if what == "closed":
            closed_since = day if closed_since is None else closed_since
        elif what == "open" and closed_since is not None:
            closed_since, free_since = None, day
        elif what.startswith("hire"):
            hired = day
        elif what.startswith("unhire"):
            hired, freed = None, day
    state, since = ("open", free_since) if closed_since is None else ("cancelled", closed_since)
    first = (state, max(since, freed)) if hired is None else ("filled", hired)
    return [(name, BEGAN + timedelta(days=since)) for name, since in (first, (state, since), (state, since))]


@settings(ONE_DATABASE, max_examples=60)
@given(story=stories())
def test_each_seat_stands_as_the_days_in_order_say(
    log: EventLog, receive: Receive, stream: Stream, story: Story
) -> None:
    number = next(NUMBERS)
    receive(delivery("job_created", job=job_of(number)))
    for day in story.order:
        assert receive(body(story, day, number)).outcome in ("applied", "waiting")
    job = stream("requisition", number)
    page = page_of_job(job, log.load(PAGE, job, OF_JOB).state, 0)
    seats = {seat.opening: (seat.state, seat.since) for seat in page.openings}
    assert [seats[stream("opening", f"{number}/{number}-{name}")] for name in NAMES_OF_SEATS] == expected(story)


@settings(ONE_DATABASE, max_examples=30)
@given(story=stories())
def test_the_log_says_at_each_time_what_the_body_of_that_time_said(
    log: EventLog, receive: Receive, stream: Stream, story: Story
) -> None:
    number = next(NUMBERS)
    receive(delivery("job_created", job=job_of(number)))
    for day in story.order:
        receive(body(story, day, number))
    closings = log.load(PAGE, stream("requisition", number), OF_JOB).state.requisition.closings
    stated = [(day, what == "closed") for day, what in enumerate(story.days) if what in ("closed", "open")]
    assert [bool(closings.at(BEGAN + timedelta(days=day))) for day, _ in stated] == [closed for _, closed in stated]
    turns = [bool(turn.value) for turn in closings.turns]
    assert all(turn.at >= BEGAN for turn in closings.turns)
    assert sum(previous != next_turn for previous, next_turn in pairwise([False, *turns])) == sum(
        previous != next_turn for previous, next_turn in pairwise([False, *(closed for _, closed in stated)])
    )
