"""A talent community begins, around a skill or a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.codes import Code
from domain.talent_community import (
    TALENT_COMMUNITY,
    CommunityExistsAlready,
    CommunityFounded,
    CommunityNeedsSkillOrRole,
    TalentCommunity,
    require_around,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCommunity(Command):
    """Found a talent community."""

    community: Annotated[UUID, Help("The new community's stream.")]
    around: Annotated[Code, Help("'skill' or 'role'.")]
    topic: Annotated[Code, Help("The skill or role, such as 'data-engineering'.")]
    title: Annotated[str | None, Help("The community's title; sealed.")] = None


def decide(community: TalentCommunity, command: FoundCommunity) -> Events:
    """Raises CommunityExistsAlready or CommunityNeedsSkillOrRole."""
    community.require_new()
    require_around(command.around)
    return {command.community: [CommunityFounded(command.around, command.topic, command.title)]}


VERB = Verb(
    FoundCommunity,
    (Load("community", TALENT_COMMUNITY, (CommunityFounded,)),),
    decide,
    writes=CommunityFounded,
    raises=(CommunityExistsAlready, CommunityNeedsSkillOrRole),
)
