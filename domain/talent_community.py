"""A talent community: people kept together around a skill or a role; who is in it stands in their own streams."""

from __future__ import annotations

from dataclasses import dataclass

from domain.event import Clear, Event, Personal


@dataclass(frozen=True, slots=True)
class CommunityFounded(Event):
    """A talent community begins. `around`: 'skill' or 'role'; `topic`: which one."""

    stored_name = "community-founded.v1"

    around: Clear[str]
    topic: Clear[str]
    title: Personal[str | None]
