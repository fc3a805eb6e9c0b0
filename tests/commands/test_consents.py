"""Giving, refusing and withdrawing consent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from commands.expire_consent import ExpireConsent
from commands.give_consent import GiveConsent
from commands.refuse_consent import RefuseConsent
from commands.request_consent import RequestConsent
from commands.request_send import RequestSend
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import CandidateDoesNotExist
from domain.consent import (
    ConsentDoesNotExist,
    ConsentEndsAtAnotherTime,
    ConsentEndsBeforeItBegins,
    ConsentEndWasNoted,
    ConsentExpired,
    ConsentGiven,
    ConsentHasExpired,
    ConsentHasNotEnded,
    ConsentHoldsTooLong,
    ConsentNamesNoChannel,
    ConsentRefused,
    ConsentRequested,
    ConsentWasAnsweredOver,
    ConsentWasRefused,
    ImportedConsentNeedsItsEvidence,
)
from domain.purposes import CONSENT_CHANNELS, ChannelIsUnknown, LawfulBasisIsUnknown, PurposeIsUnknown
from tests.given import (
    ALICE,
    BOB,
    DAY,
    NOW,
    SOURCED,
    START,
    TOUCHPOINT,
    At,
    When,
    consented,
    event_id,
    given,
    withdrawn,
)

ENTERED = given({ALICE: [SOURCED]})
GIVE = GiveConsent(candidate=ALICE, purpose="talent_pool", channels=("text", "email", "text"), now=NOW)
REFUSE = RefuseConsent(candidate=ALICE, purpose="talent_pool", now=NOW)
WITHDRAW = WithdrawConsent(candidate=ALICE, purpose="talent_pool", now=NOW)
UNKNOWN = "unknown"


def test_a_consent_names_each_channel_once() -> None:
    given_consent = ConsentGiven(
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
    ENTERED.when(GIVE).then({ALICE: [given_consent]})


def test_a_consent_that_allows_nothing_or_anything_is_refused() -> None:
    given({}).when(GIVE).refused(CandidateDoesNotExist)
    ENTERED.when(replace(GIVE, purpose="world-domination")).refused(PurposeIsUnknown)
    ENTERED.when(replace(GIVE, channels=("email", "pigeon"))).refused(ChannelIsUnknown)
    ENTERED.when(replace(GIVE, channels=())).refused(ConsentNamesNoChannel)
    ENTERED.when(replace(GIVE, basis="silence")).refused(LawfulBasisIsUnknown)
    ENTERED.when(replace(GIVE, valid_until=NOW)).refused(ConsentEndsBeforeItBegins)


def test_a_consent_may_have_ended_by_the_time_it_is_recorded() -> None:
    past = replace(GIVE, occurred_at=NOW - 9 * DAY, valid_until=NOW - DAY)
    assert ENTERED.when(past).history.decide(past)


IMPORT = replace(GIVE, method="import", evidence="sign-up sheet 12", occurred_at=NOW - 9 * DAY)


@pytest.mark.parametrize("marked", [{"method": "import"}, {"method": "paper", "answered_by": "import"}])
def test_an_imported_consent_says_when_it_was_given_and_by_what_we_know(marked: dict[str, str]) -> None:
    imported = replace(IMPORT, **marked)  # type: ignore[arg-type]  # of the command's own fields
    assert ENTERED.when(imported).history.decide(imported)
    ENTERED.when(replace(imported, evidence=None)).refused(ImportedConsentNeedsItsEvidence)
    ENTERED.when(replace(imported, evidence="  ")).refused(ImportedConsentNeedsItsEvidence)
    ENTERED.when(replace(imported, occurred_at=None)).refused(ImportedConsentNeedsItsEvidence)


@forall(days_of_the_no=st.integers(0, 20), days_of_the_yes=st.integers(0, 20), no_first=st.booleans())
def test_an_imported_consent_is_as_old_as_it_is(days_of_the_no: int, days_of_the_yes: int, no_first: bool) -> None:
    """A no of the same or any later day wins over it, whichever of the two we learn of first."""
    no = replace(REFUSE, occurred_at=NOW - days_of_the_no * DAY)
    yes = replace(IMPORT, occurred_at=NOW - days_of_the_yes * DAY)
    history = given({ALICE: [SOURCED]}).history
    for command in (no, yes) if no_first else (yes, no):
        history.take(command)
    send = RequestSend(candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW)
    if days_of_the_yes < days_of_the_no:
        assert history.decide(send)
    else:
        When(history, send).refused(ConsentWasRefused)


def test_a_refusal_that_names_no_channel_is_for_all() -> None:
    refusal = ConsentRefused("talent_pool", CONSENT_CHANNELS, UNKNOWN, UNKNOWN, UNKNOWN, "self", None)
    ENTERED.when(REFUSE).then({ALICE: [refusal]})
    ENTERED.when(replace(REFUSE, channels=("text",))).then({ALICE: [replace(refusal, channels=("text",))]})
    ENTERED.when(replace(REFUSE, purpose="x")).refused(PurposeIsUnknown)
    given({}).when(REFUSE).refused(CandidateDoesNotExist)


def test_a_withdrawal_is_never_refused() -> None:
    everywhere = withdrawn("talent_pool", *CONSENT_CHANNELS, entirely=True)
    ENTERED.when(WITHDRAW).then({ALICE: [everywhere]})
    given({ALICE: [SOURCED, consented(), everywhere]}).when(WITHDRAW).then({ALICE: [everywhere]})
    given({}).when(WITHDRAW).refused(CandidateDoesNotExist)


def test_a_withdrawal_of_the_last_channel_is_entire() -> None:
    two = given({ALICE: [SOURCED, consented("talent_pool", "email", "text")]})
    two.when(replace(WITHDRAW, channels=("email",))).then({ALICE: [withdrawn("talent_pool", "email")]})
    both = replace(WITHDRAW, channels=("text", "email"))
    two.when(both).then({ALICE: [withdrawn("talent_pool", "email", "text", entirely=True)]})


def given_until(command: GiveConsent) -> object:
    (event,) = ENTERED.history.decide(command)[ALICE]
    assert isinstance(event, ConsentGiven)
    return event.valid_until


def test_a_consent_ends_as_its_purpose_and_the_law_have_it_unless_it_ends_earlier() -> None:
    assert given_until(GIVE) == NOW.replace(year=NOW.year + 2)
    assert given_until(replace(GIVE, purpose="demographic_monitoring")) == NOW.replace(year=NOW.year + 1)
    assert given_until(replace(GIVE, occurred_at=START)) == START.replace(year=START.year + 2)
    assert given_until(replace(GIVE, valid_until=NOW + DAY)) == NOW + DAY
    longest = NOW.replace(year=NOW.year + 2)
    assert given_until(replace(GIVE, valid_until=longest)) == longest
    ENTERED.when(replace(GIVE, valid_until=longest + DAY)).refused(ConsentHoldsTooLong)
    ENTERED.when(replace(GIVE, purpose="assessment", valid_until=longest)).refused(ConsentHoldsTooLong)


def test_an_old_consent_that_is_imported_may_have_ended() -> None:
    old = replace(IMPORT, occurred_at=NOW.replace(year=NOW.year - 3))
    assert given_until(old) == NOW.replace(year=NOW.year - 1)


def test_from_where_the_answer_came_is_kept() -> None:
    (event,) = ENTERED.history.decide(replace(GIVE, came_from="192.0.2.0/24"))[ALICE]
    assert isinstance(event, ConsentGiven)
    assert event.came_from == "192.0.2.0/24"


REQUEST = RequestConsent(candidate=ALICE, purpose="talent_pool", channels=("text", "email"), note="by phone", now=NOW)


def test_asking_for_a_consent_allows_nothing() -> None:
    request = ConsentRequested(
        "talent_pool", ("email", "text"), UNKNOWN, UNKNOWN, UNKNOWN, None, UNKNOWN, UNKNOWN, "by phone"
    )
    ENTERED.when(REQUEST).then({ALICE: [request]})
    given({ALICE: [SOURCED, consented(), request]}).when(REQUEST).then({ALICE: [request]})
    given({}).when(REQUEST).refused(CandidateDoesNotExist)
    ENTERED.when(replace(REQUEST, purpose="x")).refused(PurposeIsUnknown)
    ENTERED.when(replace(REQUEST, channels=("pigeon",))).refused(ChannelIsUnknown)
    ENTERED.when(replace(REQUEST, channels=())).refused(ConsentNamesNoChannel)


UNTIL = START + 50 * DAY
YES = consented("talent_pool", "email", "text", until=UNTIL)
EXPIRE = ExpireConsent(candidate=ALICE, consent=event_id(2), occurred_at=UNTIL, now=NOW)
ENDED = ConsentExpired(event_id(2), "talent_pool", ("email", "text"))


def test_the_end_of_a_consent_is_noted_once_it_has_come() -> None:
    allowed = given({ALICE: [SOURCED, YES]})
    allowed.when(EXPIRE).then({ALICE: [ENDED]})
    allowed.when(replace(EXPIRE, now=UNTIL)).then({ALICE: [ENDED]})
    early = replace(EXPIRE, now=UNTIL - DAY, occurred_at=None)
    allowed.when(early).refused(ConsentHasNotEnded)
    given({ALICE: [SOURCED, consented()]}).when(EXPIRE).refused(ConsentHasNotEnded)
    given({ALICE: [SOURCED, YES, ENDED]}).when(EXPIRE).refused(ConsentEndWasNoted)
    allowed.when(replace(EXPIRE, occurred_at=NOW)).refused(ConsentEndsAtAnotherTime)
    allowed.when(replace(EXPIRE, occurred_at=None)).refused(ConsentEndsAtAnotherTime)
    allowed.when(replace(EXPIRE, consent=event_id(1))).refused(ConsentDoesNotExist)
    given({BOB: [SOURCED]}).when(EXPIRE).refused(CandidateDoesNotExist)


def test_what_was_answered_anew_before_did_not_end_by_its_date() -> None:
    given({ALICE: [SOURCED, YES, withdrawn(entirely=True)]}).when(EXPIRE).refused(ConsentWasAnsweredOver)
    partly = given({ALICE: [SOURCED, YES, withdrawn("talent_pool", "email")]})
    partly.when(EXPIRE).then({ALICE: [replace(ENDED, channels=("text",))]})
    other_purpose = given({ALICE: [SOURCED, YES, withdrawn("newsletter", entirely=True)]})
    other_purpose.when(EXPIRE).then({ALICE: [ENDED]})
    renewed_after = given({ALICE: [SOURCED, YES, At(UNTIL + DAY, consented("talent_pool", "email", "text"))]})
    renewed_after.when(EXPIRE).then({ALICE: [ENDED]})


@forall(day=st.integers(0, 120), noted=st.booleans())
def test_the_note_changes_nothing_that_is_allowed(day: int, noted: bool) -> None:
    history = given({ALICE: [SOURCED, YES, *([At(UNTIL, ENDED)] if noted else [])]}).history
    at = START + day * DAY
    send = RequestSend(candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-sent", now=max(at, START + 2 * DAY))
    if send.now < UNTIL:
        assert history.decide(send)
    else:
        When(history, send).refused(ConsentHasExpired)
