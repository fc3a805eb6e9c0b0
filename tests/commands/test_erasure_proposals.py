"""Another system's proposal to erase a person: it alone changes nothing, and is decided once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from commands.accept_erasure_proposal import AcceptErasureProposal
from commands.catalogue import VERBS
from commands.decline_erasure_proposal import DeclineErasureProposal
from commands.propose_erasure import ProposeErasure
from commands.verb import Command, Events
from domain.candidate import (
    CandidateDoesNotExist,
    CandidateErased,
    CandidateIsErased,
    CandidatesMerged,
    CandidatesUnmerged,
    ErasureCannotBeDatedBack,
    ErasureRequested,
    LegalHoldLifted,
    LegalHoldSet,
    LegalHoldStands,
    RequesterIsUnknown,
)
from domain.codes import TextIsWrittenWrongly
from domain.consent import ConsentWithdrawn
from domain.erasure_proposal import (
    ErasureProposalAccepted,
    ErasureProposalDeclined,
    ErasureProposalDoesNotExist,
    ErasureProposalIsDecided,
    ErasureProposed,
)
from domain.errors import Refused
from domain.event import Event
from domain.purposes import CONSENT_CHANNELS
from domain.suppression import Address, AddressSuppressed
from tests.commands.test_any_history import FIELDS, PEOPLE, SHAPES
from tests.given import ALICE, BOB, DAY, MESSAGE, NOW, SOURCED, START, History, consented, given

PROPOSAL, OTHER = UUID(int=90), UUID(int=91)
PROPOSE = ProposeErasure(
    candidate=ALICE, proposal=PROPOSAL, source="greenhouse", kind="anonymise", fields=("full_name",), now=NOW
)
PROPOSED = ErasureProposed(PROPOSAL, "greenhouse", "anonymise", ("full_name",))
DELETED = ErasureProposed(OTHER, "greenhouse", "delete", ())
ACCEPT = AcceptErasureProposal(candidate=ALICE, proposal=PROPOSAL, now=NOW)
ACCEPTED, REQUESTED = ErasureProposalAccepted(PROPOSAL), ErasureRequested("recruiter", "art-17")
DECLINE = DeclineErasureProposal(candidate=ALICE, proposal=PROPOSAL, ground="merged-there", note="see Bo", now=NOW)
DECLINED = ErasureProposalDeclined(PROPOSAL, "merged-there", "see Bo")
MERGED, PARTED = CandidatesMerged(BOB, ALICE, ("stated",), None), CandidatesUnmerged(BOB, ALICE, None)
ERASED = CandidateErased(UUID(int=5), ("keyring",), NOW)
DECISIONS = pytest.mark.parametrize("decision", [ACCEPT, DECLINE], ids=["accept", "decline"])


def test_a_proposal_stands_on_the_record_that_was_named_and_once() -> None:
    given({ALICE: [SOURCED]}).when(PROPOSE).then({ALICE: [PROPOSED]})
    given({ALICE: [SOURCED, PROPOSED]}).when(PROPOSE).then({})
    given({ALICE: [SOURCED, PROPOSED, DECLINED]}).when(PROPOSE).then({})
    given({ALICE: [SOURCED, PROPOSED]}).when(replace(PROPOSE, proposal=OTHER, kind="delete", fields=())).then(
        {ALICE: [DELETED]}
    )
    given({ALICE: [SOURCED, MERGED], BOB: [SOURCED, MERGED]}).when(PROPOSE).then({ALICE: [PROPOSED]})


def test_a_proposal_about_an_unknown_or_erased_person_is_refused() -> None:
    given({}).when(PROPOSE).refused(CandidateDoesNotExist)
    given({ALICE: [SOURCED, REQUESTED]}).when(PROPOSE).refused(CandidateIsErased)
    given({ALICE: [SOURCED, REQUESTED, ERASED]}).when(PROPOSE).refused(CandidateIsErased)


def test_what_the_other_system_did_is_a_code() -> None:
    for wrong in ({"kind": "hide"}, {"fields": ("Rosa Lind",)}, {"source": "Green House"}):
        with pytest.raises(TextIsWrittenWrongly):
            replace(PROPOSE, **wrong)


def test_accepting_records_the_decision_and_the_request_together() -> None:
    withdrawn = ConsentWithdrawn("talent_pool", CONSENT_CHANNELS, True, "erasure", None, None)
    given({ALICE: [SOURCED, consented(), PROPOSED]}).when(ACCEPT).then({ALICE: [ACCEPTED, REQUESTED, withdrawn]})
    by_rule = replace(ACCEPT, by="retention", ground="retention-period-over")
    request = ErasureRequested("retention", "retention-period-over")
    given({ALICE: [SOURCED, PROPOSED]}).when(by_rule).then({ALICE: [ACCEPTED, request]})


def test_accepting_shuts_the_persons_addresses_out() -> None:
    accept = replace(ACCEPT, addresses=(Address("email", MESSAGE),))
    given({ALICE: [SOURCED, PROPOSED]}).when(accept).then(
        {ALICE: [ACCEPTED, REQUESTED], MESSAGE: [AddressSuppressed("email", "erased")]}
    )


@pytest.mark.parametrize("named", [ALICE, BOB])
def test_all_records_are_requested_and_the_decision_stands_where_the_proposal_does(named: UUID) -> None:
    history: dict[UUID, list[Event]] = {ALICE: [SOURCED, PROPOSED, MERGED], BOB: [SOURCED, MERGED]}
    given(history).when(replace(ACCEPT, candidate=named)).then({ALICE: [ACCEPTED, REQUESTED], BOB: [REQUESTED]})
    given(history).when(replace(DECLINE, candidate=named)).then({ALICE: [DECLINED]})


def test_after_an_unmerge_a_proposal_is_of_its_own_record_alone() -> None:
    history: dict[UUID, list[Event]] = {ALICE: [SOURCED, PROPOSED, MERGED, PARTED], BOB: [SOURCED, MERGED, PARTED]}
    given(history).when(ACCEPT).then({ALICE: [ACCEPTED, REQUESTED]})
    given(history).when(replace(ACCEPT, candidate=BOB)).refused(ErasureProposalDoesNotExist)


def test_the_rules_of_a_request_hold_for_an_acceptance() -> None:
    held = LegalHoldSet("case-7", None)
    given({ALICE: [SOURCED, PROPOSED, held]}).when(ACCEPT).refused(LegalHoldStands)
    on_other: dict[UUID, list[Event]] = {ALICE: [SOURCED, PROPOSED, MERGED], BOB: [SOURCED, held, MERGED]}
    given(on_other).when(ACCEPT).refused(LegalHoldStands)
    given({ALICE: [SOURCED, PROPOSED, held]}).when(DECLINE).then({ALICE: [DECLINED]})
    lifted = LegalHoldLifted("case-7", None)
    given({ALICE: [SOURCED, PROPOSED, held, lifted]}).when(ACCEPT).then({ALICE: [ACCEPTED, REQUESTED]})
    given({ALICE: [SOURCED, PROPOSED]}).when(replace(ACCEPT, by="greenhouse")).refused(RequesterIsUnknown)
    early = replace(ACCEPT, occurred_at=NOW - DAY)
    given({ALICE: [SOURCED, PROPOSED]}).when(early).refused(ErasureCannotBeDatedBack)


@DECISIONS
def test_a_proposal_is_decided_once(decision: Command) -> None:
    given({ALICE: [SOURCED, PROPOSED, DECLINED]}).when(decision).refused(ErasureProposalIsDecided)
    given({ALICE: [SOURCED, PROPOSED, ACCEPTED, REQUESTED]}).when(decision).refused(CandidateIsErased)
    given({ALICE: [SOURCED, PROPOSED, REQUESTED, ERASED]}).when(decision).refused(CandidateIsErased)


@DECISIONS
def test_a_proposal_that_there_is_not_is_not_decided(decision: Command) -> None:
    given({}).when(decision).refused(CandidateDoesNotExist)
    given({ALICE: [SOURCED]}).when(decision).refused(ErasureProposalDoesNotExist)
    given({ALICE: [SOURCED], BOB: [SOURCED, PROPOSED]}).when(decision).refused(ErasureProposalDoesNotExist)
    given({ALICE: [SOURCED, REQUESTED]}).when(decision).refused(ErasureProposalDoesNotExist)


def test_a_declined_proposal_leaves_the_others_open() -> None:
    given({ALICE: [SOURCED, PROPOSED, DELETED, DECLINED]}).when(replace(ACCEPT, proposal=OTHER)).then(
        {ALICE: [ErasureProposalAccepted(OTHER), REQUESTED]}
    )


OF_PROPOSALS = (ProposeErasure, AcceptErasureProposal, DeclineErasureProposal)
OTHER_VERBS = [verb.command for verb in VERBS if verb.command not in OF_PROPOSALS]


@st.composite
def commands(draw: st.DrawFn, shapes: list[type[Command]]) -> Any:
    """A command of one of these verbs, without its time."""
    shape = draw(st.sampled_from(shapes))
    named = {re.sub("^(address|as)_", "", name): draw(FIELDS[name]) for name in SHAPES[shape].split()}
    return shape, named


@for_any(requests=st.lists(commands(OTHER_VERBS), max_size=25), proposed=st.lists(st.booleans(), min_size=25))
def test_no_proposal_changes_what_any_other_command_comes_to(
    requests: list[tuple[type[Command], dict[str, Any]]], proposed: list[bool]
) -> None:
    """Two histories of the same commands, one with proposals, decided or not, between them: nothing else differs."""
    plain, with_proposals = History(), History()
    for person in PEOPLE[:2]:
        for history in (plain, with_proposals):
            history.add(person, SOURCED, START)
    for number, ((shape, named), also) in enumerate(zip(requests, proposed, strict=False)):
        if also:
            propose(with_proposals, number)
        now = START + number * DAY
        outcomes = [outcome(history, shape(**named, now=now)) for history in (plain, with_proposals)]
        assert outcomes[0] == outcomes[1]


def propose(history: History, number: int) -> None:
    """Adds a proposal about the first person, and declines it where the number is odd; no event of it is counted."""
    proposal = UUID(int=1_000 + number)
    events: list[Event] = [ErasureProposed(proposal, "greenhouse", "delete", ())]
    events += [ErasureProposalDeclined(proposal, "other", None)] if number % 2 else []
    for event in events:
        history.add(PEOPLE[0], event, START)
        history.count -= 1


def outcome(history: History, command: Command) -> Events | str:
    try:
        return history.take(command)
    except Refused as refused:
        return str(refused)
