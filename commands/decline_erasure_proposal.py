"""A privacy officer decides that a person whom another system deleted or anonymised is kept here."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain import erasure_proposal
from domain.candidate import CANDIDATE, ENTRIES, MERGES, Candidate, CandidateDoesNotExist
from domain.codes import Code
from domain.erasure_proposal import ErasureProposalDeclined, ErasureProposalDoesNotExist, ErasureProposalIsDecided


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineErasureProposal(Command):
    """Decline a proposal to erase a person: they are kept, and the proposal is closed.

    candidate: any record of the person. proposal: its id in the list of proposals.
    ground: a code, such as 'merged-there', 'consent-stands' or 'legal-claim'. note: free text, personal, sealed.
    """

    candidate: UUID
    proposal: UUID
    ground: Code
    note: str | None = None


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
