"""A renamed class, field or file changes nothing that is hashed, signed or stored."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from commands.join_community import JoinCommunity
from domain.candidate import CommunityJoined, CommunityLeft
from domain.event import Event
from domain.talent_community import CommunityFounded
from domain.touchpoint import TouchpointRecorded
from tests.given import ALICE, NOW, SOURCED, given
from tests.golden import strings

GUILD = UUID(int=60)
JOINED, LEFT = CommunityJoined(GUILD, "recruiter"), CommunityLeft(GUILD, "self", None)


def test_every_string_is_what_it_was() -> None:
    kept, made = strings.kept(), strings.made()
    assert {name: made.get(name) for name in kept} == kept


def test_every_string_is_kept_from_its_first_day_on() -> None:
    assert strings.made().keys() - strings.kept().keys() == set(), "run python -m tests.golden.write"


def test_the_touchpoint_of_joining_is_named_by_community_candidate_and_turns() -> None:
    assert touchpoint_of_joining() == UUID("4209f7e7-f6c1-5db9-ac4b-ef686dc5817f")
    assert touchpoint_of_joining(JOINED, LEFT) == UUID("5396e134-50c2-5b3c-a6d5-11a756956707")


def touchpoint_of_joining(*before: Event) -> UUID:
    history = given({GUILD: [CommunityFounded("skill", "python", "Guild")], ALICE: [SOURCED, *before]})
    command = JoinCommunity(candidate=ALICE, community=GUILD, now=NOW)
    _, touchpoint = history.history.decide(replace(command, by="self"))[ALICE]
    assert isinstance(touchpoint, TouchpointRecorded)
    return touchpoint.touchpoint
