"""Up to a thousand touchpoints in one request: decided one after the other, recorded in one transaction."""

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
from adapters.web.framework.idempotency import Answer, Keyed, OnceOnly
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
ITEM: Any = body_of(RecordTouchpoint, known=("now",), made=("touchpoint",), name="TouchpointToRecord")


class Bulk(BaseModel):
    """Touchpoints to record, each naming its candidate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    touchpoints: Annotated[tuple[ITEM, ...], FailFast()] = Field(
        min_length=1, max_length=MOST, description="The touchpoints, in their order."
    )
    """Of the first that is malformed every mistake is told, and the rest is not read: mistakes cost time and memory."""
    mode: Literal["each", "all"] = Field(
        "each", description="'each': those that can be are recorded. 'all': all of them, or none."
    )


@dataclass(frozen=True, slots=True)
class TouchpointProblem:
    """Why one touchpoint is refused: a problem as any other (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    where: str | None
    what_to_do: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one touchpoint. `status`: as if it had been sent alone. `position`: of its event in the log."""

    status: int
    candidate: UUID
    touchpoint: UUID
    position: int | None
    problem: TouchpointProblem | None


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """What became of each touchpoint, in the order in which they were asked. `position`: of the last event."""

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
    once: OnceOnly

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

        Each is decided as if it were sent alone, after those before it, and has an outcome of its own. With mode 'all'
        a single refusal is told as a problem, whose 'errors' name every refused touchpoint, and nothing is recorded.
        """
        new_id = self.services.new_id
        items = [{**one.__dict__, "touchpoint": one.touchpoint or new_id()} for one in bulk.touchpoints]
        foreign = self.services.ownership.foreign(who, {item["candidate"] for item in items})
        asked = Asked(self.services, who, bulk.mode == "all", items, foreign)
        keyed = self._keyed(idempotency_key, who.actor, bulk)
        if keyed is None:
            return answered(asked.record(None))
        self.once.begin(keyed)
        try:
            return answered(asked.record(keyed))
        except Exception as refused:  # whatever it was, the same request may have been answered before
            before = self.once.answer_before(keyed, refused)
            if before is None:
                raise
            return told_again(before)
        finally:
            self.once.end([keyed])

    def _keyed(self, key: str | None, actor: str, bulk: Bulk) -> Keyed | None:
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
class Asked:
    """One request at work. `items`: what each touchpoint says, with an id. `foreign`: candidates that are not there for
    whoever asks."""

    services: Services
    who: Principal
    all_or_none: bool
    items: Sequence[Mapping[str, Any]]
    foreign: frozenset[UUID]

    def record(self, keyed: Keyed | None) -> BulkAnswer:
        """Records what can be. Errors: TouchpointsWereRefused; AlreadyReceived for a key that was used."""
        results: dict[int, Result] = {}
        while len(results) < len(self.items):
            asked = [number for number in range(len(self.items)) if number not in results]
            try:
                results |= self._handled(asked, results, keyed)
            except PersonWasErased as gone:
                about = {number: gone for number in asked if self.items[number]["candidate"] == gone.person}
                if not about:
                    raise
                results |= about
                self._require_all(self._told(results))
        return self._told(results)

    def _handled(self, asked: Sequence[int], known: Mapping[int, Result], keyed: Keyed | None) -> dict[int, Result]:
        """The results of those that are asked, recorded. Errors: as of `record`, and PersonWasErased."""

        def attach(handled: Sequence[Result]) -> Attached:
            told = self._told({**known, **dict(zip(asked, handled, strict=True))})
            return Attached(None if keyed is None else keyed.record(200, written_down(told)))

        services, intentions = self.services, [self._intention(self.items[number]) for number in asked]
        handled = handle_in_order(services.log, services.verbs, intentions, all_or_none=self.all_or_none, attach=attach)
        results = dict(zip(asked, handled, strict=True))
        self._require_all(self._told({**known, **results}))
        return results

    def _intention(self, item: Mapping[str, Any]) -> Intention:
        now = self.services.now()

        def plan() -> Sequence[RecordTouchpoint]:
            command = in_own_name(self.who, RecordTouchpoint(**item, now=now))
            if command.candidate in self.foreign:
                raise CandidateDoesNotExist(candidate=command.candidate)
            return (command,)

        return Intention(Occasion(self.services.new_id(), self.who.actor, now), plan)

    def _told(self, results: Mapping[int, Result]) -> BulkAnswer:
        outcomes = [self._outcome(number, results[number]) for number in sorted(results)]
        positions = [one.position for one in outcomes if one.position is not None]
        refused = len(outcomes) - len(positions)
        return BulkAnswer(len(positions), refused, max(positions, default=None), outcomes)

    def _outcome(self, number: int, result: Result) -> Outcome:
        """Errors: whatever befell it that is no refusal."""
        candidate, touchpoint = self.items[number]["candidate"], self.items[number]["touchpoint"]
        if not isinstance(result, Exception):
            return Outcome(201, candidate, touchpoint, result.position, None)
        if not isinstance(result, Refused | PersonWasErased):
            raise result
        told = {"where": None, "what_to_do": None, **document_of(result, f"{PATH}#{number}")}
        return Outcome(type_of(type(result)).status, candidate, touchpoint, None, TouchpointProblem(**told))

    def _require_all(self, told: BulkAnswer) -> None:
        """Raises TouchpointsWereRefused, where it is all or none."""
        if self.all_or_none and told.refused:
            raise TouchpointsWereRefused(refused=told.refused, asked=len(self.items), errors=errors_of(told))


def errors_of(told: BulkAnswer) -> list[dict[str, str]]:
    """Which touchpoints are refused, and why."""
    return [
        {"where": f"touchpoints.{number}.{one.problem.where or 'candidate'}", "message": one.problem.detail}
        for number, one in enumerate(told.outcomes)
        if one.problem is not None
    ]


def written_down(told: BulkAnswer) -> dict[str, Any]:
    """The answer before its place in the log is known: positions count from 1, and the last is told elsewhere."""
    return {name: value for name, value in plain(told).items() if name != "position"}


def told_again(before: Answer) -> Answered[BulkAnswer]:
    """The answer of the first time, with the positions that its touchpoints got then."""
    told = dict(before.content)
    places = [one["position"] for one in told["outcomes"] if one["position"] is not None]
    begins = (told["position"] or 0) - max(places, default=0)
    outcomes = [moved(one, begins) for one in told["outcomes"]]
    content = {
        "recorded": told["recorded"],
        "refused": told["refused"],
        "position": told["position"] if places else None,
        "outcomes": outcomes,
    }
    return Answered(as_json(content), before.status, {"Idempotency-Replayed": "true"}, "application/json")


def moved(outcome: Mapping[str, Any], begins: int) -> dict[str, Any]:
    return {**outcome, "position": None if outcome["position"] is None else outcome["position"] + begins}
