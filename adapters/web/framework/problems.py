"""Problem documents (RFC 9457): the only module that knows which HTTP status an error has."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from adapters.access.refusals import (
    KeyIsMissing,
    KeyIsNotValid,
    PersonIsNotYours,
    RequestIsCrossSite,
    RoleMayNot,
    SourceIsNotYours,
    TokensCannotBeChecked,
)
from adapters.intake.imports.refusals import FileCannotBeImported, LineCannotBeRead, MappingCannotBeRead
from adapters.intake.integrations.handshakes import HandshakeIsNotOpen
from adapters.intake.integrations.inbound import (
    DeliveryCannotBeRead,
    DeliveryIsStale,
    IntegrationHasNoSecret,
    SignatureIsWrong,
    TokenWasUsed,
)
from adapters.intake.integrations.index import IntegrationDoesNotExist
from adapters.postgres.bounded_reading import QuestionTakesTooLong
from adapters.postgres.connections import UNREACHABLE
from adapters.postgres.keys.key_file import KEY_FILE_ERRORS
from adapters.postgres.log.barrier import MomentLiesAhead, PositionLiesAhead
from adapters.postgres.log.store import PersonWasErased
from adapters.postgres.projector.waiting import ReadModelIsBehind
from adapters.web.framework import refusals
from commands.handle import VersionIsNotTheExpectedOne
from commands.log import ConcurrencyConflict
from domain.errors import Conflict, ExplainedError, Invalid, NotFound, Refused, message_of
from queries.counts import PeriodHasTooManyBuckets
from queries.engagement import WindowIsUnknown
from queries.question import PeriodIsEmpty
from queries.stage_conversion import StagesCannotBeRead
from queries.time_to_fill import BaselineIsNotApart, BaselineNeedsBothDays, DefinitionIsUnknown

LOGGER = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[ExplainedError], int] = {
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    VersionIsNotTheExpectedOne: 412,
    ConcurrencyConflict: 409,
    PersonWasErased: 410,
    MomentLiesAhead: 422,
    PositionLiesAhead: 422,
    SignatureIsWrong: 401,
    SourceIsNotYours: 403,
    PersonIsNotYours: 403,
    KeyIsMissing: 401,
    KeyIsNotValid: 401,
    RoleMayNot: 403,
    RequestIsCrossSite: 403,
    TokensCannotBeChecked: 503,
    IntegrationDoesNotExist: 404,
    IntegrationHasNoSecret: 503,
    HandshakeIsNotOpen: 409,
    DeliveryIsStale: 401,
    TokenWasUsed: 401,
    DeliveryCannotBeRead: 400,
    refusals.IdempotencyKeyWasUsedForAnotherRequest: 422,
    refusals.RequestIsInFlight: 409,
    refusals.PreconditionCannotBeRead: 400,
    refusals.BodyIsNotDeclaredAsJson: 415,
    refusals.AsOfCannotBeRead: 422,
    refusals.AsOfNumberIsBare: 422,
    refusals.EventTypeIsUnknown: 422,
    PeriodIsEmpty: 422,
    PeriodHasTooManyBuckets: 422,
    refusals.TooManyQuestionsWait: 429,
    QuestionTakesTooLong: 503,
    FileCannotBeImported: 422,
    LineCannotBeRead: 422,
    WindowIsUnknown: 422,
    DefinitionIsUnknown: 422,
    BaselineNeedsBothDays: 422,
    BaselineIsNotApart: 422,
    StagesCannotBeRead: 422,
    ReadModelIsBehind: 504,
    refusals.ProblemDoesNotExist: 404,
    refusals.BodyIsNoFileOfHistory: 415,
    refusals.CursorCannotBeRead: 422,
    refusals.ChannelIsAskedWithoutConsent: 422,
    refusals.ImportDoesNotExist: 404,
    refusals.EventDoesNotExist: 404,
    refusals.TileDoesNotExist: 404,
    refusals.ProofIsPending: 409,
    refusals.SizeWasNotSigned: 422,
    refusals.CheckpointWasNotPublished: 422,
    refusals.BundleIsOfOneThing: 422,
    refusals.ImportHasNotEnded: 409,
    refusals.ImportRejectedNothing: 409,
    refusals.TouchpointsWereRefused: 409,
    refusals.PartsDoNotRun: 503,
    MappingCannotBeRead: 422,
}
"""The HTTP status of an error class and of its subclasses."""

LONGEST_ECHO = 500
"""The most characters of a request that a member of a problem repeats, and the most errors that it lists."""
MOST_ERRORS = 20

PROBLEM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "what_to_do"],
    "properties": {
        "type": {"type": "string", "description": "Identifies the kind of problem; the same in every release."},
        "title": {"type": "string", "description": "The kind of problem, for people."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened."},
        "instance": {"type": "string", "description": "The path of the request."},
        "where": {"type": "string", "description": "The field that caused it."},
        "what_to_do": {"type": "string", "description": "What to do now."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}

BEARER = 'Bearer realm="perennial"'
RETRY_AFTER_SECONDS = {429: "1", 503: "5", 504: "5"}
PASSING: tuple[type[ExplainedError], ...] = (
    refusals.RequestIsInFlight,
    refusals.ProofIsPending,
    ConcurrencyConflict,
)
"""Conflicts that end within a moment. Only these are worth sending again unchanged."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem: `type` is its URI, the same in every release; `description` says what happened."""

    slug: str
    title: str
    status: int
    description: str
    what_to_do: str

    @property
    def type(self) -> str:
        return f"/problems/{self.slug}"


