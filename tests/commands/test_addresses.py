"""Who gave up their addresses, or was erased, does not come in again unless they come themselves."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from commands.correct_touchpoint import CorrectTouchpoint
from commands.give_consent import GiveConsent
from commands.learn_profile_fact import LearnProfileFact
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.refer_candidate import ReferCandidate
from commands.refuse_consent import RefuseConsent
from commands.source_candidate import SourceCandidate
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import CandidateReferred, CandidateSourced, ErasureRequested
from domain.consent import ConsentGiven
from domain.event import Event
from domain.suppression import (
    ERASED,
    WITHDREW,
    Address,
    AddressIsSuppressed,
    AddressReleased,
    AddressSuppressed,
    AddressWithheld,
    ArrivalStopped,
    merge_named,
)
from domain.touchpoint import TouchpointRecorded
from tests.given import ALICE, BOB, DAY, NOW, SOURCED, TOUCHPOINT, consented, given, withdrawn

EMAIL, PHONE = Address("email", UUID(int=101)), Address("phone", UUID(int=102))
SHUT: list[Event] = [AddressSuppressed("email", WITHDREW)]
GONE: list[Event] = [AddressSuppressed("email", ERASED)]
WHERE = (EMAIL, PHONE)
SOURCE = SourceCandidate(candidate=BOB, source="fair", emails=("a@example.org",), addresses=WHERE, now=NOW)
REFER = ReferCandidate(candidate=BOB, referrer=UUID(int=77), emails=("a@example.org",), addresses=WHERE, now=NOW)
GIVE = GiveConsent(
    candidate=ALICE, purpose="talent_pool", channels=("email",), method="web-form", addresses=WHERE, now=NOW
)
WITHDRAW = WithdrawConsent(candidate=ALICE, purpose="talent_pool", addresses=WHERE, now=NOW)
REFUSE = RefuseConsent(candidate=ALICE, purpose="talent_pool", addresses=WHERE, now=NOW)
UNSUBSCRIBE = RecordTouchpoint(
    candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-unsubscribed", addresses=WHERE, now=NOW
)
CORRECT = CorrectTouchpoint(candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-unsubscribed", addresses=WHERE, now=NOW)
MERGE = MergeCandidates(candidate=ALICE, absorbed=BOB, evidence=("stated",), addresses=WHERE, now=NOW)
LEARN = LearnProfileFact(
    candidate=ALICE, fact="email", learned_from="self", value="new@example.org", addresses=(EMAIL,), now=NOW
)


def test_an_address_that_was_not_given_up_is_recorded() -> None:
    assert set(given({}).history.decide(SOURCE)) == {BOB}
    released: list[Event] = [*SHUT, AddressReleased("web-form")]
    assert set(given({EMAIL.stream: released}).history.decide(SOURCE)) == {BOB}


def test_a_suppressed_address_does_not() -> None:
    for shut in (SHUT, GONE):
        given({EMAIL.stream: shut}).when(SOURCE).refused(AddressIsSuppressed)
        given({EMAIL.stream: shut}).when(REFER).refused(AddressIsSuppressed)
        given({EMAIL.stream: shut, ALICE: [SOURCED]}).when(LEARN).refused(AddressIsSuppressed)


def test_who_comes_back_by_themselves_is_let_in() -> None:
    decided = given({EMAIL.stream: GONE}).history.decide(replace(SOURCE, returning=True))
    assert isinstance(decided[BOB][0], CandidateSourced)
    assert decided[EMAIL.stream] == [AddressReleased("fair")]
    decided = given({EMAIL.stream: SHUT}).history.decide(replace(REFER, returning=True))
    assert isinstance(decided[BOB][0], CandidateReferred)
    assert decided[EMAIL.stream] == [AddressReleased("referral")]
    assert set(given({}).history.decide(replace(SOURCE, returning=True))) == {BOB}


def test_the_last_withdrawal_shuts_the_addresses_out() -> None:
    allowed = given({ALICE: [SOURCED, consented("talent_pool", "email")]}).history
    suppressions = {
        EMAIL.stream: [AddressSuppressed("email", WITHDREW)],
        PHONE.stream: [AddressSuppressed("phone", WITHDREW)],
    }
    for no in (WITHDRAW, UNSUBSCRIBE, REFUSE):
        decided = allowed.decide(no)
        assert {stream: events for stream, events in decided.items() if stream != ALICE} == suppressions


def test_what_is_corrected_into_an_unsubscribe_shuts_them_out_too() -> None:
    call = TouchpointRecorded(TOUCHPOINT, "call-answered", None, False, None, None, None, "recruiter", None)
    allowed = given({ALICE: [SOURCED, consented("talent_pool", "email"), call]}).history
    assert set(allowed.decide(CORRECT)) == {ALICE, EMAIL.stream, PHONE.stream}
    assert set(allowed.decide(replace(CORRECT, kind="email-replied"))) == {ALICE}
    more = given({ALICE: [SOURCED, consented("talent_pool", "email", "text"), call]}).history
    assert set(more.decide(CORRECT)) == {ALICE}


def test_a_merge_that_takes_the_last_of_it_back_shuts_the_addresses_of_both_out() -> None:
    no, yes = withdrawn("talent_pool", entirely=True), consented("talent_pool", "email")
    both = given({ALICE: [SOURCED, yes], BOB: [SOURCED, no], EMAIL.stream: SHUT}).history
    assert both.decide(MERGE)[PHONE.stream] == [AddressWithheld("phone", merge_named(ALICE, BOB))]
    other_way_round = given({ALICE: [SOURCED, no], BOB: [SOURCED, yes]}).history
    assert set(other_way_round.decide(MERGE)) == {ALICE, BOB, EMAIL.stream, PHONE.stream}
    for later in consented("newsletter", "email"), no:  # something is left, nothing was left before
        assert set(given({ALICE: [SOURCED, yes, later], BOB: [SOURCED, no]}).history.decide(MERGE)) == {ALICE, BOB}


def test_a_withdrawal_that_leaves_something_does_not() -> None:
    two = given({ALICE: [SOURCED, consented("talent_pool", "email", "text"), consented("newsletter", "email")]}).history
    assert set(two.decide(WITHDRAW)) == {ALICE}
    assert set(two.decide(UNSUBSCRIBE)) == {ALICE}
    assert set(two.decide(REFUSE)) == {ALICE}
    past = replace(WITHDRAW, occurred_at=NOW - 200 * DAY)
    later = given({ALICE: [SOURCED, consented("talent_pool", "email")]}).history
    assert set(later.decide(past)) == {ALICE}, "the yes is newer"


def test_a_first_no_takes_nothing_back_and_a_withdrawal_of_what_has_ended_does() -> None:
    assert set(given({ALICE: [SOURCED]}).history.decide(REFUSE)) == {ALICE}
    ended = given({ALICE: [SOURCED, consented("talent_pool", "email", until=NOW - DAY)]}).history
    assert set(ended.decide(REFUSE)) == {ALICE}
    assert set(ended.decide(WITHDRAW)) == {ALICE, EMAIL.stream, PHONE.stream}


def test_what_is_suppressed_is_not_suppressed_again() -> None:
    for shut in (SHUT, GONE):
        history = given({ALICE: [SOURCED, consented()], EMAIL.stream: shut}).history
        assert set(history.decide(WITHDRAW)) == {ALICE, PHONE.stream}


def test_a_new_consent_of_their_own_releases_what_they_withdrew() -> None:
    shut = given({ALICE: [SOURCED], EMAIL.stream: SHUT, PHONE.stream: [AddressSuppressed("phone", ERASED)]}).history
    decided = shut.decide(GIVE)
    assert isinstance(decided[ALICE][0], ConsentGiven)
    assert decided[EMAIL.stream] == [AddressReleased("web-form")]
    assert PHONE.stream not in decided, "no consent releases the address of an erased person"


def test_a_consent_that_another_person_reports_or_that_has_ended_releases_nothing() -> None:
    shut = given({ALICE: [SOURCED], EMAIL.stream: SHUT}).history
    assert set(shut.decide(replace(GIVE, answered_by="recruiter"))) == {ALICE}
    imported = replace(GIVE, method="import", evidence="form 7", occurred_at=NOW - DAY)
    assert set(shut.decide(imported)) == {ALICE}
    assert set(shut.decide(replace(GIVE, occurred_at=NOW - 9 * DAY, valid_until=NOW - DAY))) == {ALICE}
    withdrawn_since = given({ALICE: [SOURCED], EMAIL.stream: SHUT}).history
    withdrawn_since.take(replace(WITHDRAW, addresses=()))
    assert set(withdrawn_since.decide(replace(GIVE, occurred_at=NOW - 9 * DAY))) == {ALICE}
    assert [replace(GIVE, answered_by="recruiter").answering(), imported.answering()] == [(), ()]
    assert GIVE.answering() == (ALICE,)


def test_an_address_that_the_record_has_is_confirmed() -> None:
    history = given({ALICE: [SOURCED], EMAIL.stream: SHUT}).history
    assert set(history.decide(replace(LEARN, value=" A@Example.ORG"))) == {ALICE}
    assert set(history.decide(replace(LEARN, fact="skill", value="python", addresses=()))) == {ALICE}


def test_an_erased_record_is_asked_of_its_address_first() -> None:
    gone = given({ALICE: [SOURCED, ErasureRequested("self", "art-17")], EMAIL.stream: GONE})
    gone.when(LEARN).refused(AddressIsSuppressed)


def test_what_is_left_says_who_was_stopped() -> None:
    with pytest.raises(AddressIsSuppressed) as refused:
        given({EMAIL.stream: GONE}).history.decide(SOURCE)
    assert refused.value.leaves == {EMAIL.stream: [ArrivalStopped(ERASED, "fair", BOB)]}
    assert "example.org" not in str(refused.value)


def test_commands_say_which_addresses_they_are_about() -> None:
    assert list(SOURCE.brought()) == [("email", "a@example.org")]
    assert list(replace(SOURCE, phones=("030 1",)).brought()) == [("email", "a@example.org"), ("phone", "030 1")]
    assert list(LEARN.brought()) == [("email", "new@example.org")]
    assert list(replace(LEARN, fact="skill").brought()) == []
    assert [WITHDRAW.answering(), REFUSE.answering(), UNSUBSCRIBE.answering(), CORRECT.answering()] == [(ALICE,)] * 4
    assert MERGE.answering() == (ALICE, BOB)
    assert replace(UNSUBSCRIBE, kind="email-replied").answering() == ()
    assert replace(UNSUBSCRIBE, kind="no-such-kind").answering() == ()
    assert replace(CORRECT, kind=None).answering() == ()
