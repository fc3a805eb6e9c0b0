"""Referrals: requested with consent, made by another person, accepted or declined, and credited by the stated rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from commands.accept_referral import AcceptReferral
from commands.ask_for_referral import AskForReferral
from commands.credit_referral import CreditReferral
from commands.decline_referral import DeclineReferral
from commands.link_referral import LinkReferral
from commands.make_referral import MakeReferral
from domain.application import (
    ApplicationDoesNotExist,
    ApplicationIsOfAnotherCandidate,
    ApplicationReferred,
    ApplicationRejected,
    CandidateHired,
    CandidateIsNotHired,
    CandidateUnhired,
)
from domain.candidate import (
    CandidateCannotReferThemselves,
    CandidateDoesNotExist,
    CandidatesMerged,
    CandidateWasMerged,
)
from domain.consent import ConsentIsMissing, ConsentWasWithdrawn
from domain.event import Event
from domain.referral import (
    ApplicationCameOfAnotherReferral,
    HireCameBeforeTheReferral,
    HireCameTooLateForTheReferral,
    ReferralAccepted,
    ReferralAsked,
    ReferralBecameAnApplication,
    ReferralCredited,
    ReferralDeclined,
    ReferralDoesNotExist,
    ReferralExistsAlready,
    ReferralIsNotOfThisApplication,
    ReferralIsOfAnotherCandidate,
    ReferralMade,
    ReferralTurnedIntoApplication,
    ReferralWasCreditedAlready,
    ReferralWasDeclined,
    ReferralWasMadeAlready,
    ReferralWasNotMade,
    ReferrerIsAnother,
)
from domain.requisition import RequisitionDoesNotExist
from domain.touchpoint import TouchpointRecorded
from tests.given import (
    ALICE,
    APPLICATION,
    BOB,
    DAY,
    JOB,
    NOW,
    OPENED,
    SOURCED,
    START,
    SUBMITTED,
    At,
    Given,
    consented,
    event_id,
    given,
    withdrawn,
)

REFERRAL, OTHER, CAROL = UUID(int=70), UUID(int=71), UUID(int=72)
REQUESTED = ReferralAsked(BOB, None, "whom do you know?")
MADE = ReferralMade(BOB, ALICE, None, "former-colleague", "one of the best")
ACCEPTED, DECLINED = ReferralAccepted(BOB, ALICE), ReferralDeclined(BOB, ALICE, "candidate", "not-interested")
LINKED = ReferralTurnedIntoApplication(BOB, ALICE, APPLICATION)
REFERRED = ApplicationReferred(ALICE, JOB, REFERRAL, BOB)
HIRED = CandidateHired(ALICE, JOB, None)

ASK = AskForReferral(referral=REFERRAL, referrer=BOB, note="whom do you know?", now=NOW)
MAKE = MakeReferral(
    referral=REFERRAL, referrer=BOB, candidate=ALICE, relation="former-colleague", referrer_words="one of the best",
    now=NOW,
)  # fmt: skip
ACCEPT = AcceptReferral(referral=REFERRAL, candidate=ALICE, now=NOW)
DECLINE = DeclineReferral(referral=REFERRAL, by="candidate", reason="not-interested", now=NOW)
LINK = LinkReferral(referral=REFERRAL, application=APPLICATION, now=NOW)
CREDIT = CreditReferral(referral=REFERRAL, application=APPLICATION, now=NOW)


def touch(given_: Given, command: object, stream: UUID) -> TouchpointRecorded:
    """The one touchpoint that the command records on the stream."""
    (event,) = given_.history.decide(command)[stream]  # type: ignore[arg-type]  # any command
    assert isinstance(event, TouchpointRecorded)
    return event


def test_asking_is_a_send_that_cites_its_consent() -> None:
    history = given({BOB: [SOURCED, consented("referral_contact")]})
    decided = history.history.decide(ASK)
    assert decided[REFERRAL] == [REQUESTED]
    sent = touch(history, ASK, BOB)
    assert (sent.kind, sent.purpose, sent.authorised) == ("referral-asked", "referral_contact", True)
    assert (sent.consent, sent.message, sent.note) == (event_id(2), REFERRAL, None)


def test_a_request_without_consent_is_refused() -> None:
    given({}).when(ASK).refused(CandidateDoesNotExist)
    given({BOB: [SOURCED, consented("talent_pool")]}).when(ASK).refused(ConsentIsMissing)
    gone = given({BOB: [SOURCED, consented("referral_contact"), withdrawn("referral_contact")]})
    gone.when(ASK).refused(ConsentWasWithdrawn)
    gone.when(replace(ASK, occurred_at=START + 1.5 * DAY)).refused(ConsentWasWithdrawn)
    fresh = given({BOB: [SOURCED, consented("referral_contact")]})
    fresh.when(replace(ASK, occurred_at=START)).refused(ConsentIsMissing)


def test_a_referral_is_asked_for_once_and_for_a_job_that_there_is() -> None:
    bob: list[Event | At] = [SOURCED, consented("referral_contact")]
    for before in (REQUESTED, MADE):
        given({BOB: bob, REFERRAL: [before]}).when(ASK).refused(ReferralExistsAlready)
    given({BOB: bob}).when(replace(ASK, requisition=JOB)).refused(RequisitionDoesNotExist)
    assert given({BOB: bob, JOB: [OPENED]}).history.decide(replace(ASK, requisition=JOB))


def test_who_was_merged_is_not_asked_but_who_speaks_for_them_is() -> None:
    merged = CandidatesMerged(CAROL, BOB, ("stated",), None)
    both = given({BOB: [SOURCED, consented("referral_contact"), merged], CAROL: [SOURCED, merged]})
    both.when(ASK).refused(CandidateWasMerged)
    assert touch(both, replace(ASK, referrer=CAROL), CAROL).consent == event_id(2)


def test_a_referral_is_made_with_the_referrers_part_in_it() -> None:
    history = given({ALICE: [SOURCED], BOB: [SOURCED], REFERRAL: [REQUESTED]})
    assert history.history.decide(MAKE)[REFERRAL] == [MADE]
    made = touch(history, MAKE, BOB)
    assert (made.kind, made.authorised, made.reported_by) == ("referral-made", None, "perennial")
    given({ALICE: [SOURCED]}).when(MAKE).then({REFERRAL: [MADE]})


def test_a_referral_is_made_once_by_who_was_asked_and_not_about_oneself() -> None:
    people: dict[UUID, list[Event | At]] = {ALICE: [SOURCED], BOB: [SOURCED]}
    given({BOB: [SOURCED]}).when(MAKE).refused(CandidateDoesNotExist)
    given(people).when(replace(MAKE, referrer=ALICE)).refused(CandidateCannotReferThemselves)
    given(people).when(replace(MAKE, requisition=JOB)).refused(RequisitionDoesNotExist)
    given({**people, REFERRAL: [MADE]}).when(MAKE).refused(ReferralWasMadeAlready)
    given({**people, REFERRAL: [REQUESTED]}).when(replace(MAKE, referrer=CAROL)).refused(ReferrerIsAnother)


@pytest.mark.parametrize("survivor", [ALICE, BOB, CAROL])
def test_two_records_of_one_person_do_not_refer_each_other(survivor: UUID) -> None:
    streams: dict[UUID, list[Event | At]] = {ALICE: [SOURCED], BOB: [SOURCED], CAROL: [SOURCED]}
    for absorbed in {ALICE, BOB} - {survivor}:
        merged = CandidatesMerged(survivor, absorbed, ("stated",), None)
        streams[absorbed].append(merged)
        streams[survivor].append(merged)
    given(streams).when(MAKE).refused(CandidateCannotReferThemselves)


def test_a_referral_is_taken_up_and_the_candidate_agreed() -> None:
    history = given({ALICE: [SOURCED], REFERRAL: [MADE]})
    assert history.history.decide(ACCEPT)[REFERRAL] == [ACCEPTED]
    assert touch(history, ACCEPT, ALICE).kind == "referral-accepted"
    given({ALICE: [SOURCED], REFERRAL: [MADE, ACCEPTED]}).when(ACCEPT).then({})


def test_what_is_taken_up_was_made_and_not_declined() -> None:
    alice: dict[UUID, list[Event | At]] = {ALICE: [SOURCED]}
    given(alice).when(ACCEPT).refused(ReferralDoesNotExist)
    given({**alice, REFERRAL: [REQUESTED]}).when(ACCEPT).refused(ReferralWasNotMade)
    given({**alice, REFERRAL: [MADE, DECLINED]}).when(ACCEPT).refused(ReferralWasDeclined)
    given({**alice, REFERRAL: [MADE]}).when(replace(ACCEPT, candidate=BOB)).refused(ReferralIsOfAnotherCandidate)


def test_a_referral_is_declined_until_it_is_an_application() -> None:
    given({REFERRAL: [MADE]}).when(DECLINE).then({REFERRAL: [DECLINED]})
    given({REFERRAL: [MADE, ACCEPTED]}).when(DECLINE).then({REFERRAL: [DECLINED]})
    given({REFERRAL: [MADE, DECLINED]}).when(DECLINE).then({})
    given({REFERRAL: [MADE, LINKED]}).when(DECLINE).refused(ReferralBecameAnApplication)
    given({REFERRAL: [REQUESTED]}).when(DECLINE).refused(ReferralWasNotMade)
    given({}).when(DECLINE).refused(ReferralDoesNotExist)


def test_an_application_comes_of_a_referral_and_both_say_so() -> None:
    given({REFERRAL: [MADE], APPLICATION: [SUBMITTED]}).when(LINK).then({REFERRAL: [LINKED], APPLICATION: [REFERRED]})
    given({REFERRAL: [MADE, LINKED], APPLICATION: [SUBMITTED, REFERRED]}).when(LINK).then({})


def test_an_application_takes_one_referral_and_that_of_its_candidate() -> None:
    referred: dict[UUID, list[Event | At]] = {REFERRAL: [MADE]}
    of_another = replace(REFERRED, referral=OTHER)
    given({**referred, APPLICATION: [SUBMITTED, of_another]}).when(LINK).refused(ApplicationCameOfAnotherReferral)
    bobs = replace(SUBMITTED, candidate=BOB)
    given({**referred, APPLICATION: [bobs]}).when(LINK).refused(ApplicationIsOfAnotherCandidate)
    given(referred).when(LINK).refused(ApplicationDoesNotExist)
    given({REFERRAL: [MADE, DECLINED], APPLICATION: [SUBMITTED]}).when(LINK).refused(ReferralWasDeclined)
    given({REFERRAL: [REQUESTED], APPLICATION: [SUBMITTED]}).when(LINK).refused(ReferralWasNotMade)
    given({APPLICATION: [SUBMITTED]}).when(LINK).refused(ReferralDoesNotExist)


def hired(*after: Event, at: timedelta = 30 * DAY, referral: tuple[Event, ...] = (LINKED,)) -> Given:
    """Alice, referred on the first day, applied, and was hired so long after the referral."""
    made: list[Event | At] = [At(START, MADE), *referral]
    return given({REFERRAL: made, APPLICATION: [SUBMITTED, REFERRED, At(START + at, HIRED), *after]})


def test_a_hire_within_a_year_is_the_referrers_merit() -> None:
    for days in (0, 30, 365):
        hired_at = START + days * DAY
        credited = ReferralCredited(BOB, ALICE, APPLICATION, hired_at, "first-linked-within-365-days")
        later = replace(CREDIT, now=NOW + 400 * DAY)
        hired(at=days * DAY).when(later).then({REFERRAL: [credited]})


def test_each_part_of_the_rule_that_fails_is_named() -> None:
    later = replace(CREDIT, now=NOW + 400 * DAY)
    hired(at=365 * DAY + timedelta(microseconds=1)).when(later).refused(HireCameTooLateForTheReferral)
    hired(at=-DAY).when(CREDIT).refused(HireCameBeforeTheReferral)
    hired(referral=()).when(CREDIT).refused(ReferralIsNotOfThisApplication)
    hired(CandidateUnhired(ALICE, JOB, None, "did-not-start", None)).when(CREDIT).refused(CandidateIsNotHired)
    hired(at=200 * DAY).when(CREDIT).refused(CandidateIsNotHired)
    credited = ReferralCredited(BOB, ALICE, APPLICATION, START, "first-linked-within-365-days")
    hired(referral=(LINKED, credited)).when(CREDIT).refused(ReferralWasCreditedAlready)
    rejected = given({REFERRAL: [MADE, LINKED], APPLICATION: [SUBMITTED, ApplicationRejected(ALICE, JOB, "x", None)]})
    rejected.when(CREDIT).refused(CandidateIsNotHired)
    given({REFERRAL: [MADE]}).when(CREDIT).refused(ApplicationDoesNotExist)
    given({}).when(CREDIT).refused(ReferralDoesNotExist)


def test_a_hire_that_was_undone_and_made_again_counts_from_the_new_one() -> None:
    undone = CandidateUnhired(ALICE, JOB, None, "did-not-start", None)
    again = hired(undone, HIRED, at=2 * DAY)
    (credited,) = again.history.decide(CREDIT)[REFERRAL]
    assert isinstance(credited, ReferralCredited)
    assert credited.hired_at == START + 4 * DAY