BODY_IS_TOO_LARGE = ProblemType(
    "body-is-too-large",
    "Body too large",
    413,
    "A command may have 1 MiB, a delivery 5 MiB, a file to import 4 GiB.",
    "Send less at once.",
)
TOO_MANY_REQUESTS = ProblemType(
    "too-many-requests",
    "Rate limit exceeded",
    429,
    "This key, or this address, sent more requests than its limit.",
    "Wait as long as Retry-After says, then continue.",
)
HEAD_IS_TOO_LARGE = ProblemType(
    "head-is-too-large",
    "Request headers too large",
    431,
    "Request line and headers may have 64 KiB, and 100 headers.",
    "Send fewer or shorter headers.",
)
TARGET_IS_TOO_LONG = ProblemType(
    "target-is-too-long", "URL too long", 414, "Path and query may have 32 KiB.", "Ask for less at once."
)
REQUEST_CANNOT_BE_READ = ProblemType(
    "request-cannot-be-read",
    "Malformed HTTP",
    400,
    "The request is not valid HTTP/1.1. Nothing was written.",
    "Check the client or the proxy that sends it.",
)
REQUEST_TOOK_TOO_LONG = ProblemType(
    "request-took-too-long",
    "Request timed out",
    408,
    "Headers or body arrived too slowly. Nothing was written.",
    "Send the request again, at once and complete.",
)
TOO_MANY_CONNECTIONS = ProblemType(
    "too-many-connections",
    "Connection limit reached",
    503,
    "This address, or all addresses together, have as many connections open as permitted.",
    "Close some, or reuse them.",
)
BODIES_FILL_THE_MEMORY = ProblemType(
    "bodies-fill-the-memory",
    "Request memory exhausted",
    503,
    "The memory for request bodies is in use. Nothing was written.",
    "Send the request again in a moment.",
)
TOO_MANY_PARAMETERS = ProblemType(
    "too-many-parameters",
    "Query parameter limit exceeded",
    422,
    "A query may have 100 parameters.",
    "Ask for less at once.",
)
ANSWER_TAKES_TOO_LONG = ProblemType(
    "answer-takes-too-long",
    "Response timed out",
    504,
    "No response began within the time limit. The request may still be processed.",
    "A query: ask for less. Anything else: send it again with the same Idempotency-Key, and it is done at most once.",
)
OF_THE_PROTOCOL = (
    HEAD_IS_TOO_LARGE,
    TARGET_IS_TOO_LONG,
    REQUEST_CANNOT_BE_READ,
    REQUEST_TOOK_TOO_LONG,
    TOO_MANY_CONNECTIONS,
    BODIES_FILL_THE_MEMORY,
    ANSWER_TAKES_TOO_LONG,
    TOO_MANY_PARAMETERS,
    ProblemType(
        "body-is-not-json",
        "Invalid JSON",
        400,
        "The body cannot be parsed as JSON. Nothing was written.",
        "Correct the body and send it again.",
    ),
    ProblemType(
        "request-is-malformed",
        "Invalid request",
        422,
        "A field is missing, unknown or has an invalid value. Nothing was written.",
        "Correct the fields listed in 'errors'.",
    ),
    ProblemType("route-does-not-exist", "Not found", 404, "There is no resource at this path.", "See /docs."),
    ProblemType(
        "method-is-not-allowed",
        "Method not allowed",
        405,
        "The path does not support this method.",
        "Use one of the methods in the Allow header; see /docs.",
    ),
    BODY_IS_TOO_LARGE,
    TOO_MANY_REQUESTS,
    ProblemType(
        "log-cannot-be-reached",
        "Database not reachable",
        503,
        "The database does not respond.",
        "Send the request again with the same Idempotency-Key: it is done at most once.",
    ),
    ProblemType(
        "key-file-is-not-the-newest",
        "Outdated key file",
        503,
        "The keys were rotated, and the key file of the responding process is an older copy.",
        "Replace it with the newest one, which is read automatically. Then send the request again with the same"
        " Idempotency-Key: it is done at most once.",
    ),
    ProblemType(
        "perennial-failed",
        "Internal error",
        500,
        "An error of Perennial itself; the service's own log has the details.",
        "Send the request again later with the same Idempotency-Key. If it fails again, report it to the operator.",
    ),
)
BY_SLUG: Mapping[str, ProblemType] = {kind.slug: kind for kind in OF_THE_PROTOCOL}


