"""The erasure of a person over HTTP: requested or proposed, accepted or declined, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import Path, Query
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.postgres.log.append import StreamMoved
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import QUESTION_FIELDS, STREAM
from adapters.web.framework.openapi import QUESTION_ERRORS
from adapters.web.framework.paging import Cursor, Limit, PageRequest
from adapters.web.framework.plain import Answered, answered, rendered
from adapters.web.framework.query_runner import AsOfText, MinPosition, QueryRunner
from adapters.web.framework.refusals import CursorCannotBeRead
from adapters.web.framework.who import Who
from adapters.web.services import Services
from commands.workflows.erase_person import Erasure
from domain.candidate import (
    ERASURES_ASKED_BY,
    CandidateDoesNotExist,
    CandidateIsErased,
    ErasureIsAskedByNobody,
    ErasureWasNotRequested,
    LegalHoldStands,
)
from domain.codes import CODE
from domain.erasure_proposal import ErasureProposalDoesNotExist, ErasureProposalIsDecided
from projections.erasure_proposals import ERASURE_PROPOSALS
from queries import erasure_proposals as queries
from queries.erasure_proposals import ErasureProposals, State
from queries.question import AsOf

CANDIDATE = Path(description="Any record of the person.")
PROPOSAL = Path(description="The proposal, as the list of proposals names it.")
ASKED_BY = f"One of: {', '.join(ERASURES_ASKED_BY)}."


class ErasureToRequest(BaseModel):
    """Who wants the person erased, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field("self", pattern=CODE.pattern, description=ASKED_BY, examples=["self"])
    ground: str = Field(
        "art-17", pattern=CODE.pattern, description="Why, such as 'consent-withdrawn'.", examples=["art-17"]
    )


