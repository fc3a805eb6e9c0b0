"""Giving, refusing and withdrawing consent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from commands.give_consent import GiveConsent
from commands.refuse_consent import RefuseConsent
from commands.request_send import RequestSend
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import CandidateDoesNotExist
from domain.consent import (
    ConsentEndsBeforeItBegins,
    ConsentGiven,
    ConsentNamesNoChannel,
    ConsentRefused,
    ConsentWasRefused,
    ImportedConsentNeedsItsEvidence,
)
from domain.purposes import CONSENT_CHANNELS, ChannelIsUnknown, LawfulBasisIsUnknown, PurposeIsUnknown
from tests.given import ALICE, DAY, NOW, SOURCED, TOUCHPOINT, When, consented, given, withdrawn

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
        NOW.replace(year=NOW.year + 2),
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


IMPORT = replace(GIVE, method="import", evidence="sign-up sheet 12", occurred_at=NOW - 9 * DAY)


@pytest.mark.parametrize("marked", [{"method": "import"}, {"method": "paper", "answered_by": "import"}])
def test_an_imported_consent_says_when_it_was_given_and_by_what_we_know(marked: dict[str, str]) -> None:
    imported = replace(IMPORT, **marked)  # type: ignore[arg-type]  # of the command's own fields
    assert KNOWN.when(imported).history.decide(imported)
    KNOWN.when(replace(imported, evidence=None)).refused(ImportedConsentNeedsItsEvidence)
    KNOWN.when(replace(imported, evidence="  ")).refused(ImportedConsentNeedsItsEvidence)
    KNOWN.when(replace(imported, occurred_at=None)).refused(ImportedConsentNeedsItsEvidence)


@forall(days_of_the_no=st.integers(0, 20), days_of_the_yes=st.integers(0, 20), no_first=st.booleans())
def test_an_imported_consent_is_as_old_as_it_is(days_of_the_no: int, days_of_the_yes: int, no_first: bool) -> None:
    """A no of the same or any later day wins over it, whichever of the two we learn of first."""
    no = replace(REFUSE, occurred_at=NOW - days_of_the_no * DAY)
    yes = replace(IMPORT, occurred_at=NOW - days_of_the_yes * DAY)
    history = given({ALICE: [SOURCED]}).history
    for told in (no, yes) if no_first else (yes, no):
        history.take(told)
    send = RequestSend(candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW)
    if days_of_the_yes < days_of_the_no:
        assert history.decide(send)
    else:
        When(history, send).refused(ConsentWasRefused)


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
