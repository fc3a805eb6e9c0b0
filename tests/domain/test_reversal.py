"""A reversal takes back one fact of its kind: the last recorded before it that is dated no later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import application, requisition
from domain.application import (
    Application,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationTransferred,
    ApplicationUnrejected,
    ApplicationWithdrawn,
    CandidateHired,
    CandidateUnhired,
    OfferAccepted,
    OfferDeclined,
    OfferDeclineTakenBack,
    OfferMade,
    OfferRescinded,
    StageEntered,
)
from domain.event import Event, Recorded
from domain.requisition import OpeningCancelled, OpeningFilled, OpeningOpened, OpeningReopened, Requisition
from domain.reversal import last_by, taken_back

ALICE, JOB, OTHER_JOB, SEAT, FIRST, OTHER = (UUID(int=number) for number in range(1, 7))
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
HIRE, UNHIRE = CandidateHired(ALICE, JOB, None), CandidateUnhired(ALICE, JOB, None, "x", None)
REJECT, UNREJECT = ApplicationRejected(ALICE, JOB, "x", None), ApplicationUnrejected(ALICE, JOB, "x", None)
WITHDRAW = ApplicationWithdrawn(ALICE, JOB, "x", None)
NO_DECLINE = OfferDeclineTakenBack(ALICE, JOB, SEAT)
MAKE, ACCEPT = OfferMade(ALICE, JOB, SEAT), OfferAccepted(ALICE, JOB, SEAT)
DECLINE, RESCIND = OfferDeclined(ALICE, JOB, SEAT, "x", None), OfferRescinded(ALICE, JOB, SEAT, "us", "x", None)


Events = list[tuple[Event, int]]


def day(number: int) -> datetime:
    return NEW_YEAR + timedelta(days=number)


def application_of(*events: tuple[Event, int]) -> Application:
    state = Application(FIRST)
    submitted = (ApplicationSubmitted(ALICE, JOB, "x", None, None), 0)
    for number, (event, on) in enumerate((submitted, *events), start=1):
        state = application.evolve(state, Recorded(FIRST, number, event, UUID(int=number), day(on)))
    return state


@pytest.mark.parametrize(
    ("events", "ending", "on"),
    [
        ([(HIRE, 31), (UNHIRE, 50), (HIRE, 31)], CandidateHired, 31),
        ([(HIRE, 31), (UNHIRE, 50), (HIRE, 33)], CandidateHired, 33),
        ([(HIRE, 63), (HIRE, 31), (UNHIRE, 50)], CandidateHired, 63),
        ([(HIRE, 63), (HIRE, 31)], CandidateHired, 31),
        ([(HIRE, 31), (HIRE, 40), (UNHIRE, 50)], CandidateHired, 31),
        ([(HIRE, 31), (HIRE, 40), (UNHIRE, 50), (UNHIRE, 50)], None, None),
        ([(HIRE, 31), (UNHIRE, 20)], None, None),
        ([(HIRE, 31), (HIRE, 30), (UNHIRE, 20)], CandidateHired, 31),
        ([(UNHIRE, 50), (HIRE, 31)], CandidateHired, 31),
        ([(REJECT, 10), (REJECT, 30), (UNREJECT, 20)], ApplicationRejected, 30),
        ([(REJECT, 10), (WITHDRAW, 5), (UNREJECT, 20)], ApplicationWithdrawn, 5),
        ([(WITHDRAW, 5), (UNREJECT, 20), (UNHIRE, 20)], ApplicationWithdrawn, 5),
        ([(REJECT, 10), (HIRE, 31), (UNHIRE, 40)], ApplicationRejected, 10),
        ([(REJECT, 10), (HIRE, 31), (UNREJECT, 40)], CandidateHired, 31),
        ([(REJECT, 10), (HIRE, 31)], CandidateHired, 31),
        ([(HIRE, 31), (ApplicationTransferred(ALICE, JOB, OTHER_JOB, "x"), 35), (UNHIRE, 40)], None, None),
    ],
)
def test_of_the_ends_of_an_application_one_is_undone(
    events: list[tuple[Event, int]], ending: type[Event] | None, on: int | None
) -> None:
    state = application_of(*events)
    assert (state.ending, state.ended_at) == (ending, None if on is None else day(on))


@pytest.mark.parametrize(
    ("events", "accepted", "out"),
    [
        ([(ACCEPT, 11), (RESCIND, 9)], None, False),
        ([(MAKE, 5), (ACCEPT, 11), (RESCIND, 9)], None, False),
        ([(ACCEPT, 11), (RESCIND, 20), (ACCEPT, 11)], 11, True),
        ([(ACCEPT, 30), (ACCEPT, 11), (RESCIND, 20)], 30, True),
        ([(MAKE, 5), (RESCIND, 9)], None, False),
        ([(MAKE, 5), (DECLINE, 9), (MAKE, 5)], None, True),
        ([(MAKE, 5), (ACCEPT, 6), (DECLINE, 9)], 6, True),
        ([(MAKE, 5), (ACCEPT, 6), (MAKE, 7), (DECLINE, 9)], 6, True),
        ([(MAKE, 5), (ACCEPT, 6), (MAKE, 7), (RESCIND, 9)], None, True),
        ([(RESCIND, 9), (ACCEPT, 6)], 6, True),
        ([(ACCEPT, 6), (MAKE, 5), (RESCIND, 9)], None, False),
        ([(ACCEPT, 6), (MAKE, 7), (RESCIND, 9)], None, True),
        ([(MAKE, 7), (MAKE, 5), (DECLINE, 6), (ACCEPT, 8)], 8, True),
        ([(MAKE, 5), (DECLINE, 9), (NO_DECLINE, 9)], None, True),
        ([(MAKE, 5), (DECLINE, 9), (NO_DECLINE, 9), (ACCEPT, 6), (RESCIND, 9)], None, False),
        ([(MAKE, 5), (DECLINE, 9), (NO_DECLINE, 9), (ACCEPT, 6)], 6, True),
        ([(DECLINE, 9), (NO_DECLINE, 9)], None, False),
        ([(MAKE, 5), (DECLINE, 9), (MAKE, 10), (NO_DECLINE, 9), (DECLINE, 11)], None, True),
    ],
)
def test_of_the_offers_one_is_answered_by_a_no(
    events: list[tuple[Event, int]], accepted: int | None, out: bool
) -> None:
    state = application_of(*events)
    assert [acceptance.at for acceptance in state.acceptances] == ([] if accepted is None else [day(accepted)])
    assert (state.standing_offer is not None) == out


@pytest.mark.parametrize(
    "events",
    [
        [(MAKE, 2), (ACCEPT, 3), (MAKE, 5), (ACCEPT, 7)],
        [(MAKE, 5), (ACCEPT, 7), (MAKE, 2), (ACCEPT, 3)],
        [(ACCEPT, 7), (ACCEPT, 3), (MAKE, 5), (MAKE, 2)],
        [(MAKE, 5), (MAKE, 2), (ACCEPT, 3), (ACCEPT, 7)],
        [(ACCEPT, 3), (MAKE, 2), (MAKE, 5), (ACCEPT, 7)],
        [(MAKE, 2), (ACCEPT, 7), (MAKE, 5), (ACCEPT, 3)],
    ],
)
def test_each_acceptance_is_of_the_newest_offer_by_then_in_whatever_order_recorded(
    events: list[tuple[Event, int]],
) -> None:
    state = application_of(*events)
    pairs = sorted((offer.at, offer.accepted_at) for offer in state.offers if offer.accepted_at is not None)
    assert pairs == [(day(2), day(3)), (day(5), day(7))]
    assert state.standing_offer is not None
    assert state.standing_offer.accepted_at == day(7)


@pytest.mark.parametrize(
    "offers",
    [
        ([(MAKE, 10), (ACCEPT, 12), (RESCIND, 14)], [(MAKE, 20), (DECLINE, 25)], OfferDeclined),
        ([(MAKE, 10), (DECLINE, 12)], [(MAKE, 20), (ACCEPT, 22), (RESCIND, 25)], OfferRescinded),
        ([(MAKE, 10), (DECLINE, 12)], [(MAKE, 20), (RESCIND, 25)], OfferRescinded),
    ],
)
def test_of_the_offers_that_ended_the_newest_is_the_last_whichever_end_was_recorded_first(
    offers: tuple[Events, Events, type[Event]],
) -> None:
    first, second, ending = offers
    in_order = application_of(*first, *second)
    late_end = application_of(*first[:-1], *second, first[-1])
    for state in (in_order, late_end):
        assert state.standing_offer is None
        assert state.offer is not None
        assert (state.offer.at, state.offer.ending) == (day(20), ending)


def test_stages_are_no_reversals_and_keep_the_order_in_which_they_were_so() -> None:
    def enter(stage: str, on: int) -> tuple[Event, int]:
        return StageEntered(ALICE, JOB, stage), on

    assert application_of(enter("interview", 20), enter("screen", 10)).stages.last == "interview"
    assert application_of(enter("interview", 20), (REJECT, 15)).ending is ApplicationRejected


def opening_of(*events: tuple[Event, int]) -> Requisition:
    state = Requisition(JOB, exists=True)
    for number, (event, on) in enumerate(((OpeningOpened(SEAT, None), 0), *events), start=1):
        state = requisition.evolve(state, Recorded(JOB, number, event, UUID(int=number), day(on)))
    return state


FILL, FILL_BY_OTHER = OpeningFilled(SEAT, FIRST, ALICE, NEW_YEAR), OpeningFilled(SEAT, OTHER, ALICE, NEW_YEAR)
CANCEL, REOPEN = OpeningCancelled(SEAT, "x"), OpeningReopened(SEAT, "same", None, None)


@pytest.mark.parametrize(
    ("events", "ended", "by"),
    [
        ([(FILL, 10), (REOPEN, 20), (FILL, 10)], OpeningFilled, FIRST),
        ([(FILL, 30), (FILL_BY_OTHER, 10), (REOPEN, 20)], OpeningFilled, FIRST),
        ([(FILL, 10), (FILL_BY_OTHER, 15)], OpeningFilled, FIRST),
        ([(FILL, 10), (FILL_BY_OTHER, 15), (REOPEN, 20)], OpeningFilled, FIRST),
        ([(FILL, 10), (CANCEL, 5), (REOPEN, 20)], OpeningFilled, FIRST),
        ([(CANCEL, 5), (FILL, 10)], OpeningFilled, FIRST),
        ([(CANCEL, 5), (FILL, 10), (REOPEN, 20)], OpeningCancelled, None),
        ([(CANCEL, 5), (FILL, 10), (REOPEN, 20), (REOPEN, 21)], None, None),
        ([(CANCEL, 30), (REOPEN, 20)], None, None),
        ([(REOPEN, 20), (CANCEL, 5)], OpeningCancelled, None),
        ([(FILL, 10), (OpeningReopened(SEAT, "new", None, None), 20), (REOPEN, 30)], None, None),
    ],
)
def test_of_the_ends_of_an_opening_one_is_taken_back(
    events: list[tuple[Event, int]], ended: type[Event] | None, by: UUID | None
) -> None:
    state = opening_of(*events)
    assert (state.openings[SEAT], state.taken_by.get(SEAT)) == (ended, by)


@dataclass(frozen=True)
class Fact:
    at: datetime


facts = st.lists(st.integers(0, 5).map(day).map(Fact), max_size=6)


@given(facts, st.integers(-1, 6).map(day))
def test_one_is_taken_back_wherever_one_stands_and_a_command_needs_one_that_is_no_later(
    standing: list[Fact], moment: datetime
) -> None:
    back, request = taken_back(standing, moment), last_by(standing, moment)
    dated = [fact for fact in standing if fact.at <= moment]
    assert (back is None) == (not standing)
    assert request is (dated[-1] if dated else None)
    assert back is ((dated or standing)[-1] if standing else None)