def slug_of(error: type[ExplainedError]) -> str:
    if issubclass(error, Refused):
        return error.rule()
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.__name__).lower()


def type_of(error: type[ExplainedError]) -> ProblemType:
    """Return the problem type of an error class that has a status."""
    status = next(STATUS[parent] for parent in error.__mro__ if parent in STATUS)
    message = message_of(error)
    return ProblemType(slug_of(error), message.title, status, message.what, message.what_to_do)


def every_type() -> list[ProblemType]:
    """Return all problem types by name: those of the rules, of the log and of the protocol."""
    classes = {error for root in STATUS for error in leaves(root)}
    return sorted([*OF_THE_PROTOCOL, *(type_of(error) for error in classes)], key=lambda kind: kind.slug)


def leaves(error: type[ExplainedError]) -> Iterator[type[ExplainedError]]:
    """Yield the most particular classes of an error; NotFound, Conflict and Invalid themselves have no problem type."""
    narrower = error.__subclasses__()
    if not narrower and error not in (NotFound, Conflict, Invalid):
        yield error
    for child in narrower:
        yield from leaves(child)


def document(kind: ProblemType, detail: str, instance: str, **more: Any) -> dict[str, Any]:
    """Return the problem as JSON; `what_to_do` is that of the kind, unless the error has one of its own."""
    problem = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": detail}
    problem |= {"instance": instance[:LONGEST_ECHO], "what_to_do": kind.what_to_do}
    return problem | {name: value for name, value in more.items() if value}


def answer(kind: ProblemType, detail: str, instance: str, **more: Any) -> Response:
    headers = {"Retry-After": RETRY_AFTER_SECONDS[kind.status]} if kind.status in RETRY_AFTER_SECONDS else {}
    if kind in (type_of(leaf) for error in PASSING for leaf in leaves(error)):
        headers = {"Retry-After": "1"}
    body = json.dumps(document(kind, detail, instance, **more)).encode()
    return Response(body, kind.status, headers, MEDIA_TYPE)


