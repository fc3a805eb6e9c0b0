"""What was done to a job or an application can be undone, by an event of its own, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.enter_stage import EnterStage
from commands.hire_candidate import HireCandidate
from commands.hold_requisition import HoldRequisition
from commands.move_back import MoveBack
from commands.reject_application import RejectApplication
from commands.reopen_opening import ReopenOpening
from commands.resume_requisition import ResumeRequisition
from commands.set_target_date import SetTargetDate
from commands.transfer_application import TransferApplication
from commands.unhire_candidate import UnhireCandidate
from commands.unreject_application import UnrejectApplication
from domain.application import (
    ApplicationDoesNotExist,
    ApplicationHasEnded,
    ApplicationIsForAnotherRequisition,
    ApplicationIsForThisRequisition,
    ApplicationIsNotRejected,
    ApplicationMovedBack,
    ApplicationRejected,
    ApplicationTransferred,
    ApplicationUnrejected,
    ApplicationWithdrawn,
    CandidateHired,
    CandidateIsNotHired,
    CandidateUnhired,
    OfferAccepted,
    OfferIsOut,
    OpeningNeedsItsRequisition,
    StageEntered,
    StageIsNotEarlier,
    StageWasNeverEntered,
)
from domain.event import ERASED, Event
from domain.requisition import (
    HiringManagerAssigned,
    OpeningCancelled,
    OpeningDoesNotExist,
    OpeningEndedLater,
    OpeningFilled,
    OpeningIsOpen,
    OpeningIsTaken,
    OpeningReopened,
    RecruiterAssigned,
    RequisitionDoesNotExist,
    RequisitionHeld,
    RequisitionIsHeld,
    RequisitionIsNotHeld,
    RequisitionResumed,
    TargetDateSet,
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
    START,
    SUBMITTED,
    At,
    Given,
    given,
)

OTHER_JOB = UUID(int=90)
HOLD = HoldRequisition(requisition=JOB, reason="budget", now=NOW)
RESUME = ResumeRequisition(requisition=JOB, now=NOW)
HELD, RESUMED = RequisitionHeld("budget", None), RequisitionResumed(None)


def job(*then: Event | At) -> Given:
    return given({JOB: [OPENED, SEAT_OPENED, *then]})


def at(command: HoldRequisition | ResumeRequisition, day: int) -> HoldRequisition | ResumeRequisition:
    return replace(command, occurred_at=START + day * DAY)


def test_a_job_is_held_and_resumed_in_turns() -> None:
    job().when(HOLD).then({JOB: [HELD]})
    job(HELD).when(HOLD).refused(RequisitionIsHeld)
    job(HELD).when(RESUME).then({JOB: [RESUMED]})
    job().when(RESUME).refused(RequisitionIsNotHeld)
    job(HELD, RESUMED).when(RESUME).refused(RequisitionIsNotHeld)
    given({}).when(HOLD).refused(RequisitionDoesNotExist)
    given({}).when(RESUME).refused(RequisitionDoesNotExist)


def test_a_hold_that_has_passed_may_be_recorded_later() -> None:
    held = job(At(START + 50 * DAY, HELD))
    held.when(at(HOLD, 10)).then({JOB: [HELD]})
    held.when(at(HOLD, 50)).refused(RequisitionIsHeld)
    held.when(at(RESUME, 49)).refused(RequisitionIsNotHeld)
    job(At(START + 50 * DAY, HELD), At(START + 10 * DAY, HELD)).when(at(RESUME, 20)).then({JOB: [RESUMED]})


FILLED = OpeningFilled(SEAT, APPLICATION, ALICE, START)
CANCELLED = OpeningCancelled(SEAT, "budget")
SAME = ReopenOpening(requisition=JOB, opening=SEAT, need="same", now=NOW)
NEW = replace(SAME, need="new")


def test_what_was_given_up_is_reopened_for_either_need() -> None:
    job(CANCELLED).when(SAME).then({JOB: [OpeningReopened(SEAT, "same", None, None)]})
    job(CANCELLED).when(NEW).then({JOB: [OpeningReopened(SEAT, "new", None, None)]})
    job().when(SAME).refused(OpeningIsOpen)
    job(CANCELLED, OpeningReopened(SEAT, "same", None, None)).when(NEW).refused(OpeningIsOpen)
    job().when(replace(SAME, opening=OTHER_SEAT)).refused(OpeningDoesNotExist)
    given({}).when(SAME).refused(RequisitionDoesNotExist)


def test_a_seat_that_a_hire_takes_is_reopened_for_a_new_need_only() -> None:
    job(FILLED).when(NEW).then({JOB: [OpeningReopened(SEAT, "new", None, None)]})
    job(FILLED).when(SAME).refused(OpeningIsTaken)
    job(FILLED, OpeningReopened(SEAT, "new", None, None), CANCELLED).when(SAME).then(
        {JOB: [OpeningReopened(SEAT, "same", None, None)]}
    )


def test_the_target_and_the_people_of_a_job_are_news_when_they_change() -> None:
    target = SetTargetDate(requisition=JOB, target=date(2026, 9, 1), now=NOW)
    manager = AssignHiringManager(requisition=JOB, user="mara", now=NOW)
    recruiter = AssignRecruiter(requisition=JOB, user="otto", now=NOW)
    events = (
        (target, TargetDateSet(date(2026, 9, 1)), TargetDateSet(None)),
        (manager, HiringManagerAssigned("mara"), HiringManagerAssigned(ERASED)),
        (recruiter, RecruiterAssigned("otto"), RecruiterAssigned(None)),
    )
    for command, same, other in events:
        job().when(command).then({JOB: [same]})
        job(same).when(command).then({})
        job(same, other).when(command).then({JOB: [same]})
        given({}).when(command).refused(RequisitionDoesNotExist)


SCREEN, ONSITE = StageEntered(ALICE, JOB, "screen"), StageEntered(ALICE, JOB, "onsite")
BACK = MoveBack(application=APPLICATION, stage="screen", reason="wrong-button", now=NOW)
MOVED_BACK = ApplicationMovedBack(ALICE, JOB, "screen", "wrong-button")
REJECTED = ApplicationRejected(ALICE, JOB, "skills", None)


def applied(*then: Event | At, seat: tuple[Event | At, ...] = ()) -> Given:
    return given({JOB: [OPENED, SEAT_OPENED, *seat], OTHER_JOB: [OPENED], APPLICATION: [SUBMITTED, *then]})


def test_an_application_moves_back_to_an_earlier_stage() -> None:
    applied(SCREEN, ONSITE).when(BACK).then({APPLICATION: [MOVED_BACK]})
    applied(ONSITE).when(BACK).refused(StageWasNeverEntered)
    applied().when(BACK).refused(StageWasNeverEntered)
    applied(SCREEN).when(BACK).refused(StageIsNotEarlier)
    applied(SCREEN, ONSITE, MOVED_BACK).when(replace(BACK, stage="onsite")).refused(StageIsNotEarlier)
    applied(SCREEN, ONSITE, REJECTED).when(BACK).refused(ApplicationHasEnded)
    given({}).when(BACK).refused(ApplicationDoesNotExist)


def test_the_earlier_event_is_the_one_dated_earlier_not_the_one_recorded_earlier() -> None:
    told_late = applied(At(START + 9 * DAY, ONSITE), At(START + 8 * DAY, SCREEN))
    told_late.when(BACK).then({APPLICATION: [MOVED_BACK]})
    told_late.when(replace(BACK, occurred_at=START + 8 * DAY)).refused(StageIsNotEarlier)


UNREJECT = UnrejectApplication(application=APPLICATION, reason="mistake", now=NOW)
UNREJECTED = ApplicationUnrejected(ALICE, JOB, "mistake", None)


def test_our_no_is_taken_back_and_the_application_goes_on() -> None:
    applied(SCREEN, REJECTED).when(UNREJECT).then({APPLICATION: [UNREJECTED]})
    again = applied(SCREEN, REJECTED, UNREJECTED)
    again.when(EnterStage(application=APPLICATION, stage="onsite", now=NOW)).then({APPLICATION: [ONSITE]})
    again.when(EnterStage(application=APPLICATION, stage="screen", now=NOW)).then({})
    again.when(RejectApplication(application=APPLICATION, reason="skills", now=NOW)).then({APPLICATION: [REJECTED]})
    again.when(UNREJECT).refused(ApplicationIsNotRejected)


def test_only_our_own_no_is_taken_back_and_not_before_it_was_said() -> None:
    applied().when(UNREJECT).refused(ApplicationIsNotRejected)
    applied(ApplicationWithdrawn(ALICE, JOB, "x", None)).when(UNREJECT).refused(ApplicationIsNotRejected)
    applied(CandidateHired(ALICE, JOB, None)).when(UNREJECT).refused(ApplicationIsNotRejected)
    given({}).when(UNREJECT).refused(ApplicationDoesNotExist)
    rejected = applied(At(START + 9 * DAY, REJECTED))
    rejected.when(replace(UNREJECT, occurred_at=START + 8 * DAY)).refused(ApplicationIsNotRejected)
    rejected.when(replace(UNREJECT, occurred_at=START + 9 * DAY)).then({APPLICATION: [UNREJECTED]})


HIRED = CandidateHired(ALICE, JOB, SEAT)
UNHIRE = UnhireCandidate(application=APPLICATION, requisition=JOB, reason="no-show", now=NOW)
UNHIRED = CandidateUnhired(ALICE, JOB, SEAT, "no-show", None)
GIVEN_BACK = OpeningReopened(SEAT, "same", APPLICATION, None)


def test_a_hire_is_undone_with_the_seat_that_it_fills() -> None:
    hired = applied(HIRED, seat=(FILLED,))
    hired.when(UNHIRE).then({APPLICATION: [UNHIRED], JOB: [GIVEN_BACK]})
    hired.when(replace(UNHIRE, requisition=None)).refused(OpeningNeedsItsRequisition)
    hired.when(replace(UNHIRE, requisition=OTHER_JOB)).refused(ApplicationIsForAnotherRequisition)
    hired.when(replace(UNHIRE, occurred_at=START)).refused(CandidateIsNotHired)
    applied().when(UNHIRE).refused(CandidateIsNotHired)
    applied(REJECTED).when(UNHIRE).refused(CandidateIsNotHired)
    given({}).when(UNHIRE).refused(ApplicationDoesNotExist)


def test_a_hire_without_a_seat_is_undone_alone() -> None:
    unhired = {APPLICATION: [replace(UNHIRED, opening=None)]}
    applied(replace(HIRED, opening=None)).when(UNHIRE).then(unhired)
    applied(replace(HIRED, opening=None)).when(replace(UNHIRE, requisition=None)).then(unhired)


def test_a_seat_that_was_opened_for_a_new_need_is_not_given_back() -> None:
    again = OpeningReopened(SEAT, "new", None, None)
    applied(HIRED, seat=(FILLED, again)).when(UNHIRE).then({APPLICATION: [UNHIRED]})
    taken_by_another = OpeningFilled(SEAT, BOB, BOB, START)
    applied(HIRED, seat=(FILLED, again, taken_by_another)).when(UNHIRE).then({APPLICATION: [UNHIRED]})


def test_who_was_unhired_can_be_hired_again_into_the_same_seat() -> None:
    hire = HireCandidate(application=APPLICATION, requisition=JOB, opening=SEAT, now=NOW)
    refilled = replace(FILLED, accepted_at=NOW)
    again = applied(HIRED, UNHIRED, seat=(FILLED, GIVEN_BACK))
    again.when(hire).then({APPLICATION: [HIRED], JOB: [refilled]})
    again.when(UNHIRE).refused(CandidateIsNotHired)


MOVE = TransferApplication(application=APPLICATION, requisition=OTHER_JOB, reason="better-fit", now=NOW)
MOVED = ApplicationTransferred(ALICE, JOB, OTHER_JOB, "better-fit")


def test_an_application_goes_on_for_another_job() -> None:
    applied(SCREEN).when(MOVE).then({APPLICATION: [MOVED]})
    applied().when(replace(MOVE, requisition=JOB)).refused(ApplicationIsForThisRequisition)
    applied().when(replace(MOVE, requisition=BOB)).refused(RequisitionDoesNotExist)
    applied(MOVED).when(MOVE).refused(ApplicationIsForThisRequisition)
    applied(MOVED).when(replace(MOVE, requisition=JOB)).then(
        {APPLICATION: [ApplicationTransferred(ALICE, OTHER_JOB, JOB, "better-fit")]}
    )
    applied(REJECTED).when(MOVE).refused(ApplicationHasEnded)
    applied(OfferAccepted(ALICE, JOB, SEAT)).when(MOVE).refused(OfferIsOut)
    given({OTHER_JOB: [OPENED]}).when(MOVE).refused(ApplicationDoesNotExist)


def test_it_goes_through_the_stages_of_the_other_job_anew() -> None:
    moved = applied(SCREEN, ONSITE, At(START + 9 * DAY, MOVED))
    enter = EnterStage(application=APPLICATION, stage="onsite", now=NOW)
    moved.when(enter).then({APPLICATION: [replace(ONSITE, requisition=OTHER_JOB)]})
    moved.when(BACK).refused(StageWasNeverEntered)
    told_late = replace(enter, stage="panel", occurred_at=START + 8 * DAY)
    moved.when(told_late).then({APPLICATION: [StageEntered(ALICE, JOB, "panel")]})


def test_a_seat_is_not_reopened_for_the_same_need_before_it_ended() -> None:
    cancelled = job(At(START + 9 * DAY, CANCELLED))
    cancelled.when(replace(SAME, occurred_at=START + 8 * DAY)).refused(OpeningEndedLater)
    cancelled.when(replace(SAME, occurred_at=START + 9 * DAY)).then({JOB: [OpeningReopened(SEAT, "same", None, None)]})


def test_who_was_hired_is_unhired_and_hired_again_on_the_same_day() -> None:
    again = applied(At(START + 9 * DAY, HIRED), At(START + 20 * DAY, UNHIRED), seat=(FILLED, GIVEN_BACK))
    hire = HireCandidate(application=APPLICATION, requisition=JOB, opening=SEAT, now=NOW, occurred_at=START + 9 * DAY)
    again.when(hire).then({APPLICATION: [HIRED], JOB: [replace(FILLED, accepted_at=START + 9 * DAY)]})


def test_an_earlier_hire_may_be_recorded_after_the_one_that_stands_and_undone_alone() -> None:
    elsewhere = replace(HIRED, opening=None)
    hired = applied(At(START + 60 * DAY, HIRED), seat=(At(START + 60 * DAY, FILLED),))
    hire = HireCandidate(application=APPLICATION, requisition=JOB, now=NOW, occurred_at=START + 30 * DAY)
    hired.when(hire).then({APPLICATION: [elsewhere]})
    hired.when(replace(hire, occurred_at=START + 60 * DAY)).refused(ApplicationHasEnded)
    both = applied(At(START + 60 * DAY, HIRED), At(START + 30 * DAY, elsewhere), seat=(At(START + 60 * DAY, FILLED),))
    unhire = replace(UNHIRE, occurred_at=START + 50 * DAY)
    both.when(unhire).then({APPLICATION: [replace(UNHIRED, opening=None)]})
    both.when(replace(UNHIRE, occurred_at=START + 20 * DAY)).refused(CandidateIsNotHired)
