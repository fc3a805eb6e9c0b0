"""The endpoint that records up to a thousand touchpoints, decided in their order and stored in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import Header
from pydantic import BaseModel, ConfigDict, FailFast, Field

from adapters.access.ownership import in_own_name
from adapters.access.policy import Action
from adapters.access.principal import Principal
from adapters.exports.plain import as_json, plain
from adapters.postgres.log.append import StreamMoved
from adapters.postgres.log.store import PersonWasErased
from adapters.web.framework.bodies import body_of
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import STREAM
from adapters.web.framework.idempotency import Answer, IdempotencyKeys, KeyedRequest
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.problems import document_of, type_of
from adapters.web.framework.refusals import (
    IdempotencyKeyWasUsedForAnotherRequest,
    RequestIsInFlight,
    TouchpointsWereRefused,
)
from adapters.web.framework.who import Who
from adapters.web.services import Services
from commands.attached import Attached
from commands.handle import Intention, Occasion, Result
from commands.handle_in_order import handle_in_order
from commands.record_touchpoint import RecordTouchpoint
from domain.candidate import CandidateDoesNotExist, CandidateIsErased
from domain.errors import Refused

MOST = 1_000
PATH = "/v1/touchpoints/bulk"
ITEM: Any = body_of(RecordTouchpoint, filled=("now",), made=("touchpoint",), name="TouchpointToRecord")


class Bulk(BaseModel):
    """Touchpoints to record, each naming its candidate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    touchpoints: Annotated[tuple[ITEM, ...], FailFast()] = Field(
        min_length=1, max_length=MOST, description="The touchpoints, in their order."
    )
    """Validation stops after the first malformed touchpoint and lists all of its errors: errors cost time and memory.
    """
    mode: Literal["each", "all"] = Field(
        "each", description="'each': record those that no rule refuses. 'all': record all of them, or none."
    )


@dataclass(frozen=True, slots=True)
class TouchpointProblem:
    """The problem (RFC 9457) of a refused touchpoint."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    where: str | None
    what_to_do: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one touchpoint. `status`: that of a request with it alone. `position`: of its event in the log."""

    status: int
    candidate: UUID
    touchpoint: UUID
    position: int | None
    problem: TouchpointProblem | None


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """The outcomes of all touchpoints, in the order of the request. `position`: of the last event."""

    recorded: int
    refused: int
    position: int | None
    outcomes: Sequence[Outcome]


BULK_ANSWER: Mapping[str, Any] = {
    "recorded": 1,
    "refused": 1,
    "position": 1204,
    "outcomes": [
        {"status": 201, "candidate": STREAM, "touchpoint": STREAM, "position": 1204, "problem": None},
        {
            "status": 422,
            "candidate": STREAM,
            "touchpoint": STREAM,
            "position": None,
            "problem": {
                "type": "/problems/touchpoint-kind-is-unknown",
                "title": "Unknown touchpoint kind",
                "status": 422,
                "detail": "'pigeon-sent' is not a kind of touchpoint in the catalogue.",
                "instance": "/v1/touchpoints/bulk#1",
                "where": "kind",
                "what_to_do": "Use a kind of the catalogue: email-sent, email-delivered, ...",
            },
        },
    ],
}
BULK_BODY: Mapping[str, Any] = {
    "touchpoints": [
        {"candidate": STREAM, "kind": "call-answered", "occurred_at": "2026-05-04T09:30:00Z"},
        {"candidate": STREAM, "kind": "email-replied", "note": "in the spring"},
    ],
    "mode": "each",
}


