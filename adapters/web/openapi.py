"""What the API's description says of every route: an example of its answer, and the problems it may answer instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.web.problems import MEDIA_TYPE, ProblemType, document, every_type
from commands.verb import Verb

OF_EVERY_COMMAND = (
    "body-is-not-json",
    "person-was-erased",
    "version-is-not-the-expected-one",
    "body-is-too-large",
    "body-is-not-declared-as-json",
    "request-is-malformed",
    "text-is-written-wrongly",
    "time-is-in-the-future",
    "idempotency-key-was-used-for-another-request",
    "request-is-in-flight",
    "log-cannot-be-reached",
)
OF_EVERY_QUESTION = (
    "request-is-malformed",
    "as-of-cannot-be-read",
    "moment-lies-ahead",
    "position-lies-ahead",
    "log-cannot-be-reached",
    "read-model-is-behind",
)
STREAM = "0198f3a0-7c1e-7000-8000-00000000a001"
COMMAND_ANSWER: Mapping[str, Any] = {
    "position": 1204,
    "stream": STREAM,
    "version": 7,
    "ids": {"candidate": STREAM},
    "events": [{"id": "6b2f5b5e-33a1-5a0e-9c0b-1de0f7a4c001", "type": "", "stream": STREAM, "version": 7}],
}
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

Responses = dict[int | str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """What the description says of a page: an example of its answer, the problems it may tell, and more."""

    told: Any
    problems: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    media_type: str = "application/json"

    def responses(self) -> Responses:
        content = {self.media_type: {"example": self.told}}
        return {200: {"description": "The answer.", "content": content}, **problems(self.problems)}


def of_command(status: int, verb: Verb) -> Responses:
    """The responses of a command: its answer, and what its rule and the protocol may say."""
    named = set(re.findall(r"\b[A-Z]\w+", verb.decide.__doc__ or ""))
    from_rule = [slug for slug in (snake(name) for name in named) if slug in TYPES]
    told: Responses = {status: {"description": "Where in the log its events stand.", **example(command_answer(verb))}}
    return {**told, **problems([*from_rule, *OF_EVERY_COMMAND])}


def command_answer(verb: Verb) -> dict[str, Any]:
    stream = verb.loads[0].field
    stored = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", verb.command.__name__).lower()
    event = {**COMMAND_ANSWER["events"][0], "type": EVENT_OF.get(stored, "touchpoint-recorded.v1")}
    return {**COMMAND_ANSWER, "ids": {stream: STREAM}, "events": [event]}


EVENT_OF: Mapping[str, str] = {
    "source-candidate": "candidate-sourced.v1",
    "refer-candidate": "candidate-referred.v1",
    "learn-profile-fact": "profile-fact-learned.v1",
    "retract-profile-fact": "profile-fact-retracted.v1",
    "merge-candidates": "candidates-merged.v1",
    "unmerge-candidates": "candidates-unmerged.v1",
    "correct-touchpoint": "touchpoint-corrected.v1",
    "give-consent": "consent-given.v1",
    "refuse-consent": "consent-refused.v1",
    "withdraw-consent": "consent-withdrawn.v1",
    "open-requisition": "requisition-opened.v1",
    "open-opening": "opening-opened.v1",
    "cancel-opening": "opening-cancelled.v1",
    "submit-application": "application-submitted.v1",
    "add-prospect": "prospect-added.v1",
    "enter-stage": "stage-entered.v1",
    "reject-application": "application-rejected.v1",
    "withdraw-application": "application-withdrawn.v1",
    "accept-offer": "offer-accepted.v1",
    "hire-candidate": "candidate-hired.v1",
}


def of_question(answer: Any, told: Mapping[str, Any], *more: str) -> Responses:
    """The responses of a question whose answer is the dataclass `answer`, with an example."""
    success = {"model": answer, "description": "The answer, and the log position it stands on.", **example(told)}
    return {200: success, **problems([*OF_EVERY_QUESTION, *more])}


def problems(slugs: Iterable[str]) -> Responses:
    """The problems by their status, an example of each."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for known in sorted({TYPES[slug] for slug in slugs}, key=lambda one: (one.status, one.slug)):
        told = by_status.setdefault(known.status, {"examples": {}, "titles": []})
        told["examples"][known.slug] = {"value": document(known, known.description, "/v1/...")}
        told["titles"].append(known.title)
    return {status: problem_response(told) for status, told in by_status.items()}


