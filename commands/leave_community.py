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
    """Leave a talent community that was joined.

    candidate: the candidate's stream. community: the community's. by: who saw to it: 'self', 'recruiter', 'import' or
    an integration. reason: why; free text, personal, sealed.
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
