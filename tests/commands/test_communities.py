"""Talent communities are founded once, joined and left; who joins by themselves was in touch with us."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from commands.found_community import FoundCommunity
from commands.join_community import JoinCommunity
from commands.leave_community import LeaveCommunity
from domain.candidate import CandidateDoesNotExist, CandidateIsNotInCommunity, CommunityJoined, CommunityLeft
from domain.event import Event
from domain.talent_community import (
    CommunityDoesNotExist,
    CommunityExistsAlready,
    CommunityFounded,
    CommunityNeedsSkillOrRole,
)
from domain.touchpoint import TouchpointRecorded
from tests.given import ALICE, DAY, NOW, SOURCED, START, At, Given, given

GUILD = UUID(int=60)
FOUNDED = CommunityFounded("skill", "python", "The Python guild")
FOUND_GUILD = FoundCommunity(community=GUILD, around="skill", topic="python", title="The Python guild", now=NOW)
JOIN = JoinCommunity(candidate=ALICE, community=GUILD, now=NOW)
LEAVE = LeaveCommunity(candidate=ALICE, community=GUILD, by="self", reason="too much mail", now=NOW)
JOINED = CommunityJoined(GUILD, "recruiter")
LEFT = CommunityLeft(GUILD, "self", "too much mail")


def with_guild(*alice: Event | At) -> Given:
    return given({GUILD: [FOUNDED], ALICE: [SOURCED, *alice]})


def test_a_community_is_founded_once_around_a_skill_or_a_role() -> None:
    given({}).when(FOUND_GUILD).then({GUILD: [FOUNDED]})
    given({GUILD: [FOUNDED]}).when(FOUND_GUILD).refused(CommunityExistsAlready)
    given({}).when(replace(FOUND_GUILD, around="hobby")).refused(CommunityNeedsSkillOrRole)


def test_a_candidate_is_put_into_a_community_once() -> None:
    with_guild().when(JOIN).then({ALICE: [JOINED]})
    with_guild(JOINED).when(JOIN).then({})
    with_guild(JOINED, LEFT).when(JOIN).then({ALICE: [JOINED]})
    given({GUILD: [FOUNDED]}).when(JOIN).refused(CandidateDoesNotExist)
    given({ALICE: [SOURCED]}).when(JOIN).refused(CommunityDoesNotExist)


def test_who_joins_by_themselves_was_in_touch_with_us() -> None:
    ids = set()
    for before in ([], [JOINED, LEFT]):
        joined, touch = with_guild(*before).history.decide(replace(JOIN, by="self"))[ALICE]
        assert joined == CommunityJoined(GUILD, "self")
        assert isinstance(touch, TouchpointRecorded)
        assert (touch.kind, touch.authorised, touch.consent, touch.machine) == ("community-joined", None, None, False)
        ids.add(touch.touchpoint)
    assert len(ids) == 2, "joined again, it is another touchpoint"


def test_a_community_is_left_by_who_was_in_it() -> None:
    with_guild(JOINED).when(LEAVE).then({ALICE: [LEFT]})
    with_guild().when(LEAVE).refused(CandidateIsNotInCommunity)
    with_guild(JOINED, LEFT).when(LEAVE).refused(CandidateIsNotInCommunity)
    given({}).when(LEAVE).refused(CandidateDoesNotExist)


def test_what_is_recorded_late_is_judged_by_its_own_day() -> None:
    history = with_guild(At(START + 5 * DAY, JOINED), At(START + 9 * DAY, LEFT))
    history.when(replace(JOIN, occurred_at=START + 7 * DAY)).then({})
    history.when(replace(JOIN, occurred_at=START + 2 * DAY)).then({ALICE: [JOINED]})
    history.when(replace(LEAVE, occurred_at=START + 7 * DAY)).then({ALICE: [LEFT]})
    history.when(replace(LEAVE, occurred_at=START + 2 * DAY)).refused(CandidateIsNotInCommunity)
