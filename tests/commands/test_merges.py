"""Two records that are one person: who speaks, whose no holds, and how it is undone."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from commands.give_consent import GiveConsent
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.refuse_consent import RefuseConsent
from commands.request_send import RequestSend
from commands.unmerge_candidates import UnmergeCandidates
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import (
    CandidateCannotBeMergedWithItself,
    CandidateDoesNotExist,
    CandidatesAreNotMerged,
    CandidatesMerged,
    CandidatesUnmerged,
    CandidateWasMerged,
    MergeCannotBeDatedBack,
    UnmergeCannotBeDatedBack,
)
from domain.consent import ConsentWasWithdrawn, ConsentWithheld
from domain.touchpoint import TouchpointRecorded
from tests.given import ALICE, BOB, DAY, NOW, SOURCED, TOUCHPOINT, At, consented, event_id, given, withdrawn

CAROL = UUID(int=99)
MERGED = CandidatesMerged(ALICE, BOB, ("same-address",), None)
UNMERGED = CandidatesUnmerged(ALICE, BOB, None)
MERGE = MergeCandidates(candidate=ALICE, absorbed=BOB, evidence=("same-address",), now=NOW)
UNMERGE = UnmergeCandidates(candidate=ALICE, absorbed=BOB, now=NOW)
SEND = RequestSend(candidate=ALICE, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW)

TWO = {ALICE: [SOURCED], BOB: [SOURCED]}
MERGED_PEOPLE = given({ALICE: [SOURCED, MERGED], BOB: [SOURCED, MERGED]})


def test_a_merge_stands_in_both_records() -> None:
    given(TWO).when(MERGE).then({BOB: [MERGED], ALICE: [MERGED]})


def test_what_one_record_allows_and_the_other_denied_is_withheld_from_both() -> None:
    withheld = ConsentWithheld(ALICE, BOB, (str(BOB),), "talent_pool", ("email",))
    history = given({ALICE: [SOURCED, consented()], BOB: [SOURCED, withdrawn()]})
    history.when(MERGE).then({BOB: [MERGED, withheld], ALICE: [MERGED, withheld]})


def test_what_was_never_asked_denies_nothing() -> None:
    given({ALICE: [SOURCED], BOB: [SOURCED, consented()]}).when(MERGE).then({BOB: [MERGED], ALICE: [MERGED]})


def test_a_consent_of_either_record_allows_a_send_to_the_person() -> None:
    history = given({BOB: [SOURCED, consented(), MERGED], ALICE: [SOURCED, MERGED]})
    sent = TouchpointRecorded(
        TOUCHPOINT, "email-sent", None, False, "talent_pool", True, event_id(2), "perennial", None
    )
    history.when(SEND).then({ALICE: [sent]})


def test_the_newest_answer_of_any_record_decides() -> None:
    later = At(NOW - DAY, withdrawn())
    given({ALICE: [SOURCED, consented(), MERGED], BOB: [SOURCED, MERGED, later]}).when(SEND).refused(
        ConsentWasWithdrawn
    )


def test_only_the_speaking_record_is_asked_for_consent_and_written_to() -> None:
    MERGED_PEOPLE.when(GiveConsent(candidate=BOB, purpose="talent_pool", channels=("email",), now=NOW)).refused(
        CandidateWasMerged
    )
    MERGED_PEOPLE.when(RequestSend(candidate=BOB, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW)).refused(
        CandidateWasMerged
    )


def test_a_no_is_taken_from_any_record_and_stands_where_it_is_asked_for() -> None:
    for command in (
        WithdrawConsent(candidate=BOB, purpose="talent_pool", now=NOW),
        RefuseConsent(candidate=BOB, purpose="talent_pool", now=NOW),
    ):
        decided = MERGED_PEOPLE.history.decide(command)
        assert decided.keys() == {ALICE, BOB}
        assert decided[ALICE] == decided[BOB] != []


def test_an_unsubscribe_on_an_absorbed_record_shuts_the_gate_of_the_person() -> None:
    history = given({ALICE: [SOURCED, consented(), MERGED], BOB: [SOURCED, MERGED]})
    stop = RecordTouchpoint(candidate=BOB, touchpoint=TOUCHPOINT, kind="email-unsubscribed", now=NOW - DAY)
    decided = history.history.take(stop)
    assert decided[BOB][1:] == decided[ALICE] != []
    history.when(SEND).refused(ConsentWasWithdrawn)


def test_a_record_is_merged_once_with_another_that_speaks_for_itself() -> None:
    given(TWO).when(MergeCandidates(candidate=ALICE, absorbed=ALICE, evidence=(), now=NOW)).refused(
        CandidateCannotBeMergedWithItself
    )
    given({ALICE: [SOURCED]}).when(MERGE).refused(CandidateDoesNotExist)
    MERGED_PEOPLE.when(MERGE).refused(CandidateWasMerged)
    MERGED_PEOPLE.when(MergeCandidates(candidate=BOB, absorbed=ALICE, evidence=(), now=NOW)).refused(CandidateWasMerged)
    given(TWO).when(
        MergeCandidates(candidate=ALICE, absorbed=BOB, evidence=(), now=NOW, occurred_at=NOW - DAY)
    ).refused(MergeCannotBeDatedBack)


def test_the_refusal_names_the_record_that_speaks_for_the_whole_person() -> None:
    above = CandidatesMerged(CAROL, ALICE, (), None)
    history = given({BOB: [SOURCED, MERGED], ALICE: [SOURCED, MERGED, above], CAROL: [SOURCED, above]})
    with pytest.raises(CandidateWasMerged) as refused:
        history.history.decide(RequestSend(candidate=BOB, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW))
    assert refused.value.named["survivor"] == CAROL


def test_a_merge_is_undone_as_it_was_made() -> None:
    MERGED_PEOPLE.when(UNMERGE).then({BOB: [UNMERGED], ALICE: [UNMERGED]})
    given(TWO).when(UNMERGE).refused(CandidatesAreNotMerged)
    MERGED_PEOPLE.when(replace(UNMERGE, occurred_at=NOW - DAY)).refused(UnmergeCannotBeDatedBack)
    MERGED_PEOPLE.when(UnmergeCandidates(candidate=BOB, absorbed=ALICE, now=NOW)).refused(CandidatesAreNotMerged)
    apart = given({ALICE: [SOURCED, MERGED, UNMERGED], BOB: [SOURCED, consented(), MERGED, UNMERGED]})
    assert apart.history.decide(RequestSend(candidate=BOB, touchpoint=TOUCHPOINT, kind="email-sent", now=NOW))
