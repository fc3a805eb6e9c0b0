"""An application's way from its beginning to one end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commands.accept_offer import AcceptOffer
from commands.add_prospect import AddProspect
from commands.enter_stage import EnterStage
from commands.hire_candidate import HireCandidate
from commands.reject_application import RejectApplication
from commands.submit_application import SubmitApplication
from commands.verb import Command
from commands.withdraw_application import WithdrawApplication
from domain.application import (
    ApplicationDoesNotExist,
    ApplicationExistsAlready,
    ApplicationHasEnded,
    ApplicationIsForAnotherRequisition,
    ApplicationIsOfAnotherCandidate,
    ApplicationRejected,
    ApplicationWasSubmittedAlready,
    ApplicationWithdrawn,
    CandidateHired,
    OfferAccepted,
    OpeningNeedsItsRequisition,
    ProspectAdded,
    StageEntered,
)
from domain.candidate import CandidateDoesNotExist
from domain.event import Event
from domain.requisition import (
    OpeningCancelled,
    OpeningDoesNotExist,
    OpeningFilled,
    OpeningWasCancelled,
    OpeningWasFilled,
    RequisitionDoesNotExist,
)
from tests.given import (
    ALICE,
    APPLICATION,
    BOB,
    DAY,
    JOB,
    NOW,
    OPENED,
    OTHER_SEAT,
    SEAT,
    SEAT_OPENED,
    SOURCED,
    START,
    SUBMITTED,
    At,
    Given,
    given,
)

OTHER_JOB = BOB
SUBMIT = SubmitApplication(application=APPLICATION, candidate=ALICE, requisition=JOB, source="career-site", now=NOW)
PROSPECT = ProspectAdded(ALICE, None, "import", None, None)
REJECTED = ApplicationRejected(ALICE, JOB, "skills", None)
ACCEPT = AcceptOffer(application=APPLICATION, requisition=JOB, opening=SEAT, now=NOW)
HIRE = HireCandidate(application=APPLICATION, requisition=JOB, opening=SEAT, now=NOW)
ACCEPTED = OfferAccepted(ALICE, JOB, SEAT)


def applied(*then: Event | At, seat: Event | None = None) -> Given:
    """Alice, a job with an open seat (or a seat that ended so), and her application with what came of it."""
    seats = [SEAT_OPENED] if seat is None else [SEAT_OPENED, seat]
    return given({ALICE: [SOURCED], JOB: [OPENED, *seats], APPLICATION: [SUBMITTED, *then]})


def test_a_known_candidate_applies_for_a_known_job() -> None:
    given({ALICE: [SOURCED], JOB: [OPENED]}).when(SUBMIT).then({APPLICATION: [SUBMITTED]})
    given({JOB: [OPENED]}).when(SUBMIT).refused(CandidateDoesNotExist)
    given({ALICE: [SOURCED]}).when(SUBMIT).refused(RequisitionDoesNotExist)
    applied().when(SUBMIT).refused(ApplicationWasSubmittedAlready)


def considered(*then: Event) -> Given:
    return given({ALICE: [SOURCED], BOB: [SOURCED], JOB: [OPENED, SEAT_OPENED], APPLICATION: [PROSPECT, *then]})


def test_a_prospect_becomes_an_applicant() -> None:
    considered().when(SUBMIT).then({APPLICATION: [SUBMITTED]})
    considered().when(replace(SUBMIT, candidate=BOB)).refused(ApplicationIsOfAnotherCandidate)
    considered(replace(REJECTED, requisition=None)).when(SUBMIT).refused(ApplicationHasEnded)


def test_a_prospect_is_added_for_a_job_or_for_none_yet() -> None:
    add = AddProspect(application=APPLICATION, candidate=ALICE, source="import", now=NOW)
    history = given({ALICE: [SOURCED], JOB: [OPENED]})
    history.when(add).then({APPLICATION: [PROSPECT]})
    history.when(replace(add, requisition=JOB)).then({APPLICATION: [replace(PROSPECT, requisition=JOB)]})
    history.when(replace(add, requisition=SEAT)).refused(RequisitionDoesNotExist)
    history.when(replace(add, candidate=BOB)).refused(CandidateDoesNotExist)
    applied().when(add).refused(ApplicationExistsAlready)


def enter(stage: str, days: int | None = None) -> EnterStage:
    return EnterStage(
        application=APPLICATION, stage=stage, now=NOW, occurred_at=None if days is None else START + days * DAY
    )


def test_a_stage_is_entered_once_in_a_row() -> None:
    screen, onsite = StageEntered(ALICE, JOB, "screen"), StageEntered(ALICE, JOB, "onsite")
    applied().when(enter("screen")).then({APPLICATION: [screen]})
    applied(screen).when(enter("screen")).then({})
    applied(screen, onsite).when(enter("screen")).then({APPLICATION: [screen]})
    given({}).when(enter("screen")).refused(ApplicationDoesNotExist)


def test_the_stage_it_stands_in_is_that_of_the_time_told_of() -> None:
    screen, late = StageEntered(ALICE, JOB, "screen"), StageEntered(ALICE, JOB, "onsite")
    applied(At(START + 5 * DAY, late), At(START, screen)).when(enter("onsite")).then({})
    applied(At(START + 5 * DAY, late), At(START, screen)).when(enter("screen", 2)).then({})


def test_a_stage_entered_before_the_end_may_be_recorded_after_it() -> None:
    rejected = applied(At(START + 9 * DAY, REJECTED))
    rejected.when(enter("screen", 8)).then({APPLICATION: [StageEntered(ALICE, JOB, "screen")]})
    rejected.when(enter("screen", 9)).refused(ApplicationHasEnded)
    rejected.when(enter("screen")).refused(ApplicationHasEnded)


ENDING = [
    RejectApplication(application=APPLICATION, reason="skills", now=NOW),
    WithdrawApplication(application=APPLICATION, reason="skills", now=NOW),
    HIRE,
]


@pytest.mark.parametrize("command", [*ENDING, ACCEPT], ids=lambda command: type(command).__name__)
@pytest.mark.parametrize(
    "end", [REJECTED, ApplicationWithdrawn(ALICE, JOB, "x", None), CandidateHired(ALICE, JOB, None)]
)
def test_what_has_ended_stays_so(command: Command, end: Event) -> None:
    applied(end).when(command).refused(ApplicationHasEnded)
    given({}).when(command).refused(ApplicationDoesNotExist)


def test_either_side_says_no() -> None:
    applied().when(ENDING[0]).then({APPLICATION: [REJECTED]})
    applied().when(ENDING[1]).then({APPLICATION: [ApplicationWithdrawn(ALICE, JOB, "skills", None)]})


def test_an_offer_is_accepted_for_an_open_seat_of_this_job() -> None:
    applied().when(ACCEPT).then({APPLICATION: [ACCEPTED]})
    applied(ACCEPTED).when(ACCEPT).then({})
    considered().when(ACCEPT).then({APPLICATION: [ACCEPTED]})
    applied().when(replace(ACCEPT, opening=OTHER_SEAT)).refused(OpeningDoesNotExist)
    applied().when(replace(ACCEPT, requisition=OTHER_JOB)).refused(ApplicationIsForAnotherRequisition)
    applied(seat=OpeningCancelled(SEAT, "x")).when(ACCEPT).refused(OpeningWasCancelled)


def test_a_hire_fills_the_seat_as_of_the_acceptance() -> None:
    hired, taken = CandidateHired(ALICE, JOB, SEAT), OpeningFilled(SEAT, APPLICATION, ALICE, START + DAY)
    applied(ACCEPTED).when(HIRE).then({APPLICATION: [hired], JOB: [taken]})
    applied().when(HIRE).then({APPLICATION: [hired], JOB: [replace(taken, accepted_at=NOW)]})
    elsewhere = replace(ACCEPTED, opening=OTHER_SEAT)
    applied(elsewhere).when(HIRE).then({APPLICATION: [hired], JOB: [replace(taken, accepted_at=NOW)]})


def test_a_hire_without_a_seat_fills_none() -> None:
    hired = {APPLICATION: [CandidateHired(ALICE, JOB, None)]}
    applied().when(replace(HIRE, opening=None)).then(hired)
    applied().when(replace(HIRE, opening=None, requisition=None)).then(hired)
    applied().when(replace(HIRE, requisition=None)).refused(OpeningNeedsItsRequisition)


def test_a_hire_into_a_seat_that_is_not_open_is_refused() -> None:
    applied(seat=OpeningFilled(SEAT, SEAT, BOB, NOW)).when(HIRE).refused(OpeningWasFilled)
    applied(seat=OpeningCancelled(SEAT, "x")).when(HIRE).refused(OpeningWasCancelled)
    applied().when(replace(HIRE, opening=OTHER_SEAT)).refused(OpeningDoesNotExist)
    applied().when(replace(HIRE, requisition=OTHER_JOB)).refused(ApplicationIsForAnotherRequisition)
    considered().when(replace(HIRE, requisition=OTHER_SEAT)).refused(RequisitionDoesNotExist)
