"""A refusal that is recorded while a command is being handled counts, although the command began before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from commands.ask_for_referral import AskForReferral
from commands.give_consent import GiveConsent
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.refuse_consent import RefuseConsent
from commands.request_send import RequestSend
from commands.verb import CLOCKS_DIFFER_BY, Command
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import ProcessingIsRestricted, ProcessingRestricted
from domain.consent import ConsentHasExpired, ConsentWasWithdrawn, ConsentWithheld
from domain.errors import Refused
from domain.event import Event
from domain.suppression import Address, AddressSuppressed
from domain.touchpoint import TouchpointRecorded
from tests.given import ALICE, BOB, DAY, NOW, SOURCED, TOUCHPOINT, At, Given, consented, event_id, given, withdrawn

MEANWHILE = NOW + timedelta(milliseconds=3)
SEND = RequestSend(candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW)
ASK = AskForReferral(referral=BOB, referrer=ALICE, now=NOW)
REPORT = RecordTouchpoint(candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW)


def recorded_meanwhile(*meanwhile: Event) -> Given:
    yeses = consented("talent_pool"), consented("referral_contact")
    return given({ALICE: [SOURCED, *yeses, *(At(MEANWHILE, event) for event in meanwhile)]})


@pytest.mark.parametrize("command", [SEND, replace(SEND, occurred_at=NOW - DAY)])
@pytest.mark.parametrize(
    ("no", "rule"),
    [
        (withdrawn("talent_pool"), ConsentWasWithdrawn),
        (ProcessingRestricted("disputed", None), ProcessingIsRestricted),
    ],
)
def test_a_send_is_not_made(command: Command, no: Event, rule: type[Refused]) -> None:
    recorded_meanwhile(no).when(command).refused(rule)


@pytest.mark.parametrize("command", [SEND, ASK])
def test_a_send_is_in_the_log_before_its_consent_ends(command: Command) -> None:
    """The log's clock is another one, and it takes a moment to get there."""

    def until(end: timedelta) -> Given:
        yeses = (consented(purpose, until=NOW + end) for purpose in ("talent_pool", "referral_contact"))
        return given({ALICE: [SOURCED, *yeses]})

    until(CLOCKS_DIFFER_BY).when(command).refused(ConsentHasExpired)
    assert until(CLOCKS_DIFFER_BY + timedelta(microseconds=1)).history.decide(command)[ALICE]


def test_a_yes_of_meanwhile_is_withheld_by_a_merge_with_a_person_who_said_no() -> None:
    merge = MergeCandidates(candidate=ALICE, absorbed=BOB, evidence=("stated",), now=NOW)
    events: dict[UUID, list[Event | At]] = {
        ALICE: [SOURCED, At(MEANWHILE, consented("events"))],
        BOB: [SOURCED, withdrawn("events")],
    }
    decided = given(events).history.decide(merge)[ALICE]
    assert [event.purpose for event in decided if isinstance(event, ConsentWithheld)] == ["events"]


def test_no_request_for_a_referral_is_made() -> None:
    recorded_meanwhile(withdrawn("referral_contact")).when(ASK).refused(ConsentWasWithdrawn)
    recorded_meanwhile(ProcessingRestricted("disputed", None)).when(ASK).refused(ProcessingIsRestricted)


def test_a_report_without_a_time_is_one_of_now_and_one_with_a_time_of_then() -> None:
    def reported(command: RecordTouchpoint) -> TouchpointRecorded:
        (event,) = recorded_meanwhile(withdrawn("talent_pool")).history.decide(command)[ALICE]
        assert isinstance(event, TouchpointRecorded)
        return event

    assert (reported(REPORT).authorised, reported(REPORT).consent) == (False, None)
    assert reported(replace(REPORT, occurred_at=NOW)).consent == event_id(2)


def test_a_yes_of_meanwhile_does_not_help() -> None:
    given({ALICE: [SOURCED, withdrawn("talent_pool"), At(MEANWHILE, consented("talent_pool"))]}).when(SEND).refused(
        ConsentWasWithdrawn
    )


def test_a_renewal_of_meanwhile_is_what_is_cited() -> None:
    (sent,) = recorded_meanwhile(consented("talent_pool")).history.decide(SEND)[ALICE]
    assert isinstance(sent, TouchpointRecorded)
    assert sent.consent == event_id(4)


SHUT = Address("email", UUID(int=101))
WITHDRAW = WithdrawConsent(candidate=ALICE, purpose="talent_pool", channels=("email",), addresses=(SHUT,), now=NOW)


def test_a_withdrawal_leaves_what_was_allowed_meanwhile() -> None:
    decided = recorded_meanwhile(consented("talent_pool", "text")).history.decide(WITHDRAW)
    assert decided == {ALICE: [withdrawn("talent_pool", "email")]}, "neither entirely, nor are addresses shut out"
    only = given({ALICE: [SOURCED, consented(), At(MEANWHILE, consented("events"))]}).history
    assert set(only.decide(WITHDRAW)) == {ALICE}


def test_a_refusal_of_what_was_allowed_meanwhile_takes_it_back() -> None:
    refuse = RefuseConsent(candidate=ALICE, purpose="events", addresses=(SHUT,), now=NOW)
    allowed = given({ALICE: [SOURCED, At(MEANWHILE, consented("events"))]}).history
    assert set(allowed.decide(refuse)) == {ALICE, SHUT.stream}


def test_a_consent_is_newer_than_a_withdrawal_of_meanwhile() -> None:
    give = GiveConsent(candidate=ALICE, purpose="events", channels=("email",), addresses=(SHUT,), now=NOW)
    taken = At(MEANWHILE, withdrawn("events", entirely=True))
    shut = given({ALICE: [SOURCED, taken], SHUT.stream: [AddressSuppressed("email", "withdrew")]}).history
    assert set(shut.decide(give)) == {ALICE, SHUT.stream}
