"""Erasing, holding and restricting a person: what is decided, and what each of them forbids."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from commands.ask_for_referral import AskForReferral
from commands.complete_erasure import CompleteErasure
from commands.learn_profile_fact import LearnProfileFact
from commands.lift_legal_hold import LiftLegalHold
from commands.lift_restriction import LiftRestriction
from commands.make_referral import MakeReferral
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.request_erasure import RequestErasure
from commands.request_send import RequestSend
from commands.restrict_processing import RestrictProcessing
from commands.set_legal_hold import SetLegalHold
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from domain.candidate import (
    CandidateDoesNotExist,
    CandidateErased,
    CandidateIsErased,
    CandidatesMerged,
    CandidatesUnmerged,
    ErasureCannotBeDatedBack,
    ErasureRequested,
    ErasureWasNotRequested,
    LegalHoldIsNotSet,
    LegalHoldLifted,
    LegalHoldSet,
    LegalHoldStands,
    ProcessingIsNotRestricted,
    ProcessingIsRestricted,
    ProcessingRestricted,
    RequesterIsUnknown,
    RestrictionLifted,
)
from domain.consent import ConsentWithdrawn
from domain.event import Event
from domain.purposes import CONSENT_CHANNELS
from domain.suppression import Address, AddressSuppressed
from domain.touchpoint import TouchpointRecorded
from tests.given import ALICE, BOB, DAY, MESSAGE, NOW, SOURCED, START, TOUCHPOINT, At, consented, event_id, given

CAROL, REFERRAL = UUID(int=20), UUID(int=21)
REQUEST = RequestErasure(candidate=ALICE, by="self", ground="art-17", now=NOW)
REQUESTED = ErasureRequested("self", "art-17")
MERGED = CandidatesMerged(BOB, ALICE, ("stated",), None)
HELD, RESTRICTED = LegalHoldSet("case-7", "Prado v. Acme"), ProcessingRestricted("accuracy-contested", None)
SEND = RequestSend(candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW)


def test_a_request_stands_with_the_withdrawal_of_whatever_lives() -> None:
    past = consented("newsletter", until=START + DAY)
    withdrawn = ConsentWithdrawn("talent_pool", CONSENT_CHANNELS, True, "erasure", None, None)
    given({ALICE: [SOURCED, consented(), past]}).when(REQUEST).then({ALICE: [REQUESTED, withdrawn]})
    given({ALICE: [SOURCED]}).when(REQUEST).then({ALICE: [REQUESTED]})


def test_a_request_shuts_the_persons_addresses_out() -> None:
    address = Address("email", MESSAGE)
    request = replace(REQUEST, addresses=(address,))
    expected: dict[UUID, list[Event]] = {ALICE: [REQUESTED], MESSAGE: [AddressSuppressed("email", "erased")]}
    given({ALICE: [SOURCED]}).when(request).then(expected)
    withdrew: dict[UUID, list[Event]] = {ALICE: [SOURCED], MESSAGE: [AddressSuppressed("email", "withdrew")]}
    given(withdrew).when(request).then(expected)
    erased: dict[UUID, list[Event]] = {ALICE: [SOURCED], MESSAGE: [AddressSuppressed("email", "erased")]}
    given(erased).when(request).then({ALICE: [REQUESTED]})


def test_all_records_of_a_person_are_asked_for_at_once() -> None:
    second = CandidatesMerged(CAROL, BOB, ("stated",), None)
    history = {ALICE: [SOURCED, MERGED], BOB: [SOURCED, MERGED, second], CAROL: [SOURCED, second]}
    expected = {ALICE: [REQUESTED], BOB: [REQUESTED], CAROL: [REQUESTED]}
    for record in (ALICE, BOB, CAROL):
        given(history).when(replace(REQUEST, candidate=record)).then(expected)
    parted = CandidatesUnmerged(BOB, ALICE, None)
    apart = {ALICE: [SOURCED, MERGED, parted], BOB: [SOURCED, MERGED, parted]}
    given(apart).when(REQUEST).then({ALICE: [REQUESTED]})


def test_a_request_is_refused() -> None:
    given({}).when(REQUEST).refused(CandidateDoesNotExist)
    given({ALICE: [SOURCED, REQUESTED]}).when(REQUEST).refused(CandidateIsErased)
    given({ALICE: [SOURCED]}).when(replace(REQUEST, occurred_at=NOW - DAY)).refused(ErasureCannotBeDatedBack)
    given({ALICE: [SOURCED]}).when(replace(REQUEST, by="neighbour")).refused(RequesterIsUnknown)
    given({ALICE: [SOURCED, HELD]}).when(REQUEST).refused(LegalHoldStands)
    given({ALICE: [SOURCED, MERGED], BOB: [SOURCED, HELD, MERGED]}).when(REQUEST).refused(LegalHoldStands)
    other = [HELD, LegalHoldSet("case-8", None), LegalHoldLifted("case-7", None)]
    given({ALICE: [SOURCED, *other]}).when(REQUEST).refused(LegalHoldStands)
    lifted = [SOURCED, HELD, LegalHoldLifted("case-7", None)]
    given({ALICE: lifted}).when(REQUEST).then({ALICE: [REQUESTED]})


COMPLETE = CompleteErasure(candidate=ALICE, erasers=("deliveries",), effective_by=NOW + DAY, now=NOW)


def test_a_completion_stands_in_every_record_and_names_its_own_request() -> None:
    history = {ALICE: [SOURCED, MERGED, REQUESTED], BOB: [SOURCED, MERGED, REQUESTED]}
    done = {
        record: CandidateErased(event_id(number), ("deliveries",), NOW + DAY)
        for record, number in ((ALICE, 3), (BOB, 6))
    }
    given(history).when(COMPLETE).then({record: [event] for record, event in done.items()})
    half = {**history, BOB: [*history[BOB], done[BOB]]}
    given(half).when(COMPLETE).then({ALICE: [done[ALICE]]})
    whole = {record: [*history[record], done[record]] for record in history}
    given(whole).when(COMPLETE).then({})
    given({ALICE: [SOURCED]}).when(COMPLETE).refused(ErasureWasNotRequested)
    given({}).when(COMPLETE).refused(CandidateDoesNotExist)


@pytest.mark.parametrize(
    "command",
    [
        SEND,
        LearnProfileFact(candidate=ALICE, fact="skill", learned_from="self", value="grafting", now=NOW),
        SourceCandidate(candidate=ALICE, name="Nora Blum", now=NOW),
        RecordTouchpoint(candidate=ALICE, touchpoint=TOUCHPOINT, kind="note-written", now=NOW),
        MergeCandidates(candidate=BOB, absorbed=ALICE, evidence=("stated",), now=NOW),
        MergeCandidates(candidate=ALICE, absorbed=BOB, evidence=("stated",), now=NOW),
        MakeReferral(referral=REFERRAL, referrer=ALICE, candidate=BOB, now=NOW),
        MakeReferral(referral=REFERRAL, referrer=BOB, candidate=ALICE, now=NOW),
        SetLegalHold(candidate=ALICE, matter="case-7", now=NOW),
        LiftLegalHold(candidate=ALICE, matter="case-7", now=NOW),
        RestrictProcessing(candidate=ALICE, ground="objection", now=NOW),
        LiftRestriction(candidate=ALICE, now=NOW),
    ],
    ids=lambda command: type(command).__name__,
)
def test_from_the_request_on_nothing_more_is_taken_in(command: Command) -> None:
    given({ALICE: [SOURCED, REQUESTED], BOB: [SOURCED]}).when(command).refused(CandidateIsErased)


def test_a_hold_is_set_on_the_whole_person_and_lifted_from_it() -> None:
    put = SetLegalHold(candidate=ALICE, matter="case-7", note="Prado v. Acme", now=NOW)
    lift = LiftLegalHold(candidate=ALICE, matter="case-7", now=NOW)
    gone = LegalHoldLifted("case-7", None)
    merged = {ALICE: [SOURCED, MERGED], BOB: [SOURCED, MERGED]}
    given(merged).when(put).then({ALICE: [HELD], BOB: [HELD]})
    given({**merged, BOB: [SOURCED, HELD, MERGED]}).when(put).then({ALICE: [HELD]})
    given({**merged, BOB: [SOURCED, HELD, MERGED]}).when(lift).then({BOB: [gone]})
    given({ALICE: [SOURCED, HELD]}).when(put).then({})
    given({ALICE: [SOURCED, HELD, gone]}).when(lift).refused(LegalHoldIsNotSet)
    given({ALICE: [SOURCED, HELD]}).when(replace(lift, matter="case-8")).refused(LegalHoldIsNotSet)
    given({}).when(put).refused(CandidateDoesNotExist)


def test_a_restriction_is_set_on_the_whole_person_and_lifted_from_it() -> None:
    put = RestrictProcessing(candidate=ALICE, ground="accuracy-contested", now=NOW)
    lift = LiftRestriction(candidate=ALICE, now=NOW)
    gone = RestrictionLifted(None)
    merged = {ALICE: [SOURCED, MERGED], BOB: [SOURCED, MERGED]}
    given(merged).when(put).then({ALICE: [RESTRICTED], BOB: [RESTRICTED]})
    given({**merged, BOB: [SOURCED, RESTRICTED, MERGED]}).when(lift).then({BOB: [gone]})
    given({ALICE: [SOURCED, RESTRICTED]}).when(put).then({})
    given({ALICE: [SOURCED, RESTRICTED, gone]}).when(put).then({ALICE: [RESTRICTED]})
    given({ALICE: [SOURCED]}).when(lift).refused(ProcessingIsNotRestricted)
    given({ALICE: [SOURCED, RESTRICTED, gone]}).when(lift).refused(ProcessingIsNotRestricted)


def test_nothing_is_sent_to_whom_a_restriction_protects() -> None:
    allowed = [SOURCED, consented(), consented("referral_contact")]
    given({ALICE: [*allowed, RESTRICTED]}).when(SEND).refused(ProcessingIsRestricted)
    of_another = {ALICE: [*allowed, MERGED], BOB: [SOURCED, MERGED, RESTRICTED]}
    given({**of_another, ALICE: [SOURCED, RESTRICTED, MERGED], BOB: [SOURCED, consented(), MERGED]}).when(
        replace(SEND, candidate=BOB)
    ).refused(ProcessingIsRestricted)
    ask = AskForReferral(referral=REFERRAL, referrer=ALICE, now=NOW)
    given({ALICE: [*allowed, RESTRICTED]}).when(ask).refused(ProcessingIsRestricted)
    before = replace(SEND, occurred_at=START + 2 * DAY + timedelta(hours=1))
    given({ALICE: [*allowed, RESTRICTED]}).when(before).refused(ProcessingIsRestricted)
    (sent,) = given({ALICE: [*allowed, RESTRICTED, RestrictionLifted(None)]}).when(SEND).history.decide(SEND)[ALICE]
    assert isinstance(sent, TouchpointRecorded)
    assert sent.authorised is True


def test_what_was_sent_all_the_same_is_recorded_as_unauthorised() -> None:
    report = RecordTouchpoint(candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW)
    restricted = given({ALICE: [SOURCED, consented(), At(NOW - 2 * DAY, RESTRICTED)]}).history
    for occurred_at, authorised in ((None, False), (NOW - 3 * DAY, True), (NOW - 2 * DAY, False)):
        (recorded,) = restricted.decide(replace(report, occurred_at=occurred_at))[ALICE]
        assert isinstance(recorded, TouchpointRecorded)
        assert (recorded.authorised, recorded.consent is not None) == (authorised, authorised)
    inbound = replace(report, kind="email-replied")
    (recorded,) = restricted.decide(inbound)[ALICE]
    assert isinstance(recorded, TouchpointRecorded)
    assert recorded.authorised is None
