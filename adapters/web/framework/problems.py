"""The only place that knows which HTTP status an error has, and how a problem is told (RFC 9457)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc
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
from adapters.intake.integrations.inbound import DeliveryCannotBeRead, IntegrationHasNoSecret, SignatureIsWrong
from adapters.intake.integrations.index import IntegrationDoesNotExist
from adapters.postgres.bounded_reading import QuestionTakesTooLong
from adapters.postgres.connections import UNREACHABLE
from adapters.postgres.keys.key_file import KEY_FILE_ERRORS
from adapters.postgres.log.barrier import MomentLiesAhead, PositionLiesAhead
from adapters.postgres.log.store import PersonWasErased
from adapters.web.framework import refusals
from commands.handle import ConcurrencyConflict, VersionIsNotTheExpectedOne
from domain.errors import Conflict, Invalid, NotFound, Refused
from queries.counts import PeriodHasTooManyBuckets
from queries.engagement import WindowIsUnknown
from queries.question import PeriodIsEmpty
from queries.stage_conversion import StagesCannotBeRead
from queries.time_to_fill import BaselineIsNotApart, BaselineNeedsBothDays, DefinitionIsUnknown

LOGGER = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[Exception], int] = {
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
    refusals.ReadModelIsBehind: 504,
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
"""The status of an error, or of the nearest class that it belongs to."""

LONGEST_ECHO = 500
"""Characters that a problem repeats of a request, in each place; and how many mistakes it names."""
MOST_ERRORS = 20

PROBLEM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "Stable: tells what kind of problem it is."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was asked."},
        "where": {"type": "string", "description": "The field that stands in the way."},
        "what_to_do": {"type": "string"},
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
PASSING: tuple[type[Exception], ...] = (
    refusals.RequestIsInFlight,
    refusals.ProofIsPending,
    ConcurrencyConflict,
)
"""Conflicts that are over in a moment: only these are worth sending again as they are."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem: `type` is its URI, the same in every release."""

    slug: str
    title: str
    status: int
    description: str

    @property
    def type(self) -> str:
        return f"/problems/{self.slug}"


BODY_IS_TOO_LARGE = ProblemType(
    "body-is-too-large",
    "The body is too large",
    413,
    "A command may have 1 MiB, a delivery 5 MiB, a file to import 4 GiB. Send less.",
)
TOO_MANY_REQUESTS = ProblemType(
    "too-many-requests",
    "Too many requests",
    429,
    "This key, or this address, asked more often than it may. Wait as long as Retry-After says, then go on.",
)
HEAD_IS_TOO_LARGE = ProblemType(
    "head-is-too-large",
    "The head of the request is too large",
    431,
    "Request line and headers may have 64 KiB, and 100 headers. Send fewer or shorter ones.",
)
TARGET_IS_TOO_LONG = ProblemType(
    "target-is-too-long", "The target is too long", 414, "Path and query may have 32 KiB. Ask for less at once."
)
REQUEST_CANNOT_BE_READ = ProblemType(
    "request-cannot-be-read", "The request cannot be read", 400, "It is not written as HTTP/1.1. Nothing was done."
)
REQUEST_TOOK_TOO_LONG = ProblemType(
    "request-took-too-long",
    "The request took too long to come",
    408,
    "Head or body came too slowly. Nothing was done. Send the request again at once and whole.",
)
TOO_MANY_CONNECTIONS = ProblemType(
    "too-many-connections",
    "Too many connections",
    503,
    "This address, or all together, have as many connections open as they may. Close some, or use them again.",
)
BODIES_FILL_THE_MEMORY = ProblemType(
    "bodies-fill-the-memory",
    "Bodies fill the memory",
    503,
    "As much is held of request bodies at this moment as may be. Nothing was done. Send the request again in a moment.",
)
TOO_MANY_PARAMETERS = ProblemType(
    "too-many-parameters", "Too many parameters", 422, "A query may have 100 parameters. Ask for less at once."
)
ANSWER_TAKES_TOO_LONG = ProblemType(
    "answer-takes-too-long",
    "The answer takes too long",
    504,
    "No answer has begun in the time that one may take. A question: ask for less. Anything else may still be done:"
    " send it again with the same Idempotency-Key, and it is done at most once.",
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
    ProblemType("body-is-not-json", "The body is not JSON", 400, "It could not be read as JSON. Nothing was written."),
    ProblemType(
        "request-is-malformed",
        "The request is malformed",
        422,
        "A field is missing, unknown or not written as it must be; 'errors' says which. Nothing was written.",
    ),
    ProblemType("route-does-not-exist", "The route does not exist", 404, "Nothing is at this path; see /docs."),
    ProblemType("method-is-not-allowed", "The method is not allowed", 405, "The path has other methods; see /docs."),
    BODY_IS_TOO_LARGE,
    TOO_MANY_REQUESTS,
    ProblemType(
        "log-cannot-be-reached",
        "The log cannot be reached",
        503,
        "The database does not answer. Send the request again with the same Idempotency-Key: it is done at most once.",
    ),
    ProblemType(
        "key-file-is-not-the-newest",
        "The key file is not the newest",
        503,
        "The key file of the process that answers does not open what the database holds: the keys were rotated, and its"
        " copy is older. Have the newest one put in its place; it is read by itself. Then send the request again with"
        " the same Idempotency-Key: it is done at most once.",
    ),
    ProblemType("perennial-failed", "Perennial failed", 500, "This is our mistake; the service's own log says more."),
)
BY_SLUG: Mapping[str, ProblemType] = {known.slug: known for known in OF_THE_PROTOCOL}


def slug_of(error: type[Exception]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.__name__).lower()


