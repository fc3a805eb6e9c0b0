"""Which opening a hire takes follows from its own body, in whatever order the bodies of a job and its hires come."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.log.event_log import EventLog
from domain.event import Event
from domain.requisition import OPENINGS, REQUISITION, RequisitionOpened
from queries.jobs import APPLICATION_RECORD, OF_APPLICATION
from tests.adapters.intake.integrations.bodies import JOB, ROSA, application, delivery
from tests.adapters.intake.integrations.test_greenhouse import Receive, inbox, receive, stream
from tests.adapters.intake.integrations.test_restating import Stream

__all__ = ["inbox", "receive", "stream"]  # fixtures
NUMBERS = count(60_000)
ONE_DATABASE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
READS: frozenset[type[Event]] = frozenset((RequisitionOpened, *OPENINGS))
SEATS = ("A", "B", "C")
seats = st.lists(st.sampled_from(SEATS), unique=True).map(tuple)
hires = st.tuples(st.none() | st.sampled_from(SEATS), seats)
"""The opening that a hire names, if any, and those that its body lists under the job."""


@st.composite
def tellings(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Bodies of a job, with the openings that they list, and hires for it; in any order."""
    jobs = [("job", listed) for listed in draw(st.lists(seats, max_size=3))]
    return list(draw(st.permutations([*jobs, *(("hire", hire) for hire in draw(st.lists(hires, max_size=3)))])))


def job_of(number: int, listed: tuple[str, ...]) -> dict[str, Any]:
    return JOB | {"id": number, "openings": [{"opening_id": f"{number}-{seat}"} for seat in listed]}


def body(number: int, who: int, what: str, content: Any) -> bytes:
    if what == "job":
        return delivery("job_updated", job=job_of(number, content) | {"updated_at": f"2026-03-0{who + 1}T08:00:00Z"})
    named, listed = content
    at = f"2026-03-1{who}T08:00:00Z"
    details = application(id=number * 10 + who, candidate=ROSA | {"id": number * 10 + who}, last_activity_at=at)
    details |= {"jobs": [job_of(number, listed)], "opening": named and {"opening_id": f"{number}-{named}"}}
    return delivery("hire_candidate", application=details | {"offer": {"id": 1, "resolved_at": at}})


@settings(ONE_DATABASE, max_examples=60)
@given(deliveries=tellings())
def test_a_hire_takes_the_opening_that_its_body_names_or_lists_alone(
    log: EventLog, receive: Receive, stream: Stream, deliveries: list[tuple[str, Any]]
) -> None:
    number = next(NUMBERS)
    for who, (what, content) in enumerate(deliveries):
        assert receive(body(number, who, what, content)).outcome == "applied"
    ends = log.load(REQUISITION, stream("requisition", number), READS).state.ends
    fills = {(end.application, opening) for opening, stand in ends.items() for end in stand}
    expected = set()
    for who, (what, content) in enumerate(deliveries):
        if what == "hire":
            named, listed = content
            seat = named or (listed[0] if len(listed) == 1 else None)
            hired = stream("application", number * 10 + who)
            opening = None if seat is None else stream("opening", f"{number}/{number}-{seat}")
            record = log.load(APPLICATION_RECORD, hired, OF_APPLICATION).state.application
            assert record.hire is not None
            assert record.hire.opening == opening
            expected |= set() if opening is None else {(hired, opening)}
    assert fills == expected
