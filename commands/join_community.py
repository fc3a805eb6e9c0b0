"""A candidate joins a talent community, on their own or added by a recruiter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid5

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, MEMBERSHIPS, Candidate, CandidateDoesNotExist, CommunityJoined
from domain.codes import Code
from domain.talent_community import TALENT_COMMUNITY, CommunityDoesNotExist, CommunityFounded, TalentCommunity
from domain.touchpoint import following

SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinCommunity(Command):
    """Add a candidate to a talent community. Adding a member changes nothing. A candidate who joins themselves was in
    contact with us.
    """

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    community: Annotated[UUID, Help("The community's stream.")]
    by: Annotated[Code, Help("Who recorded it: 'self', 'recruiter', 'import' or an integration.")] = "recruiter"


def decide(candidate: Candidate, community: TalentCommunity, command: JoinCommunity) -> Events:
    """Raises CandidateDoesNotExist or CommunityDoesNotExist."""
    candidate.require_known()
    community.require_known()
    membership = candidate.membership(command.community)
    if membership.at(command.moment):
        return {}
    joined = CommunityJoined(command.community, command.by)
    if command.by != SELF:
        return {command.candidate: [joined]}
    touchpoint = uuid5(command.community, f"{command.candidate} joined after {len(membership.turns)} turns")
    return {command.candidate: [joined, following(touchpoint, "community-joined")]}


VERB = Verb(
    JoinCommunity,
    (
        Load("candidate", CANDIDATE, (*ENTRIES, *MEMBERSHIPS)),
        Load("community", TALENT_COMMUNITY, (CommunityFounded,)),
    ),
    decide,
    writes=CommunityJoined,
    raises=(CandidateDoesNotExist, CommunityDoesNotExist),
)
