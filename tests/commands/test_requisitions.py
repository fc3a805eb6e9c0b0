"""Opening and cancelling what is to be filled."""

from __future__ import annotations

from dataclasses import replace

from commands.cancel_opening import CancelOpening
from commands.correct_opening_date import CorrectOpeningDate
from commands.open_opening import OpenOpening
from commands.open_requisition import OpenRequisition
from commands.rename_requisition import RenameRequisition
from commands.verb import TimeIsInTheFuture
from domain.requisition import (
    OpeningCancelled,
    OpeningDateCorrected,
    OpeningDoesNotExist,
    OpeningExistsAlready,
    OpeningFilled,
    OpeningOpened,
    OpeningWasCancelled,
    OpeningWasFilled,
    RequisitionDateCorrected,
    RequisitionDoesNotExist,
    RequisitionExistsAlready,
    RequisitionOpened,
    RequisitionRenamed,
)
from tests.given import ALICE, APPLICATION, DAY, JOB, NOW, OPENED, OTHER_SEAT, SEAT, SEAT_OPENED, START, given

OPEN_SEAT = OpenOpening(requisition=JOB, opening=SEAT, outside_id="17", now=NOW)
CANCEL = CancelOpening(requisition=JOB, opening=SEAT, reason="budget", now=NOW)
FILLED = OpeningFilled(SEAT, APPLICATION, ALICE, NOW)


def test_a_requisition_opens_with_its_seats() -> None:
    command = OpenRequisition(requisition=JOB, openings=(SEAT, OTHER_SEAT, SEAT), role="engineer", now=NOW)
    opened = RequisitionOpened("engineer", "unknown", "unknown", False, None, None, None)
    seats = [OpeningOpened(SEAT, None), OpeningOpened(OTHER_SEAT, None)]
    given({}).when(command).then({JOB: [opened, *seats]})
    given({JOB: [OPENED]}).when(command).refused(RequisitionExistsAlready)


def test_an_opening_opens_once() -> None:
    given({JOB: [OPENED]}).when(OPEN_SEAT).then({JOB: [OpeningOpened(SEAT, "17")]})
    given({}).when(OPEN_SEAT).refused(RequisitionDoesNotExist)
    given({JOB: [OPENED, SEAT_OPENED, FILLED]}).when(OPEN_SEAT).refused(OpeningExistsAlready)


def test_only_an_open_opening_is_cancelled() -> None:
    cancelled = OpeningCancelled(SEAT, "budget")
    given({JOB: [OPENED, SEAT_OPENED]}).when(CANCEL).then({JOB: [cancelled]})
    given({}).when(CANCEL).refused(RequisitionDoesNotExist)
    given({JOB: [OPENED]}).when(CANCEL).refused(OpeningDoesNotExist)
    given({JOB: [OPENED, SEAT_OPENED, FILLED]}).when(CANCEL).refused(OpeningWasFilled)
    given({JOB: [OPENED, SEAT_OPENED, cancelled]}).when(CANCEL).refused(OpeningWasCancelled)


def test_a_job_is_renamed_and_redated_once() -> None:
    opened = given({JOB: [RequisitionOpened("gardener", "lisbon", "unknown", False, None, None, "Gardener")]})
    renamed = RenameRequisition(requisition=JOB, title="Head Gardener", now=NOW)
    opened.when(renamed).then({JOB: [RequisitionRenamed("Head Gardener")]})
    opened.when(replace(renamed, title="Gardener")).then({})
    given({}).when(renamed).refused(RequisitionDoesNotExist)
    redated = CorrectOpeningDate(requisition=JOB, opened_at=START - DAY, now=NOW)
    opened.when(redated).then({JOB: [RequisitionDateCorrected(START - DAY)]})
    opened.when(replace(redated, opened_at=NOW + DAY)).refused(TimeIsInTheFuture)
    corrected = given({JOB: [OPENED, RequisitionDateCorrected(START - DAY)]})
    corrected.when(redated).then({})


def test_the_date_of_one_opening_is_corrected_once() -> None:
    redated = CorrectOpeningDate(requisition=JOB, opening=SEAT, opened_at=START - DAY, now=NOW)
    corrected = OpeningDateCorrected(SEAT, START - DAY)
    given({JOB: [OPENED, SEAT_OPENED]}).when(redated).then({JOB: [corrected]})
    given({JOB: [OPENED, SEAT_OPENED, corrected]}).when(redated).then({})
    given({JOB: [OPENED]}).when(redated).then({})
