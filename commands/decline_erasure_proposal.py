"""A privacy officer decides that a person whom another system deleted or anonymised is kept here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain import erasure_proposal
from domain.candidate import CANDIDATE, ENTRIES, MERGES, Candidate, CandidateDoesNotExist
from domain.codes import Code
from domain.erasure_proposal import ErasureProposalDeclined, ErasureProposalDoesNotExist, ErasureProposalIsDecided


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineErasureProposal(Command):
    """Decline a proposal to erase a person: they are kept, and the proposal is closed."""

    candidate: Annotated[UUID, Help("Any record of the person.")]
    proposal: Annotated[UUID, Help("The proposal's id, as the list of proposals has it.")]
    ground: Annotated[Code, Help("The ground, such as 'merged-there', 'consent-stands' or 'legal-claim'.")]
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None


def decide(candidate: Candidate, command: DeclineErasureProposal) -> Events:
    """Raises CandidateDoesNotExist, ErasureProposalDoesNotExist, CandidateIsErased or ErasureProposalIsDecided."""
    record = candidate.proposed_on(command.proposal)
    return {record: [ErasureProposalDeclined(command.proposal, command.ground, command.note)]}


READS = (*ENTRIES, *MERGES, *erasure_proposal.EVENTS)
VERB = Verb(
    DeclineErasureProposal,
    (Load("candidate", CANDIDATE, READS),),
    decide,
    writes=ErasureProposalDeclined,
    raises=(CandidateDoesNotExist, ErasureProposalDoesNotExist, ErasureProposalIsDecided),
)
