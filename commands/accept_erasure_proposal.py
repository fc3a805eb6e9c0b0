"""A privacy officer accepts that a person whom another system deleted or anonymised is erased here as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands import request_erasure
from commands.addresses import LOAD, WithAddresses
from commands.request_erasure import RequestErasure
from commands.verb import Events, Help, Load, Verb
from domain import erasure_proposal
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    HOLDS,
    Candidate,
    CandidateDoesNotExist,
    ErasureCannotBeDatedBack,
    LegalHoldStands,
    RequesterIsUnknown,
)
from domain.codes import Code
from domain.erasure_proposal import ErasureProposalAccepted, ErasureProposalDoesNotExist, ErasureProposalIsDecided
from domain.suppression import Suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptErasureProposal(WithAddresses):
    """Accept a proposal: the erasure of the person is requested with it, under all the rules of such a request."""

    candidate: Annotated[UUID, Help("Any record of the person.")]
    proposal: Annotated[UUID, Help("The proposal's id, as the list of proposals has it.")]
    by: Annotated[Code, Help("The requester: 'self', 'recruiter' or 'retention'.")] = "recruiter"
    ground: Annotated[Code, Help("The ground, such as 'art-17' or 'retention-period-over'.")] = "art-17"

    @property
    def takes_precedence(self) -> bool:
        return True

    def answering(self) -> tuple[UUID, ...]:
        return (self.candidate,)

    def request(self) -> RequestErasure:
        """Return the request that is recorded with the decision."""
        return RequestErasure(
            candidate=self.candidate,
            by=self.by,
            ground=self.ground,
            addresses=self.addresses,
            now=self.now,
            occurred_at=self.occurred_at,
        )


def decide(candidate: Candidate, suppressions: Suppressions, command: AcceptErasureProposal) -> Events:
    """Raises CandidateDoesNotExist, ErasureProposalDoesNotExist, CandidateIsErased, ErasureProposalIsDecided, and what
    a request to erase raises: LegalHoldStands, RequesterIsUnknown, ErasureCannotBeDatedBack.
    """
    record = candidate.proposed_on(command.proposal)
    events = request_erasure.decide(candidate, suppressions, command.request())
    events[record] = [ErasureProposalAccepted(command.proposal), *events[record]]
    return events


READS = (*ENTRIES, *ANSWERS, *HOLDS, *erasure_proposal.EVENTS)
VERB = Verb(
    AcceptErasureProposal,
    (Load("candidate", CANDIDATE, READS), LOAD),
    decide,
    writes=ErasureProposalAccepted,
    raises=(
        CandidateDoesNotExist,
        ErasureCannotBeDatedBack,
        RequesterIsUnknown,
        ErasureProposalDoesNotExist,
        ErasureProposalIsDecided,
        LegalHoldStands,
    ),
)
