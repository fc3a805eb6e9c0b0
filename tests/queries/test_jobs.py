"""What stands of a job and of an application is the same whatever was done and undone on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.application import ApplicationDoesNotExist, StageEntered
from domain.requisition import OpeningCancelled, OpeningReopened, RequisitionDoesNotExist
from queries.jobs import application, requisition
from tests.given import ALICE, APPLICATION, JOB, OPENED, SEAT, SEAT_OPENED, SUBMITTED
from tests.queries.memory_log import START, MemoryLog


@given(st.integers(0, 4))
def test_an_opening_has_the_state_of_its_last_turn_since_that_turn(turns: int) -> None:
    log = MemoryLog()
    log.append(JOB, OPENED)
    last = log.append(JOB, SEAT_OPENED)
    for number in range(turns):
        cancelled, reopened = OpeningCancelled(SEAT, "budget"), OpeningReopened(SEAT, "same", None, None)
        last = log.append(JOB, reopened if number % 2 else cancelled)
    (opening,) = requisition(log, JOB).openings
    assert (opening.state, opening.since) == ("cancelled" if turns % 2 else "open", last.at)
    assert opening.opened_at == log.events[1].at


@given(st.permutations(range(4)), st.lists(st.sampled_from(["screen", "onsite", "offer"]), min_size=4, max_size=4))
def test_visits_are_the_stages_by_their_dates_in_whatever_order_they_are_recorded(
    order: list[int], stages: list[str]
) -> None:
    log = MemoryLog()
    log.append(APPLICATION, SUBMITTED, START)
    for number in order:
        at = START + timedelta(days=1 + number)
        log.append(APPLICATION, StageEntered(ALICE, JOB, stages[number]), at)
    visits = [stage for former, stage in zip([None, *stages], stages, strict=False) if stage != former]
    page = application(log, APPLICATION)
    assert [visit.stage for visit in page.stages] == visits
    assert (page.stage, page.state, page.began_at) == (stages[-1], "submitted", START)
    assert page.version == 5


def test_a_job_and_an_application_must_exist() -> None:
    with pytest.raises(RequisitionDoesNotExist):
        requisition(MemoryLog(), JOB)
    with pytest.raises(ApplicationDoesNotExist):
        application(MemoryLog(), APPLICATION)