def type_of(error: type[Exception]) -> ProblemType:
    """The problem type of an error class that has a status."""
    slug = slug_of(error)
    status = next(STATUS[parent] for parent in error.__mro__ if parent in STATUS)
    description = " ".join(cleandoc(error.__doc__ or "").split())
    return ProblemType(slug, slug.replace("-", " ").capitalize(), status, description)


def every_type() -> list[ProblemType]:
    """All problem types by name: those of the rules, of the log and of the protocol."""
    classes = {error for root in STATUS for error in leaves(root)}
    return sorted([*OF_THE_PROTOCOL, *(type_of(error) for error in classes)], key=lambda known: known.slug)


def leaves(error: type[Exception]) -> Iterator[type[Exception]]:
    """The most particular classes of an error; NotFound, Conflict and Invalid themselves are nobody's problem."""
    narrower = error.__subclasses__()
    if not narrower and error not in (NotFound, Conflict, Invalid):
        yield error
    for child in narrower:
        yield from leaves(child)


def document(known: ProblemType, detail: str, instance: str, **more: Any) -> dict[str, Any]:
    told = {"type": known.type, "title": known.title, "status": known.status, "detail": detail}
    told["instance"] = instance[:LONGEST_ECHO]
    return told | {name: value for name, value in more.items() if value}


def answer(known: ProblemType, detail: str, instance: str, **more: Any) -> Response:
    headers = {"Retry-After": RETRY_AFTER_SECONDS[known.status]} if known.status in RETRY_AFTER_SECONDS else {}
    if known in (type_of(leaf) for error in PASSING for leaf in leaves(error)):
        headers = {"Retry-After": "1"}
    body = json.dumps(document(known, detail, instance, **more)).encode()
    return Response(body, known.status, headers, MEDIA_TYPE)


def refused(request: Request, error: Exception) -> Response:
    """A rule, the log or the protocol said no, and says itself why."""
    detail, more = said_by(error)
    told = answer(type_of(type(error)), detail, request.url.path, **more)
    for challenge in challenges(error):
        told.headers.append("WWW-Authenticate", challenge)
    return told


def challenges(error: Exception) -> Iterator[str]:
    """How one may say who one is."""
    if isinstance(error, KeyIsMissing | KeyIsNotValid):
        yield BEARER if isinstance(error, KeyIsMissing) else f'{BEARER}, error="invalid_token"'


def said_by(error: Exception) -> tuple[str, dict[str, Any]]:
    """What a refusal says: the detail, and what else its problem tells."""
    if isinstance(error, Refused):
        return error.what, {"where": error.where, "what_to_do": error.what_to_do, "errors": error.named.get("errors")}
    return str(error) or type_of(type(error)).description, {}


def document_of(error: Exception, instance: str) -> dict[str, Any]:
    """The problem document of a refusal, where it is one of several."""
    detail, more = said_by(error)
    return document(type_of(type(error)), detail, instance, **more)


def malformed(request: Request, error: Exception) -> Response:
    """The request does not have the form of the command; no value of it is repeated."""
    errors: Sequence[Mapping[str, Any]] = cast(RequestValidationError, error).errors()
    not_json = errors[0]["type"] == "json_invalid"
    known = BY_SLUG["body-is-not-json" if not_json else "request-is-malformed"]
    told = [
        {"where": ".".join(map(str, one["loc"]))[:LONGEST_ECHO], "message": str(one["msg"])[:LONGEST_ECHO]}
        for one in errors[:MOST_ERRORS]
    ]
    if len(errors) > MOST_ERRORS:
        told.append({"where": "request", "message": f"and {len(errors) - MOST_ERRORS} more"})
    return answer(known, known.description, request.url.path, errors=told)


OF_STATUS = {400: "body-is-not-json", 404: "route-does-not-exist", 405: "method-is-not-allowed"}


def of_the_protocol(request: Request, error: Exception) -> Response:
    """The framework itself could not go on."""
    raised = cast(HTTPException, error)
    known = BY_SLUG[OF_STATUS.get(raised.status_code, "perennial-failed")]
    told = answer(known, known.description, request.url.path)
    told.headers.update(raised.headers or {})
    if raised.status_code == 405:
        told.headers["Allow"] = ", ".join(sorted(methods_at(request)))
    return told


def methods_at(request: Request) -> set[str]:
    """The methods of all routes at the request's path (each route knows only its own)."""
    found = {method for route in request.app.routes if reached(route, request) for method in route.methods or ()}
    return found | {"HEAD"} if "GET" in found else found


def reached(route: Any, request: Request) -> bool:
    return isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE


def unreachable(request: Request, _: Exception) -> Response:
    known = BY_SLUG["log-cannot-be-reached"]
    return answer(known, known.description, request.url.path)


def without_keys(request: Request, error: Exception) -> Response:
    """Where the file is stands in our own log alone."""
    LOGGER.error("%s", error)
    known = BY_SLUG["key-file-is-not-the-newest"]
    return answer(known, known.description, request.url.path)


def failed(request: Request, _: Exception) -> Response:
    known = BY_SLUG["perennial-failed"]
    return answer(known, known.description, request.url.path)


def tell_problems(app: FastAPI) -> None:
    """From now on every error that leaves a route is told as a problem."""
    refusals_told: list[type[Exception]] = [Refused, *STATUS]
    for refusal in refusals_told:
        app.add_exception_handler(refusal, refused)
    for failure in UNREACHABLE:
        app.add_exception_handler(failure, unreachable)
    for failure in KEY_FILE_ERRORS:
        app.add_exception_handler(failure, without_keys)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, of_the_protocol)
    app.add_exception_handler(Exception, failed)
