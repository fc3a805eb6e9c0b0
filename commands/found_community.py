"""A talent community begins, around a skill or a role."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
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
    """Found a talent community.

    community: the new community's stream. around: 'skill' or 'role'. topic: its code, such as 'data-engineering'.
    title: its name, sealed.
    """

    community: UUID
    around: Code
    topic: Code
    title: str | None = None


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