class ProposalToAccept(BaseModel):
    """Who wants the proposed erasure, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field("recruiter", pattern=CODE.pattern, description=ASKED_BY, examples=["recruiter"])
    ground: str = Field(
        "art-17", pattern=CODE.pattern, description="Why, such as 'retention-period-over'.", examples=["art-17"]
    )


ERASURE: Mapping[str, Any] = {
    "candidate": STREAM,
    "records": [STREAM],
    "by": "self",
    "ground": "art-17",
    "state": "completed",
    "erasers": [{"name": "deliveries", "erased": 2, "waits_for": None}],
    "exports": [],
    "others_shut_out": 0,
}
PROPOSAL_EXAMPLE: Mapping[str, Any] = {
    "source": "greenhouse",
    "kind": "anonymise",
    "fields": ["email_addresses", "full_name"],
    "age_seconds": 93600,
    "state": "open",
    "decided_at": None,
    "decided_by": None,
    "ground": None,
}


@dataclass(frozen=True, slots=True)
class ErasureEndpoints:
    """The endpoints for erasures."""

    services: Services
    queries: QueryRunner

    def erase_candidate(
        self, candidate: Annotated[UUID, CANDIDATE], wanted: ErasureToRequest, who: Who
    ) -> Answered[Erasure]:
        """Erase a person, in whichever records they stand. It cannot be undone.

        The request is recorded first; from then on nothing is taken in about the person or sent to them. Where
        something must be waited for, the `state` is 'in-progress', and the erasure goes on by itself. `erasers` tells
        who let go of how much, `exports` which files have left Perennial with data of the person and must be seen to
        elsewhere, `others_shut_out` how many other people have an address that is kept out from now on, and
        `erasure_effective_by` when no copy of the database can be opened either.
        """
        erasing = self.services.erasing
        return answered(
            erasing.erase(candidate, by=wanted.by, ground=wanted.ground, actor=who.actor, count_others=True)
        )

    def erasure(self, candidate: Annotated[UUID, CANDIDATE], who: Who) -> Answered[Erasure]:
        """How far the erasure of a person is. What each eraser took away is told once, by who asked for it. Who asks
        is recorded: it tells why somebody is gone, and which files of them are about."""
        erasure = self.services.erasing.find(candidate)
        self.services.readings.viewed(who, "erasure", erasure.records)
        return answered(erasure)

    async def erasure_proposals(
        self,
        who: Who,
        state: Annotated[State, Query(description="'open', 'accepted', 'declined' or 'closed'.")] = "open",
        cursor: Cursor = None,
        limit: Limit = 100,
        as_of: AsOfText = None,
        min_position: MinPosition = None,
    ) -> Answered[ErasureProposals]:
        """List what other systems propose to erase, the oldest first: a privacy officer accepts or declines each.

        A system that deletes or anonymises a person proposes that they be erased here. Nothing is hidden or erased by
        that. A proposal is 'closed' where the erasure was requested without it. All pages are of the moment of the
        first.
        """
        asked = f"erasure-proposals {state} {as_of}"
        wanted = self.queries.unless_now(as_of)
        page = PageRequest.of(self.services.key_file, asked, cursor, wanted)
        (after,) = page.place or (None,)
        question = partial(self._asked, state, after, limit, is_now=wanted is None)
        found: ErasureProposals = await self.queries.ask(ERASURE_PROPOSALS, question, page.as_of, min_position)
        people = [one.candidate for one in found.proposals]
        await run_in_threadpool(self.services.readings.viewed, who, "erasure-proposals", people)
        place = None if found.next is None else [found.next]
        return await rendered(replace(found, next=page.next(place, found.position)))

    def accept_erasure_proposal(
        self,
        candidate: Annotated[UUID, CANDIDATE],
        proposal: Annotated[UUID, PROPOSAL],
        wanted: ProposalToAccept,
        who: Who,
    ) -> Answered[Erasure]:
        """Accept another system's proposal, and erase the person, in whichever records they stand. It cannot be undone.

        The decision and the request to erase are recorded together, under the rules of any such request: a legal hold
        refuses both. The answer is that of the erasure.
        """
        erasing = self.services.erasing
        return answered(erasing.accept(candidate, proposal, by=wanted.by, ground=wanted.ground, actor=who.actor))

    def _asked(
        self, state: State, after: str | None, limit: int, connection: Connection[Any], known: AsOf, *, is_now: bool
    ) -> ErasureProposals:
        as_of = AsOf(known.position, self.services.now(), known.zone) if is_now else known
        return queries.erasure_proposals(connection, as_of, state, after, limit)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "POST",
            "/v1/candidates/{candidate}/erase",
            Action.ERASE,
            erase_candidate,
            example=ERASURE,
            raises=(CandidateDoesNotExist, CandidateIsErased, ErasureIsAskedByNobody, LegalHoldStands, StreamMoved),
            body={"by": "self", "ground": "art-17"},
        ),
        Endpoint(
            "GET",
            "/v1/erasures/{candidate}",
            Action.ERASE,
            erasure,
            example=ERASURE,
            raises=(CandidateDoesNotExist, ErasureWasNotRequested),
        ),
        Endpoint(
            "GET",
            "/v1/erasure-proposals",
            Action.ERASE,
            erasure_proposals,
            example={
                **QUESTION_FIELDS,
                "definition": "erasure-proposals",
                "n": 1,
                "proposals": [PROPOSAL_EXAMPLE],
                "next": None,
            },
            raises=(CursorCannotBeRead, *QUESTION_ERRORS),
        ),
        Endpoint(
            "POST",
            "/v1/candidates/{candidate}/erasure-proposals/{proposal}/accept",
            Action.ERASE,
            accept_erasure_proposal,
            example={**ERASURE, "by": "recruiter"},
            raises=(
                CandidateDoesNotExist,
                CandidateIsErased,
                ErasureProposalDoesNotExist,
                ErasureProposalIsDecided,
                ErasureIsAskedByNobody,
                LegalHoldStands,
                StreamMoved,
            ),
            body={"by": "recruiter", "ground": "art-17"},
        ),
    )
