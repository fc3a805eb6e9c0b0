"""The endpoints about erasures: requests, proposals of other systems, and progress."""

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
    ErasureWasNotRequested,
    LegalHoldStands,
    RequesterIsUnknown,
)
from domain.codes import CODE
from domain.erasure_proposal import ErasureProposalDoesNotExist, ErasureProposalIsDecided
from projections.erasure_proposals import ERASURE_PROPOSALS
from queries import erasure_proposals as queries
from queries.erasure_proposals import ErasureProposals, State
from queries.question import AsOf

CANDIDATE = Path(description="Any record of the person.")
PROPOSAL = Path(description="The proposal, as the list of proposals names it.")
REQUESTER = f"One of: {', '.join(ERASURES_ASKED_BY)}."


class ErasureToRequest(BaseModel):
    """The requester of an erasure, and its ground."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field("self", pattern=CODE.pattern, description=REQUESTER, examples=["self"])
    ground: str = Field(
        "art-17", pattern=CODE.pattern, description="Why, such as 'consent-withdrawn'.", examples=["art-17"]
    )


class ProposalToAccept(BaseModel):
    """The requester of a proposed erasure, and its ground."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field("recruiter", pattern=CODE.pattern, description=REQUESTER, examples=["recruiter"])
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
        """Erase a person in all of their records. It cannot be undone.

        The request is recorded first; from then on nothing about the person is recorded, and nothing is sent to them.
        If an eraser has to wait, `state` is 'in-progress', and the erasure continues automatically. `erasers`: how much
        each of them erased. `exports`: the files with data of the person that left Perennial and must be deleted
        elsewhere. `others_shut_out`: how many other people share an address that is suppressed from now on.
        `erasure_effective_by`: when backups of the database can no longer be decrypted either.
        """
        erasing = self.services.erasing
        return answered(
            erasing.erase(candidate, by=wanted.by, ground=wanted.ground, actor=who.actor, count_others=True)
        )

    def erasure(self, candidate: Annotated[UUID, CANDIDATE], who: Who) -> Answered[Erasure]:
        """Return the progress of a person's erasure.

        How much each eraser erased is only in the answer to the request. The access is recorded, because the answer
        shows why a person was erased and which files about them exist.
        """
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
        """List the proposals of other systems to erase a person, oldest first. A privacy officer decides each.

        A system that deletes or anonymises a person proposes their erasure here. A proposal hides and erases nothing.
        It is 'closed' if the erasure was requested without it. All pages are as of the moment of the first.
        """
        parameters = f"erasure-proposals {state} {as_of}"
        wanted = self.queries.unless_now(as_of)
        page = PageRequest.of(self.services.key_file, parameters, cursor, wanted)
        (after,) = page.place or (None,)
        question = partial(self._proposals, state, after, limit, is_now=wanted is None)
        answer: ErasureProposals = await self.queries.ask(ERASURE_PROPOSALS, question, page.as_of, min_position)
        people = [proposal.candidate for proposal in answer.proposals]
        await run_in_threadpool(self.services.readings.viewed, who, "erasure-proposals", people)
        place = None if answer.next is None else [answer.next]
        return await rendered(replace(answer, next=page.next(place, answer.position)))

    def accept_erasure_proposal(
        self,
        candidate: Annotated[UUID, CANDIDATE],
        proposal: Annotated[UUID, PROPOSAL],
        wanted: ProposalToAccept,
        who: Who,
    ) -> Answered[Erasure]:
        """Accept another system's proposal, and erase the person in all of their records. It cannot be undone.

        The decision and the request to erase are recorded together, under the rules of any such request: a legal hold
        refuses both. The answer is that of the erasure.
        """
        erasing = self.services.erasing
        return answered(erasing.accept(candidate, proposal, by=wanted.by, ground=wanted.ground, actor=who.actor))

    def _proposals(
        self, state: State, after: str | None, limit: int, connection: Connection[Any], resolved: AsOf, *, is_now: bool
    ) -> ErasureProposals:
        as_of = AsOf(resolved.position, self.services.now(), resolved.zone) if is_now else resolved
        return queries.erasure_proposals(connection, as_of, state, after, limit)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "POST",
            "/v1/candidates/{candidate}/erase",
            Action.ERASE,
            erase_candidate,
            example=ERASURE,
            raises=(CandidateDoesNotExist, CandidateIsErased, RequesterIsUnknown, LegalHoldStands, StreamMoved),
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
                RequesterIsUnknown,
                LegalHoldStands,
                StreamMoved,
            ),
            body={"by": "recruiter", "ground": "art-17"},
        ),
    )
