"""A talent community: people kept together around a skill or a role; who is in it stands in their own streams."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from domain.errors import Conflict, Invalid, NotFound
from domain.event import Aggregate, Clear, Event, Personal, Recorded


@dataclass(frozen=True, slots=True)
class CommunityFounded(Event):
    """A talent community begins. `around`: 'skill' or 'role'; `topic`: which one."""

    stored_name = "community-founded.v1"

    around: Clear[str]
    topic: Clear[str]
    title: Personal[str | None]


AROUND = ("skill", "role")


class CommunityDoesNotExist(NotFound):
    """Unknown talent community

    There is no talent community {community}.

    Found it first.
    """

    where = "community"


class CommunityExistsAlready(Conflict):
    """Talent community already exists

    The talent community {community} was already founded.

    Let people join it, or use another id for a further community.
    """

    where = "community"


class CommunityNeedsSkillOrRole(Invalid):
    """Unknown theme of a community

    '{around}' is not what a talent community is formed around.

    Use one of: {known}.
    """

    where = "around"


@dataclass(frozen=True, slots=True)
class TalentCommunity:
    """What decisions about a talent community need to know; who is in it stands with the candidates."""

    id: UUID
    exists: bool = False

    def require_known(self) -> None:
        """Raises CommunityDoesNotExist."""
        if not self.exists:
            raise CommunityDoesNotExist(community=self.id)

    def require_new(self) -> None:
        """Raises CommunityExistsAlready."""
        if self.exists:
            raise CommunityExistsAlready(community=self.id)


def evolve(community: TalentCommunity, recorded: Recorded[Event]) -> TalentCommunity:
    """Return the community after one more event."""
    return replace(community, exists=True) if isinstance(recorded.event, CommunityFounded) else community


def require_around(around: str) -> None:
    """Raises CommunityNeedsSkillOrRole."""
    if around not in AROUND:
        raise CommunityNeedsSkillOrRole(around=around, known=", ".join(AROUND))


TALENT_COMMUNITY = Aggregate("talent-community", TalentCommunity, evolve)
