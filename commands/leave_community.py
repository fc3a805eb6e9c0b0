"""A candidate leaves a talent community, or is taken out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
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
    """Remove a member from a talent community."""

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    community: Annotated[UUID, Help("The community's stream.")]
    by: Annotated[Code, Help("Who recorded it: 'self', 'recruiter', 'import' or an integration.")] = "recruiter"
    reason: Annotated[str | None, Help("The reason in free text; personal, sealed.")] = None


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