def refused(request: Request, error: Exception) -> Response:
    """Return the problem of an error that explains itself."""
    explained = cast(ExplainedError, error)
    detail, more = explanation_of(explained)
    response = answer(type_of(type(explained)), detail, request.url.path, **more)
    for challenge in challenges(error):
        response.headers.append("WWW-Authenticate", challenge)
    return response


def challenges(error: Exception) -> Iterator[str]:
    """Yield how to authenticate, where the error is about that."""
    if isinstance(error, KeyIsMissing | KeyIsNotValid):
        yield BEARER if isinstance(error, KeyIsMissing) else f'{BEARER}, error="invalid_token"'


def explanation_of(error: ExplainedError) -> tuple[str, dict[str, Any]]:
    """Return the detail of an error, and the further members of its problem."""
    where = error.where if isinstance(error, Refused) else ""
    return error.what, {"where": where, "what_to_do": error.what_to_do, "errors": error.named.get("errors")}


def document_of(error: ExplainedError, instance: str) -> dict[str, Any]:
    """Return the problem document of an error that is one of several."""
    detail, more = explanation_of(error)
    return document(type_of(type(error)), detail, instance, **more)


def malformed(request: Request, error: Exception) -> Response:
    """Return the problem of a request that fails validation; no value of the request is repeated."""
    errors: Sequence[Mapping[str, Any]] = cast(RequestValidationError, error).errors()
    not_json = errors[0]["type"] == "json_invalid"
    kind = BY_SLUG["body-is-not-json" if not_json else "request-is-malformed"]
    listed = [
        {"where": ".".join(map(str, each["loc"]))[:LONGEST_ECHO], "message": str(each["msg"])[:LONGEST_ECHO]}
        for each in errors[:MOST_ERRORS]
    ]
    if len(errors) > MOST_ERRORS:
        listed.append({"where": "request", "message": f"and {len(errors) - MOST_ERRORS} more"})
    return answer(kind, kind.description, request.url.path, errors=listed)


OF_STATUS = {400: "body-is-not-json", 404: "route-does-not-exist", 405: "method-is-not-allowed"}


def of_the_protocol(request: Request, error: Exception) -> Response:
    """Return the problem of an error that the framework raised."""
    raised = cast(HTTPException, error)
    kind = BY_SLUG[OF_STATUS.get(raised.status_code, "perennial-failed")]
    response = answer(kind, kind.description, request.url.path)
    response.headers.update(raised.headers or {})
    if raised.status_code == 405:
        response.headers["Allow"] = ", ".join(sorted(methods_at(request)))
    return response


def methods_at(request: Request) -> set[str]:
    """Return the methods of all routes at the request's path; each route has only its own."""
    methods = {method for route in request.app.routes if reached(route, request) for method in route.methods or ()}
    return methods | {"HEAD"} if "GET" in methods else methods


def reached(route: Any, request: Request) -> bool:
    return isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE


def unreachable(request: Request, _: Exception) -> Response:
    kind = BY_SLUG["log-cannot-be-reached"]
    return answer(kind, kind.description, request.url.path)


def without_keys(request: Request, error: Exception) -> Response:
    """Return the problem of an outdated key file; its path goes to the service's own log alone."""
    LOGGER.error("%s", error)
    kind = BY_SLUG["key-file-is-not-the-newest"]
    return answer(kind, kind.description, request.url.path)


def failed(request: Request, _: Exception) -> Response:
    kind = BY_SLUG["perennial-failed"]
    return answer(kind, kind.description, request.url.path)


def answer_with_problems(app: FastAPI) -> None:
    """Answer every error that leaves a route with a problem document."""
    errors: list[type[ExplainedError]] = [Refused, *STATUS]
    for error in errors:
        app.add_exception_handler(error, refused)
    for failure in UNREACHABLE:
        app.add_exception_handler(failure, unreachable)
    for failure in KEY_FILE_ERRORS:
        app.add_exception_handler(failure, without_keys)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, of_the_protocol)
    app.add_exception_handler(Exception, failed)