@dataclass(frozen=True, slots=True)
class BulkEndpoints:
    """The endpoint for many touchpoints at once."""

    services: Services
    once: IdempotencyKeys

    def record_touchpoints(
        self,
        bulk: Bulk,
        who: Who,
        idempotency_key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                max_length=255,
                pattern=r"^[\x21-\x7e]+$",
                description="Sent again with the same key within 24 hours, a request is done once and answered alike.",
            ),
        ] = None,
    ) -> Answered[BulkAnswer]:
        """Record up to a thousand touchpoints in one transaction.

        Each is decided as if it were sent alone, after the earlier ones, and has an outcome of its own. With mode 'all'
        a single refusal refuses the request: nothing is recorded, and 'errors' of the problem lists every refused
        touchpoint.
        """
        new_id = self.services.new_id
        items = [
            {**touchpoint.__dict__, "touchpoint": touchpoint.touchpoint or new_id()} for touchpoint in bulk.touchpoints
        ]
        foreign = self.services.ownership.foreign(who, {item["candidate"] for item in items})
        batch = Batch(self.services, who, bulk.mode == "all", items, foreign)
        keyed = self._keyed(idempotency_key, who.actor, bulk)
        if keyed is None:
            return answered(batch.record(None))
        self.once.begin(keyed)
        try:
            return answered(batch.record(keyed))
        except Exception as refused:  # of any kind: the same request may have been answered before
            before = self.once.answer_before(keyed, refused)
            if before is None:
                raise
            return replayed_answer(before)
        finally:
            self.once.end([keyed])

    def _keyed(self, key: str | None, actor: str, bulk: Bulk) -> KeyedRequest | None:
        if key is None:
            return None
        request = f"{PATH}\n{bulk.model_dump_json()}".encode()
        return self.once.keyed(actor, key, request, self.services.now())

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "POST",
            "/v1/touchpoints/bulk",
            Action.WRITE_PEOPLE,
            record_touchpoints,
            example=BULK_ANSWER,
            raises=(
                TouchpointsWereRefused,
                CandidateIsErased,
                IdempotencyKeyWasUsedForAnotherRequest,
                RequestIsInFlight,
                StreamMoved,
            ),
            body=BULK_BODY,
        ),
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """The touchpoints of one request.

    `items`: the fields of each touchpoint, with its id. `foreign`: the candidates that the principal may not see.
    """

    services: Services
    who: Principal
    all_or_none: bool
    items: Sequence[Mapping[str, Any]]
    foreign: frozenset[UUID]

    def record(self, keyed: KeyedRequest | None) -> BulkAnswer:
        """Record what no rule refuses, and return the outcomes.

        Errors: TouchpointsWereRefused; AlreadyReceived for a key that was used.
        """
        results: dict[int, Result] = {}
        while len(results) < len(self.items):
            pending = [number for number in range(len(self.items)) if number not in results]
            try:
                results |= self._handled(pending, results, keyed)
            except PersonWasErased as gone:
                about = {number: gone for number in pending if self.items[number]["candidate"] == gone.person}
                if not about:
                    raise
                results |= about
                self._require_all(self._answer(results))
        return self._answer(results)

    def _handled(
        self, pending: Sequence[int], earlier: Mapping[int, Result], keyed: KeyedRequest | None
    ) -> dict[int, Result]:
        """Record the pending touchpoints and return their results. Errors: those of `record`, and PersonWasErased."""

        def attach(handled: Sequence[Result]) -> Attached:
            answer = self._answer({**earlier, **dict(zip(pending, handled, strict=True))})
            return Attached(None if keyed is None else keyed.record(200, recorded_answer(answer)))

        services, intentions = self.services, [self._intention(self.items[number]) for number in pending]
        handled = handle_in_order(services.log, services.verbs, intentions, all_or_none=self.all_or_none, attach=attach)
        results = dict(zip(pending, handled, strict=True))
        self._require_all(self._answer({**earlier, **results}))
        return results

    def _intention(self, item: Mapping[str, Any]) -> Intention:
        now = self.services.now()

        def plan() -> Sequence[RecordTouchpoint]:
            command = in_own_name(self.who, RecordTouchpoint(**item, now=now))
            if command.candidate in self.foreign:
                raise CandidateDoesNotExist(candidate=command.candidate)
            return (command,)

        return Intention(Occasion(self.services.new_id(), self.who.actor, now), plan)

    def _answer(self, results: Mapping[int, Result]) -> BulkAnswer:
        outcomes = [self._outcome(number, results[number]) for number in sorted(results)]
        positions = [outcome.position for outcome in outcomes if outcome.position is not None]
        refused = len(outcomes) - len(positions)
        return BulkAnswer(len(positions), refused, max(positions, default=None), outcomes)

    def _outcome(self, number: int, result: Result) -> Outcome:
        """Return the outcome of one touchpoint. Errors: a failure that is no refusal."""
        candidate, touchpoint = self.items[number]["candidate"], self.items[number]["touchpoint"]
        if not isinstance(result, Exception):
            return Outcome(201, candidate, touchpoint, result.position, None)
        if not isinstance(result, Refused | PersonWasErased):
            raise result
        problem = {"where": None, "what_to_do": None, **document_of(result, f"{PATH}#{number}")}
        return Outcome(type_of(type(result)).status, candidate, touchpoint, None, TouchpointProblem(**problem))

    def _require_all(self, answer: BulkAnswer) -> None:
        """Check that none was refused, if it is all or none. Raises TouchpointsWereRefused."""
        if self.all_or_none and answer.refused:
            raise TouchpointsWereRefused(refused=answer.refused, asked=len(self.items), errors=errors_of(answer))


def errors_of(answer: BulkAnswer) -> list[dict[str, str]]:
    """Return the refused touchpoints, each with its reason."""
    return [
        {"where": f"touchpoints.{number}.{outcome.problem.where or 'candidate'}", "message": outcome.problem.detail}
        for number, outcome in enumerate(answer.outcomes)
        if outcome.problem is not None
    ]


def recorded_answer(answer: BulkAnswer) -> dict[str, Any]:
    """Return the answer for the idempotency record, made before its events have positions.

    Positions count from 1, and that of the last event is stored beside it.
    """
    return {name: value for name, value in plain(answer).items() if name != "position"}


def replayed_answer(before: Answer) -> Answered[BulkAnswer]:
    """Return the answer of the first request, with the positions that its touchpoints got."""
    content = dict(before.content)
    places = [outcome["position"] for outcome in content["outcomes"] if outcome["position"] is not None]
    begins = (content["position"] or 0) - max(places, default=0)
    outcomes = [moved(outcome, begins) for outcome in content["outcomes"]]
    complete = {
        "recorded": content["recorded"],
        "refused": content["refused"],
        "position": content["position"] if places else None,
        "outcomes": outcomes,
    }
    return Answered(as_json(complete), before.status, {"Idempotency-Replayed": "true"}, "application/json")


def moved(outcome: Mapping[str, Any], begins: int) -> dict[str, Any]:
    return {**outcome, "position": None if outcome["position"] is None else outcome["position"] + begins}