def problem_response(told: Mapping[str, Any]) -> dict[str, Any]:
    content = {"schema": PROBLEM_SCHEMA, "examples": told["examples"]}
    return {"description": ". ".join(told["titles"]), "content": {MEDIA_TYPE: content}}


def example(told: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"example": told}}}


def body_example(told: Mapping[str, Any]) -> dict[str, Any]:
    """The body's example, beside the schema that the framework derives."""
    return {"requestBody": {"content": {"application/json": {"example": dict(told)}}}}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


TYPES: Mapping[str, ProblemType] = {known.slug: known for known in every_type()}

KNOWN = {"definition": "consent-state", "version": 1, "position": 1204, "as_of": "2026-05-04T09:30:00.120000Z"}
EVENT: Mapping[str, Any] = {
    "version": 2,
    "position": 1190,
    "id": "6b2f5b5e-33a1-5a0e-9c0b-1de0f7a4c001",
    "type": "profile-fact-learned.v1",
    "at": "2026-05-04T09:30:00.120000Z",
    "occurred_at": None,
    "occurred_how": "unknown",
    "recorded_at": "2026-05-04T09:30:00.120000Z",
    "actor": "user:ana",
    "data": {"fact": "current-employer", "learned_from": "self", "value": None},
    "erased": True,
}
PROFILE: Mapping[str, Any] = {
    "candidate": STREAM,
    "source": "career-site",
    "role": "gardener",
    "location": "lisbon",
    "entered_at": "2026-05-04T09:30:00.120000Z",
    "name": "Ines Prado",
    "emails": ["ines@example.org"],
    "facts": [{"fact": "current-employer", "learned_from": "self", "value": "Botanical Gardens"}],
    "erased": False,
    "version": 7,
}
STATE = {
    "purpose": "talent_pool",
    "channel": "email",
    "status": "given",
    "since": "2026-05-04T09:30:00.120000Z",
    "valid_until": None,
    "event": "6b2f5b5e-33a1-5a0e-9c0b-1de0f7a4c001",
}
READ_MODEL = {
    "name": "pipeline",
    "version": 1,
    "position": 1204,
    "lag_events": 0,
    "lag_seconds": 0.0,
    "parked": 0,
    "state": "live",
}
SIGNED: Mapping[str, Any] = {
    "parameters": [
        {"name": "Signature", "in": "header", "required": True, "schema": {"type": "string"}, "example": "sha256 9f86"},
        {"name": "Greenhouse-Event-ID", "in": "header", "schema": {"type": "string"}, "example": "1234567890"},
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {"action": "ping", "payload": {}},
            }
        },
    },
}
PROBLEM = {
    "slug": "consent-is-missing",
    "title": "Consent is missing",
    "status": 409,
    "type": "/problems/consent-is-missing",
}
PAGES: Mapping[str, Page] = {
    "profile": Page(PROFILE, ("candidate-does-not-exist", "request-is-malformed", "log-cannot-be-reached")),
    "timeline": Page(
        {"candidate": STREAM, "events": [EVENT], "next": 2},
        ("candidate-does-not-exist", "request-is-malformed", "log-cannot-be-reached"),
    ),
    "summary": Page(
        {**KNOWN, "definition": "candidate-summary", "candidate": STREAM, "contacts": 3, "engagements": 5},
        ("candidate-does-not-exist", *OF_EVERY_QUESTION),
    ),
    "consents": Page(
        {**KNOWN, "candidate": STREAM, "valid_at": KNOWN["as_of"], "states": [STATE]},
        ("candidate-does-not-exist", *OF_EVERY_QUESTION),
    ),
    "greenhouse": Page(
        {"outcome": "applied", "reason": None, "position": 1204, "events": 3},
        (
            "delivery-cannot-be-read",
            "signature-is-wrong",
            "body-is-too-large",
            "integration-has-no-secret",
            "log-cannot-be-reached",
        ),
        SIGNED,
    ),
    "projections": Page({"projections": [READ_MODEL]}, ("log-cannot-be-reached",)),
    "problems": Page({"problems": [PROBLEM]}),
    "problem": Page(PROBLEM, ("problem-does-not-exist", "request-is-malformed")),
    "healthz": Page({"status": "alive"}),
    "readyz": Page({"status": "ready", "position": 1204}),
    "metrics": Page("perennial_log_head 1204.0", ("log-cannot-be-reached",), media_type="text/plain"),
}
