"""Describes the answers of every operation: a schema with an example, and each problem that it may answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapters.access.refusals import (
    IdIsTaken,
    KeyIsMissing,
    KeyIsNotValid,
    PersonIsNotYours,
    RequestIsCrossSite,
    RoleMayNot,
    SourceIsNotYours,
    TokensCannotBeChecked,
)
from adapters.postgres.bounded_reading import QuestionTakesTooLong
from adapters.postgres.log.barrier import MomentLiesAhead, PositionLiesAhead
from adapters.postgres.log.store import PersonWasErased
from adapters.postgres.projector.waiting import ReadModelIsBehind
from adapters.web.framework.command_service import CommandAnswer
from adapters.web.framework.examples import EVENT_ID, STREAM
from adapters.web.framework.problems import (
    ANSWER_TAKES_TOO_LONG,
    BODIES_FILL_THE_MEMORY,
    BODY_IS_TOO_LARGE,
    BY_SLUG,
    HEAD_IS_TOO_LARGE,
    MEDIA_TYPE,
    REQUEST_CANNOT_BE_READ,
    REQUEST_TOOK_TOO_LONG,
    TARGET_IS_TOO_LONG,
    TOO_MANY_CONNECTIONS,
    TOO_MANY_PARAMETERS,
    TOO_MANY_REQUESTS,
    ProblemType,
    document,
    leaves,
    type_of,
)
from adapters.web.framework.refusals import (
    AsOfCannotBeRead,
    AsOfNumberIsBare,
    BodyIsNotDeclaredAsJson,
    IdempotencyKeyWasUsedForAnotherRequest,
    PreconditionCannotBeRead,
    RequestIsInFlight,
    TooManyQuestionsWait,
)
from adapters.web.framework.schemas import example_of, model_of
from commands.handle import VersionIsNotTheExpectedOne
from commands.log import ConcurrencyConflict
from commands.verb import RAISED_BY_ANY_COMMAND, Verb
from domain.candidate import CandidateIsErased
from domain.errors import ExplainedError
from queries.question import PeriodIsEmpty

Raised = type[ExplainedError] | ProblemType
"""What an operation may raise: an error, with all its subclasses, or a problem that has no error of its own."""
LOG_CANNOT_BE_REACHED = BY_SLUG["log-cannot-be-reached"]
OF_A_BODY: tuple[Raised, ...] = (BY_SLUG["body-is-not-json"], BodyIsNotDeclaredAsJson)
"""The errors of a JSON body that a model reads."""
OF_A_DELIVERY: tuple[Raised, ...] = (RequestIsCrossSite, LOG_CANNOT_BE_REACHED)
OF_EVERY_COMMAND: tuple[Raised, ...] = (
    *OF_A_BODY,
    PreconditionCannotBeRead,
    PersonWasErased,
    VersionIsNotTheExpectedOne,
    ConcurrencyConflict,
    IdIsTaken,
    SourceIsNotYours,
    PersonIsNotYours,
    CandidateIsErased,
    IdempotencyKeyWasUsedForAnotherRequest,
    RequestIsInFlight,
    *RAISED_BY_ANY_COMMAND,
)
OF_TURNS: tuple[Raised, ...] = (TooManyQuestionsWait, QuestionTakesTooLong)
"""The errors of waiting for the turn of a metric."""
ANYWHERE: tuple[Raised, ...] = (
    TOO_MANY_REQUESTS,
    REQUEST_CANNOT_BE_READ,
    REQUEST_TOOK_TOO_LONG,
    TARGET_IS_TOO_LONG,
    HEAD_IS_TOO_LARGE,
    BODY_IS_TOO_LARGE,
    TOO_MANY_CONNECTIONS,
    BODIES_FILL_THE_MEMORY,
    ANSWER_TAKES_TOO_LONG,
    TOO_MANY_PARAMETERS,
    BY_SLUG["request-is-malformed"],
    BY_SLUG["perennial-failed"],
)
"""The problems of any request."""
WHERE_A_KEY_IS_NEEDED: tuple[Raised, ...] = (
    KeyIsMissing,
    KeyIsNotValid,
    RoleMayNot,
    RequestIsCrossSite,
    TokensCannotBeChecked,
    LOG_CANNOT_BE_REACHED,
    BY_SLUG["key-file-is-not-the-newest"],
)
READ_MODEL_ERRORS: tuple[Raised, ...] = (PositionLiesAhead, ReadModelIsBehind)
"""The errors of waiting for a read model."""
QUESTION_ERRORS: tuple[Raised, ...] = (AsOfCannotBeRead, AsOfNumberIsBare, MomentLiesAhead, *READ_MODEL_ERRORS)
"""The errors of a question with `as_of`."""
COMMAND_ANSWER: Mapping[str, Any] = {
    "position": 1204,
    "stream": STREAM,
    "version": 7,
    "ids": {"candidate": STREAM},
    "events": [{"id": EVENT_ID, "type": "", "stream": STREAM, "version": 7}],
}
COMMAND_HEADERS: Mapping[str, Any] = {
    "ETag": {
        "description": "The stream's version, for If-Match.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"7"',
    },
    "Idempotency-Replayed": {
        "description": "The request was handled before with this Idempotency-Key; this is the answer it got then.",
        "schema": {"const": "true"},
    },
}
Responses = dict[int | str, dict[str, Any]]


def event_schema(answer: type) -> dict[str, Any]:
    """Return the schema of one server-sent event, as OpenAPI 3.2 describes streams."""
    schema = model_of(answer).model_json_schema()
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    return {"type": "object", "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": data}}


def with_example(answer: type, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of the answer and an example: what its types give, overridden by what is stated."""
    model = model_of(answer)
    return {"model": model, "content": {"application/json": {"example": filled(stated, example_of(model))}}}


