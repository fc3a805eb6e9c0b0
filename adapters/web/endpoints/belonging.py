"""The endpoints about members of talent communities and about a referrer's referrals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.access.principal import Principal
from adapters.web.endpoints.candidates import At
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import QUESTION_FIELDS
from adapters.web.framework.openapi import QUESTION_ERRORS
from adapters.web.framework.paging import Cursor, Limit, PageRequest
from adapters.web.framework.plain import Answered, rendered
from adapters.web.framework.query_runner import AsOfText, MinPosition, QueryRunner
from adapters.web.framework.refusals import CursorCannotBeRead
from adapters.web.framework.who import Who
from adapters.web.services import Services
from domain.candidate import CandidateDoesNotExist
from domain.talent_community import CommunityDoesNotExist
from projections.communities import COMMUNITIES
from projections.referrals import REFERRALS
from queries import communities, referrals
from queries.communities import Members, Memberships
from queries.person import require_candidate
from queries.question import AsOf
from queries.referrals import MadeReferrals


@dataclass(frozen=True, slots=True)
class BelongingEndpoints:
    """The endpoints about communities and referrals."""

    services: Services
    queries: QueryRunner

    async def community_members(
        self,
        community: UUID,
        who: Who,
        at: At = None,
        cursor: Cursor = None,
        limit: Limit = 100,
        as_of: AsOfText = None,
        min_position: MinPosition = None,
    ) -> Answered[Members]:
        """List the members of a talent community, since when they are members, and who added them.

        A merged person is listed once. All pages are as of the moment of the first.
        """
        parameters = f"members {community} {at} {as_of}"
        page = PageRequest.of(self.services.key_file, parameters, cursor, self.queries.unless_now(as_of))
        valid_at, after = page.place or (None, None)
        moment = at if valid_at is None else datetime.fromisoformat(valid_at)

        def question(connection: Connection[Any], resolved: AsOf) -> Members | None:
            return communities.members(connection, community, resolved, moment, after, limit)

        answer: Members | None = await self.queries.ask(COMMUNITIES, question, page.as_of, min_position)
        if answer is None:
            raise CommunityDoesNotExist(community=community)
        await self._viewed(who, "community-members", *(member.candidate for member in answer.members))
        place = None if answer.next is None else [answer.valid_at.isoformat(), answer.next]
        return await rendered(replace(answer, next=page.next(place, answer.position)))

    async def candidate_communities(
        self, candidate: UUID, who: Who, at: At = None, as_of: AsOfText = None, min_position: MinPosition = None
    ) -> Answered[Memberships]:
        """List the talent communities of a candidate, since when they are a member, and who added them."""

        def question(connection: Connection[Any], resolved: AsOf) -> Memberships:
            return communities.memberships(connection, candidate, resolved, at)

        await run_in_threadpool(require_candidate, self.services.log, candidate)
        answer: Memberships = await self.queries.ask(COMMUNITIES, question, as_of, min_position)
        await self._viewed(who, "candidate-communities", candidate)
        return await rendered(answer)

    async def referrals_made(
        self,
        referrer: UUID,
        who: Who,
        cursor: Cursor = None,
        limit: Limit = 100,
        as_of: AsOfText = None,
        min_position: MinPosition = None,
    ) -> Answered[MadeReferrals]:
        """List a referrer's referrals, newest first, each with its stage and nothing else.

        All pages are as of the moment of the first.
        """
        parameters = f"referrals {referrer} {as_of}"
        page = PageRequest.of(self.services.key_file, parameters, cursor, self.queries.unless_now(as_of))
        (after,) = page.place or (None,)

        def question(connection: Connection[Any], resolved: AsOf) -> MadeReferrals:
            return referrals.made_referrals(connection, referrer, resolved, after, limit)

        await run_in_threadpool(require_candidate, self.services.log, referrer)
        answer: MadeReferrals = await self.queries.ask(REFERRALS, question, page.as_of, min_position)
        await self._viewed(who, "referrals-made", referrer)
        place = None if answer.next is None else [answer.next]
        return await rendered(replace(answer, next=page.next(place, answer.position)))

    async def _viewed(self, who: Principal, page: str, *people: UUID) -> None:
        await run_in_threadpool(self.services.readings.viewed, who, page, people)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/candidates/{candidate}/communities",
            Action.READ_PSEUDONYMS,
            candidate_communities,
            example={
                **QUESTION_FIELDS,
                "definition": "community-members",
                "merged_into": None,
                "communities": [{"around": "skill", "topic": "python", "by": "self"}],
            },
            raises=(CandidateDoesNotExist, *QUESTION_ERRORS),
        ),
        Endpoint(
            "GET",
            "/v1/communities/{community}/members",
            Action.READ_PSEUDONYMS,
            community_members,
            example={
                **QUESTION_FIELDS,
                "definition": "community-members",
                "around": "skill",
                "topic": "python",
                "members": [{"by": "recruiter"}],
                "next": None,
            },
            raises=(CommunityDoesNotExist, CursorCannotBeRead, *QUESTION_ERRORS),
        ),
        Endpoint(
            "GET",
            "/v1/referrers/{referrer}/referrals",
            Action.READ_PSEUDONYMS,
            referrals_made,
            example={
                **QUESTION_FIELDS,
                "definition": "referrals-made",
                "merged_into": None,
                "referrals": [{"stage": "interviewing"}],
                "next": None,
            },
            raises=(CandidateDoesNotExist, CursorCannotBeRead, *QUESTION_ERRORS),
        ),
    )
