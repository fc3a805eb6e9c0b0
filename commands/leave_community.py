"""A candidate leaves a talent community, or is taken out of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    MEMBERSHIPS,
    Candidate,
    CandidateDoesNotExist,
    CandidateIsNotInCommunity,
    CommunityLeft,
)
from domain.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveCommunity(Command):
    """Remove a member from a talent community.

    candidate: the candidate's stream. community: the community's stream. by: who removed them, 'self', 'recruiter',
    'import' or an integration. reason: free text, personal, sealed.
    """

    candidate: UUID
    community: UUID
    by: Code = "recruiter"
    reason: str | None = None


def decide(candidate: Candidate, command: LeaveCommunity) -> Events:
    """Raises CandidateDoesNotExist or CandidateIsNotInCommunity."""
    candidate.require_known()
    if not candidate.membership(command.community).at(command.moment):
        raise CandidateIsNotInCommunity(community=command.community, at=command.moment.isoformat())
    return {command.candidate: [CommunityLeft(command.community, command.by, command.reason)]}


VERB = Verb(
    LeaveCommunity,
    (Load("candidate", CANDIDATE, (*ENTRIES, *MEMBERSHIPS)),),
    decide,
    writes=CommunityLeft,
    raises=(CandidateDoesNotExist, CandidateIsNotInCommunity),
)