def filled(stated: Any, derived: Any) -> Any:
    """Return the stated value; an object also has every other field of the derived one."""
    if isinstance(stated, Mapping) and isinstance(derived, Mapping):
        return {**derived, **{name: filled(value, derived.get(name)) for name, value in stated.items()}}
    if isinstance(stated, list | tuple) and isinstance(derived, list) and derived:
        return [filled(item, derived[0]) for item in stated]
    return stated


def of_command(status: int, verb: Verb, makes: str | None) -> Responses:
    """Return the responses of a command: its answer, and the problems of its rules and of the protocol."""
    answer = with_example(CommandAnswer, command_answer(verb, makes))
    success = {"description": "The position of its events in the log.", "headers": COMMAND_HEADERS, **answer}
    return {status: success, **problems([*verb.raises, *OF_EVERY_COMMAND, *WHERE_A_KEY_IS_NEEDED])}


def command_answer(verb: Verb, makes: str | None) -> dict[str, Any]:
    """Return the example of a command's answer."""
    names = sorted({verb.loads[0].field, makes or verb.loads[0].field})
    event = {**COMMAND_ANSWER["events"][0], "type": verb.writes.stored_name}
    return {**COMMAND_ANSWER, "ids": dict.fromkeys(names, STREAM), "events": [event]}


def of_question(answer: type, raises: Iterable[Raised]) -> Responses:
    """Return the responses of a metric whose answer is the dataclass `answer`."""
    success = {"description": "The answer, and the log position it is as of.", **with_example(answer, {})}
    raised = [*raises, PeriodIsEmpty, *QUESTION_ERRORS, *OF_TURNS, *WHERE_A_KEY_IS_NEEDED]
    return {200: success, **problems(raised)}


def problems(raised: Iterable[Raised]) -> Responses:
    """Return the problems by status, with an example of each, including those of any request."""
    types = {kind for kind_of_error in (*raised, *ANYWHERE) for kind in types_of(kind_of_error)}
    by_status: dict[int | str, list[ProblemType]] = {}
    for kind in sorted(types, key=lambda kind: (kind.status, kind.slug)):
        by_status.setdefault(kind.status, []).append(kind)
    described = {status: problem_response(kinds) for status, kinds in by_status.items()}
    described[TOO_MANY_REQUESTS.status]["headers"] = RATE_HEADERS
    return described


def types_of(raised: Raised) -> Iterator[ProblemType]:
    """Yield the problem types of what is raised."""
    if isinstance(raised, ProblemType):
        yield raised
    else:
        yield from (type_of(error) for error in leaves(raised))


RATE_HEADERS: Mapping[str, Any] = {
    "Retry-After": {
        "description": "Seconds until the next request may be sent.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "RateLimit-Policy": {
        "description": "How many requests (q) in how many seconds (w).",
        "required": True,
        "schema": {"type": "string"},
        "example": '"default";q=600;w=1',
    },
    "RateLimit": {
        "description": "How many are left (r), and in how many seconds there are more (t).",
        "required": True,
        "schema": {"type": "string"},
        "example": '"default";r=0;t=1',
    },
}


def problem_response(kinds: Iterable[ProblemType]) -> dict[str, Any]:
    """Return the response that describes problems of one status."""
    kinds = list(kinds)
    examples = {kind.slug: {"value": document(kind, kind.description, "/v1/...")} for kind in kinds}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    return {"description": ". ".join(kind.title for kind in kinds), "content": {MEDIA_TYPE: content}}


def body_example(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body's example, beside the schema that the framework derives."""
    return {"requestBody": {"content": {"application/json": {"example": dict(body)}}}}
