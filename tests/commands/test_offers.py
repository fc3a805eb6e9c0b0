"""Offers are made one at a time, and declined, accepted or rescinded in an order that can be."""

from __future__ import annotations

from dataclasses import replace

from commands.accept_offer import AcceptOffer
from commands.decline_offer import DeclineOffer
from commands.hire_candidate import HireCandidate
from commands.make_offer import MakeOffer
from commands.rescind_offer import RescindOffer
from domain.application import (
    ApplicationDoesNotExist,
    ApplicationHasEnded,
    ApplicationIsForAnotherRequisition,
    ApplicationRejected,
    CandidateHired,
    HireStandsOnTheOffer,
    OfferAccepted,
    OfferDeclined,
    OfferIsForAnotherOpening,
    OfferIsLater,
    OfferIsNotOut,
    OfferIsOut,
    OfferMade,
    OfferRescinded,
    OfferWasAccepted,
    OfferWasDeclined,
    OfferWasRescinded,
)
from domain.event import Event
from domain.requisition import (
    OpeningCancelled,
    OpeningFilled,
    OpeningOpened,
    OpeningWasCancelled,
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
    START,
    SUBMITTED,
    At,
    Given,
    given,
)

MAKE = MakeOffer(application=APPLICATION, requisition=JOB, opening=SEAT, now=NOW)
ACCEPT = AcceptOffer(application=APPLICATION, requisition=JOB, opening=SEAT, now=NOW)
DECLINE = DeclineOffer(application=APPLICATION, reason="pay", now=NOW)
RESCIND = RescindOffer(application=APPLICATION, by="candidate", reason="counter-offer", now=NOW)
HIRE = HireCandidate(application=APPLICATION, requisition=JOB, opening=SEAT, now=NOW)
MADE, ACCEPTED = OfferMade(ALICE, JOB, SEAT), OfferAccepted(ALICE, JOB, SEAT)
DECLINED = OfferDeclined(ALICE, JOB, SEAT, "pay", None)
RESCINDED = OfferRescinded(ALICE, JOB, SEAT, "candidate", "counter-offer", None)
HIRED = CandidateHired(ALICE, JOB, SEAT)


def applied(*then: Event | At, seat: Event | None = None) -> Given:
    seats = [SEAT_OPENED, OpeningOpened(OTHER_SEAT, None)] + ([] if seat is None else [seat])
    return given({JOB: [OPENED, *seats], APPLICATION: [SUBMITTED, *then]})


def test_an_offer_is_made_for_an_open_seat_or_for_none_yet() -> None:
    applied().when(MAKE).then({APPLICATION: [MADE]})
    applied().when(replace(MAKE, opening=None)).then({APPLICATION: [replace(MADE, opening=None)]})
    applied(seat=OpeningCancelled(SEAT, "x")).when(MAKE).refused(OpeningWasCancelled)
    applied().when(replace(MAKE, requisition=BOB)).refused(ApplicationIsForAnotherRequisition)
    given({APPLICATION: [SUBMITTED]}).when(MAKE).refused(RequisitionDoesNotExist)
    given({}).when(MAKE).refused(ApplicationDoesNotExist)
    applied(ApplicationRejected(ALICE, JOB, "x", None)).when(MAKE).refused(ApplicationHasEnded)


def test_one_offer_is_out_at_a_time() -> None:
    applied(MADE).when(MAKE).refused(OfferIsOut)
    applied(MADE, ACCEPTED).when(MAKE).refused(OfferIsOut)
    applied(MADE, DECLINED).when(MAKE).then({APPLICATION: [MADE]})
    applied(MADE, RESCINDED).when(MAKE).then({APPLICATION: [MADE]})


def test_what_was_made_can_be_declined_until_it_is_accepted() -> None:
    applied(MADE).when(DECLINE).then({APPLICATION: [DECLINED]})
    applied().when(DECLINE).refused(OfferIsNotOut)
    applied(MADE, ACCEPTED).when(DECLINE).refused(OfferWasAccepted)
    applied(MADE, DECLINED).when(DECLINE).refused(OfferWasDeclined)
    applied(MADE, RESCINDED).when(DECLINE).refused(OfferWasRescinded)


def test_an_offer_is_rescinded_accepted_or_not_but_not_under_a_hire() -> None:
    applied(MADE).when(RESCIND).then({APPLICATION: [RESCINDED]})
    applied(MADE, ACCEPTED).when(RESCIND).then({APPLICATION: [RESCINDED]})
    applied().when(RESCIND).refused(OfferIsNotOut)
    applied(MADE, DECLINED).when(RESCIND).refused(OfferWasDeclined)
    applied(MADE, RESCINDED).when(RESCIND).refused(OfferWasRescinded)
    applied(MADE, ACCEPTED, HIRED).when(RESCIND).refused(HireStandsOnTheOffer)
    applied(MADE, ApplicationRejected(ALICE, JOB, "x", None)).when(RESCIND).refused(ApplicationHasEnded)


def test_only_the_offer_that_stands_is_accepted() -> None:
    applied(MADE).when(ACCEPT).then({APPLICATION: [ACCEPTED]})
    applied(replace(MADE, opening=None)).when(ACCEPT).then({APPLICATION: [ACCEPTED]})
    applied(MADE).when(replace(ACCEPT, opening=OTHER_SEAT)).refused(OfferIsForAnotherOpening)
    applied(ACCEPTED).when(replace(ACCEPT, opening=OTHER_SEAT)).refused(OfferWasAccepted)
    applied(MADE, DECLINED).when(ACCEPT).refused(OfferWasDeclined)
    applied(MADE, ACCEPTED, RESCINDED).when(ACCEPT).refused(OfferWasRescinded)


def test_a_hire_fills_as_of_the_last_acceptance_that_was_not_rescinded() -> None:
    def filled(day: int) -> dict[object, list[Event]]:
        return {APPLICATION: [HIRED], JOB: [OpeningFilled(SEAT, APPLICATION, ALICE, START + day * DAY)]}

    applied(MADE, ACCEPTED).when(HIRE).then(filled(2))  # type: ignore[arg-type]  # a dict's keys are not covariant
    applied(ACCEPTED, RESCINDED, MADE, ACCEPTED).when(HIRE).then(filled(4))  # type: ignore[arg-type]  # as above
    applied(ACCEPTED, RESCINDED).when(HIRE).then(filled(100))  # type: ignore[arg-type]  # as above


def test_a_no_to_an_offer_is_dated_no_earlier_than_what_it_takes_back() -> None:
    made = At(START + 10 * DAY, MADE)
    accepted = At(START + 20 * DAY, ACCEPTED)
    for command, events, since in ((DECLINE, [made], 10), (RESCIND, [made], 10), (RESCIND, [made, accepted], 20)):
        early, then = START + (since - 1) * DAY, START + since * DAY
        expected = DECLINED if command is DECLINE else RESCINDED
        applied(*events).when(replace(command, occurred_at=early)).refused(OfferIsLater)
        applied(*events).when(replace(command, occurred_at=then)).then({APPLICATION: [expected]})
