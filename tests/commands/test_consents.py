"""Giving, refusing and withdrawing consent."""

from __future__ import annotations

from dataclasses import replace

from commands.give_consent import GiveConsent
from commands.refuse_consent import RefuseConsent
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import CandidateDoesNotExist
from domain.consent import ConsentEndsBeforeItBegins, ConsentGiven, ConsentNamesNoChannel, ConsentRefused
from domain.purposes import CONSENT_CHANNELS, ChannelIsUnknown, LawfulBasisIsUnknown, PurposeIsUnknown
from tests.given import ALICE, DAY, NOW, SOURCED, consented, given, withdrawn

KNOWN = given({ALICE: [SOURCED]})
GIVE = GiveConsent(candidate=ALICE, purpose="talent_pool", channels=("text", "email", "text"), now=NOW)
REFUSE = RefuseConsent(candidate=ALICE, purpose="talent_pool", now=NOW)
WITHDRAW = WithdrawConsent(candidate=ALICE, purpose="talent_pool", now=NOW)
UNKNOWN = "unknown"


def test_a_consent_names_each_channel_once() -> None:
    said = ConsentGiven(
        "talent_pool",
        ("email", "text"),
        "consent",
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        None,
        UNKNOWN,
        UNKNOWN,
        "self",
        None,
        None,
    )
    KNOWN.when(GIVE).then({ALICE: [said]})


def test_a_consent_that_allows_nothing_or_anything_is_refused() -> None:
    given({}).when(GIVE).refused(CandidateDoesNotExist)
    KNOWN.when(replace(GIVE, purpose="world-domination")).refused(PurposeIsUnknown)
    KNOWN.when(replace(GIVE, channels=("email", "pigeon"))).refused(ChannelIsUnknown)
    KNOWN.when(replace(GIVE, channels=())).refused(ConsentNamesNoChannel)
    KNOWN.when(replace(GIVE, basis="silence")).refused(LawfulBasisIsUnknown)
    KNOWN.when(replace(GIVE, valid_until=NOW)).refused(ConsentEndsBeforeItBegins)


def test_a_consent_may_have_ended_by_the_time_it_is_told() -> None:
    past = replace(GIVE, occurred_at=NOW - 9 * DAY, valid_until=NOW - DAY)
    assert KNOWN.when(past).history.decide(past)


def test_a_refusal_that_names_no_channel_is_for_all() -> None:
    said = ConsentRefused("talent_pool", CONSENT_CHANNELS, UNKNOWN, UNKNOWN, UNKNOWN, "self", None)
    KNOWN.when(REFUSE).then({ALICE: [said]})
    KNOWN.when(replace(REFUSE, channels=("text",))).then({ALICE: [replace(said, channels=("text",))]})
    KNOWN.when(replace(REFUSE, purpose="x")).refused(PurposeIsUnknown)
    given({}).when(REFUSE).refused(CandidateDoesNotExist)


def test_a_withdrawal_is_never_refused() -> None:
    everywhere = withdrawn("talent_pool", *CONSENT_CHANNELS, entirely=True)
    KNOWN.when(WITHDRAW).then({ALICE: [everywhere]})
    given({ALICE: [SOURCED, consented(), everywhere]}).when(WITHDRAW).then({ALICE: [everywhere]})
    given({}).when(WITHDRAW).refused(CandidateDoesNotExist)


def test_a_withdrawal_of_the_last_channel_is_entire() -> None:
    two = given({ALICE: [SOURCED, consented("talent_pool", "email", "text")]})
    two.when(replace(WITHDRAW, channels=("email",))).then({ALICE: [withdrawn("talent_pool", "email")]})
    both = replace(WITHDRAW, channels=("text", "email"))
    two.when(both).then({ALICE: [withdrawn("talent_pool", "email", "text", entirely=True)]})
