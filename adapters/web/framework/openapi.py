"""What the API's description says of every route: an example of its answer, and the problems it may answer instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.access.policy import OF_ANYBODY, Action
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.log.changes import Change
from adapters.web.framework.command_service import CommandAnswer
from adapters.web.framework.problems import MEDIA_TYPE, TOO_MANY_REQUESTS, ProblemType, document, every_type
from adapters.web.framework.rules import rules_of_verb
from adapters.web.framework.schemas import example_of, model_of
from commands.verb import Verb

OF_EVERY_COMMAND = (
    "body-is-not-json",
    "precondition-cannot-be-read",
    "person-was-erased",
    "version-is-not-the-expected-one",
    "stream-moved",
    "body-is-too-large",
    "body-is-not-declared-as-json",
    "text-is-written-wrongly",
    "text-is-too-long",
    "text-holds-nul",
    "id-names-two-things",
    "id-is-taken",
    "source-is-not-yours",
    "person-is-not-yours",
    "time-is-in-the-future",
    "candidate-is-erased",
    "idempotency-key-was-used-for-another-request",
    "request-is-in-flight",
    "log-cannot-be-reached",
)
OF_AN_ADDRESS = ("address-cannot-be-read", "address-is-placeholder", "value-holds-several-addresses")
OF_THE_DIRECTORY = ("request-is-malformed", "position-lies-ahead", "log-cannot-be-reached", "read-model-is-behind")
"""The directory is as it is now: it has no as_of."""
OF_EVERY_QUESTION = (
    "as-of-cannot-be-read",
    "as-of-number-is-bare",
    "moment-lies-ahead",
    "position-lies-ahead",
    "log-cannot-be-reached",
    "read-model-is-behind",
)
OF_TURNS = ("too-many-questions-wait", "question-takes-too-long")
"""Metrics take turns."""
ANYWHERE = (
    "request-is-malformed",
    "too-many-requests",
    "perennial-failed",
    "request-cannot-be-read",
    "request-took-too-long",
    "target-is-too-long",
    "head-is-too-large",
    "body-is-too-large",
    "too-many-connections",
    "bodies-fill-the-memory",
    "answer-takes-too-long",
    "too-many-parameters",
)
WHERE_A_KEY_IS_NEEDED = (
    "key-is-missing",
    "key-is-not-valid",
    "role-may-not",
    "request-is-cross-site",
    "tokens-cannot-be-checked",
    "log-cannot-be-reached",
    "key-file-is-not-the-newest",
)
STREAM = "0198f3a0-7c1e-7000-8000-00000000a001"
COMMAND_ANSWER: Mapping[str, Any] = {
    "position": 1204,
    "stream": STREAM,
    "version": 7,
    "ids": {"candidate": STREAM},
    "events": [{"id": "6b2f5b5e-33a1-5a0e-9c0b-1de0f7a4c001", "type": "", "stream": STREAM, "version": 7}],
}
Responses = dict[int | str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """What the description says of a page: what its example tells beyond what the answer's type does, the problems it
    may tell, and more."""

    told: Any = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    media_type: str = "application/json"
    also: Mapping[str, str] = field(default_factory=dict)
    """Other media types that it may be told in, with an example of each."""
    each: type | None = None
    """Of a stream: the dataclass that every event's data tells."""

    def responses(self, answer: type | None, action: Action, *, takes_json: bool = False) -> Responses:
        """`answer`: the dataclass that the page's method says it answers; None where it answers text."""
        may_be = self.problems if action in OF_ANYBODY else (*self.problems, *WHERE_A_KEY_IS_NEEDED)
        may_be = (*may_be, "request-is-cross-site") if action is Action.DELIVER else may_be
        may_be = (*may_be, "body-is-not-declared-as-json") if takes_json else may_be
        return {200: {"description": "The answer.", **self.content(answer)}, **problems(may_be)}

    def content(self, answer: type | None) -> dict[str, Any]:
        if answer is not None:
            return with_example(answer, self.told)
        described = {} if self.media_type == "application/json" else {"schema": {"type": "string"}}
        each = {} if self.each is None else {"itemSchema": event_schema(self.each)}
        others = {name: {**described, "example": told} for name, told in self.also.items()}
        return {"content": {self.media_type: {**described, **each, "example": self.told}, **others}}


def event_schema(answer: type) -> dict[str, Any]:
    """The schema of one server-sent event, as OpenAPI 3.2 describes streams."""
    told = model_of(answer).model_json_schema()
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": told}
    return {"type": "object", "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": data}}


def with_example(answer: type, told: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the answer, and an example: what its types say, and above that what is told."""
    model = model_of(answer)
    return {"model": model, "content": {"application/json": {"example": filled(told, example_of(model))}}}


def filled(told: Any, derived: Any) -> Any:
    """What is told, and of an object everything else that it has too."""
    if isinstance(told, Mapping) and isinstance(derived, Mapping):
        return {**derived, **{name: filled(value, derived.get(name)) for name, value in told.items()}}
    if isinstance(told, list | tuple) and isinstance(derived, list) and derived:
        return [filled(one, derived[0]) for one in told]
    return told


def of_command(status: int, verb: Verb, makes: str | None) -> Responses:
    """The responses of a command: its answer, and what its rule and the protocol may say."""
    from_rule = slugs_of(rules_of_verb(verb), verb.decide)
    answer = with_example(CommandAnswer, command_answer(verb, makes))
    told = {"description": "Where in the log its events stand.", "headers": COMMAND_HEADERS, **answer}
    return {status: told, **problems([*from_rule, *OF_EVERY_COMMAND, *WHERE_A_KEY_IS_NEEDED])}


def slugs_of(errors: Iterable[type[Exception]], told_by: Callable[..., Any]) -> list[str]:
    """The problems that the errors are, and those that a docstring names where the code does not show them."""
    names = {error.__name__ for error in errors} | set(re.findall(r"\b[A-Z]\w+", told_by.__doc__ or ""))
    return sorted(slug for slug in map(snake, names) if slug in TYPES)


def command_answer(verb: Verb, makes: str | None) -> dict[str, Any]:
    names = sorted({verb.loads[0].field, makes or verb.loads[0].field})
    event = {**COMMAND_ANSWER["events"][0], "type": EVENT_OF.get(snake(verb.command.__name__), "")}
    return {**COMMAND_ANSWER, "ids": dict.fromkeys(names, STREAM), "events": [event]}


COMMAND_HEADERS: Mapping[str, Any] = {
    "ETag": {
        "description": "The stream's version, for If-Match.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"7"',
    },
    "Idempotency-Replayed": {
        "description": "This request was done before under its Idempotency-Key; the answer is that of the first time.",
        "schema": {"const": "true"},
    },
}
EVENT_OF: Mapping[str, str] = {
    "source-candidate": "candidate-sourced.v1",
    "refer-candidate": "candidate-referred.v1",
    "record-touchpoint": "touchpoint-recorded.v1",
    "request-send": "touchpoint-recorded.v1",
    "learn-profile-fact": "profile-fact-learned.v1",
    "correct-touchpoint": "touchpoint-corrected.v1",
    "request-consent": "consent-requested.v1",
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
    "merge-candidates": "candidates-merged.v1",
    "unmerge-candidates": "candidates-unmerged.v1",
    "retract-profile-fact": "profile-fact-retracted.v1",
    "found-community": "community-founded.v1",
    "join-community": "community-joined.v1",
    "leave-community": "community-left.v1",
    "ask-for-referral": "referral-asked.v1",
    "make-referral": "referral-made.v1",
    "accept-referral": "referral-accepted.v1",
    "decline-referral": "referral-declined.v1",
    "link-referral": "referral-turned-into-application.v1",
    "credit-referral": "referral-credited.v1",
    "hold-requisition": "requisition-held.v1",
    "resume-requisition": "requisition-resumed.v1",
    "reopen-opening": "opening-reopened.v1",
    "set-target-date": "target-date-set.v1",
    "assign-hiring-manager": "hiring-manager-assigned.v1",
    "assign-recruiter": "recruiter-assigned.v1",
    "rename-requisition": "requisition-renamed.v1",
    "close-requisition": "requisition-closed.v1",
    "reopen-requisition": "requisition-reopened.v1",
    "correct-opening-date": "requisition-date-corrected.v1",
    "move-back": "application-moved-back.v1",
    "unreject-application": "application-unrejected.v1",
    "unhire-candidate": "candidate-unhired.v1",
    "make-offer": "offer-made.v1",
    "decline-offer": "offer-declined.v1",
    "rescind-offer": "offer-rescinded.v1",
    "transfer-application": "application-transferred.v1",
    "decline-erasure-proposal": "erasure-proposal-declined.v1",
    "set-legal-hold": "legal-hold-set.v1",
    "lift-legal-hold": "legal-hold-lifted.v1",
    "restrict-processing": "processing-restricted.v1",
    "lift-restriction": "restriction-lifted.v1",
}
"""What a command writes first, as its example tells it."""


def of_question(answer: type, errors: Iterable[type[Exception]], question: Callable[..., Any]) -> Responses:
    """The responses of a question whose answer is the dataclass `answer`, with an example."""
    success = {"description": "The answer, and the log position it stands on.", **with_example(answer, {})}
    may_be = [*OF_EVERY_QUESTION, *WHERE_A_KEY_IS_NEEDED, *OF_TURNS, "period-is-empty", *slugs_of(errors, question)]
    return {200: success, **problems(may_be)}


def problems(slugs: Iterable[str]) -> Responses:
    """The problems by their status, an example of each; those that may befall any request among them."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for known in sorted({TYPES[slug] for slug in (*slugs, *ANYWHERE)}, key=lambda one: (one.status, one.slug)):
        told = by_status.setdefault(known.status, {"examples": {}, "titles": []})
        told["examples"][known.slug] = {"value": document(known, known.description, "/v1/...")}
        told["titles"].append(known.title)
    described = {status: problem_response(told) for status, told in by_status.items()}
    described[TOO_MANY_REQUESTS.status]["headers"] = RATE_HEADERS
    return described


RATE_HEADERS: Mapping[str, Any] = {
    "Retry-After": {
        "description": "Seconds until it may be asked again.",
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


def problem_response(told: Mapping[str, Any]) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": told["examples"]}
    return {"description": ". ".join(told["titles"]), "content": {MEDIA_TYPE: content}}


def body_example(told: Mapping[str, Any]) -> dict[str, Any]:
    """The body's example, beside the schema that the framework derives."""
    return {"requestBody": {"content": {"application/json": {"example": dict(told)}}}}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


TYPES: Mapping[str, ProblemType] = {known.slug: known for known in every_type()}

KNOWN = {"definition": "consent-state", "version": 1, "position": 1204, "as_of": "2026-05-04T09:30:00.120000Z"}
EVENT: Mapping[str, Any] = {
    "record": STREAM,
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
    "texts": {},
    "withheld": [],
    "erased": True,
}
PROFILE: Mapping[str, Any] = {
    "candidate": STREAM,
    "merged_into": None,
    "source": "career-site",
    "role": "gardener",
    "role_text": "Gardener",
    "location": "lisbon",
    "entered_at": "2026-05-04T09:30:00.120000Z",
    "name": "Ines Prado",
    "emails": ["ines@example.org"],
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
TRAIL_LINE: Mapping[str, Any] = {
    "what": "given",
    "purpose_iri": "https://w3id.org/dpv#PersonnelHiring",
    "channels": ["email"],
    "basis": "consent",
    "jurisdiction": "de",
    "notice": {"id": "talent-pool", "version": "3", "sha256": "9f" * 32, "language": "en"},
    "method": "web-form",
    "answered_by": "self",
    "recorded_by": "user:ana",
    "because_of": None,
    "consent": None,
    "came_from": "203.0.113.0",
    "evidence": "double opt-in",
    "note": None,
    "sent": [{"kind": "email-sent"}],
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
        {
            "name": name,
            "in": "header",
            "description": f"{integration.title}: {meaning}.",
            "schema": {"type": "string"},
        }
        for integration in INTEGRATIONS.values()
        for name, meaning in integration.signs.items()
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
    "title": "No consent",
    "status": 409,
    "type": "/problems/consent-is-missing",
}
CHANGE = f"""id: 1204
event: candidate-hired.v1
data: {{"position":1204,"id":"6b2f5b5e-33a1-5a0e-9c0b-1de0f7a4c001","stream":"{STREAM}","version":7, ...}}

: settled 1210
id: 1210

"""
REJECTED_OBJECT = '{"perennial_line":"7","perennial_where":"at", ...,"candidate":"4711","at":"yesterday"}'
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
BULK_BODY = body_example(
    {
        "touchpoints": [
            {"candidate": STREAM, "kind": "call-answered", "occurred_at": "2026-05-04T09:30:00Z"},
            {"candidate": STREAM, "kind": "email-replied", "note": "in the spring"},
        ],
        "mode": "each",
    }
)
IMPORT: Mapping[str, Any] = {
    "id": STREAM,
    "kind": "touchpoints",
    "system": "old-crm",
    "format": "csv",
    "encoding": "utf-8",
    "delimiter": ",",
    "state": "done",
    "ended_at": "2026-05-04T09:31:00.120000Z",
    "kept_until": "2026-06-03T09:31:00.120000Z",
    "size": 61,
    "read": 61,
    "lines": 1,
    "added": 1,
    "known": 0,
    "rejected": 0,
    "events": 1,
}
HISTORY: Mapping[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file; docs/imports.md has the columns of each kind.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "candidate,kind,at\n4711,call-answered,2024-05-04T09:30:00Z\n",
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"candidate":"4711","kind":"call-answered","at":"2024-05-04T09:30:00Z"}\n',
            },
        },
    },
}
REJECTED_LINES = """perennial_line,perennial_where,perennial_reason,perennial_what_to_do,candidate,kind,at
7,at,The value of 'at' cannot be read as a time.,Write it like 2026-05-04.,4711,call-answered,yesterday
"""
API_KEY: Mapping[str, Any] = {
    "id": "3f9c0a51d2e7",
    "name": "ana",
    "roles": ["recruiter"],
    "source": None,
    "scopes": None,
    "state": "good",
    "made_at": "2026-05-04T09:30:00.120000Z",
    "made_by": "user:ben",
    "expires_at": None,
    "revoked_at": None,
    "revoked_by": None,
}
READING: Mapping[str, Any] = {
    "reader": "user:ana",
    "kind": "searched",
    "page": "candidates",
    "people": [STREAM],
    "asked": '{"words": "gardener"}',
    "erased": False,
    "export": None,
    "holds": [],
}
DELIVERY: Mapping[str, Any] = {
    "id": "1234567890",
    "integration": "greenhouse",
    "action": "unreject_candidate",
    "state": "waiting",
    "age_seconds": 93600,
    "reason": "application-is-not-rejected",
    "detail": "It takes a rejection back, and none is known.",
    "what_to_do": "Nothing: it is applied when its cause comes.",
    "record": STREAM,
    "subject": STREAM,
    "waits_for": STREAM,
}
DELIVERY_COUNT: Mapping[str, Any] = {"state": "waiting", "reason": "application-is-not-rejected", "n": 1}
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
HASH = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
CHECKPOINT = f"""perennial-log/0198f3a0-7c1e-7000-8000-00000000a009
1204
{HASH}

— perennial-log/0198f3a0-7c1e-7000-8000-00000000a009 1f2e3d4cmJirIklj...
"""
LOG_KEY = "perennial-log/0198f3a0-7c1e-7000-8000-00000000a009+1f2e3d4c+AQ...="
PENDING = ("proof-is-pending", "log-cannot-be-reached")
BUNDLE: Mapping[str, Any] = {
    "format": "perennial-bundle/1",
    "origin": "perennial-log/0198f3a0-7c1e-7000-8000-00000000a009",
    "verifier_key": LOG_KEY,
    "checkpoint": CHECKPOINT,
    "checkpoints": [],
    "candidate": STREAM,
    "records": [{"record": STREAM, "events": 1}],
    "range": None,
    "entries": [{"index": 1203, "leaf": '{"actor":"user:ana", ...}', "clear": {"fact": "skill"}, "proof": [HASH]}],
}
PROPOSAL: Mapping[str, Any] = {
    "source": "greenhouse",
    "kind": "anonymise",
    "fields": ["email_addresses", "full_name"],
    "age_seconds": 93600,
    "state": "open",
    "decided_at": None,
    "decided_by": None,
    "ground": None,
}
PAGES: Mapping[str, Page] = {
    "erasure_proposals": Page(
        {**KNOWN, "definition": "erasure-proposals", "n": 1, "proposals": [PROPOSAL], "next": None},
        ("cursor-cannot-be-read", *OF_EVERY_QUESTION),
    ),
    "accept_erasure_proposal": Page(
        {**ERASURE, "by": "recruiter"},
        (
            "body-is-not-json",
            "body-is-too-large",
            "candidate-does-not-exist",
            "candidate-is-erased",
            "erasure-proposal-does-not-exist",
            "erasure-proposal-is-decided",
            "erasure-is-asked-by-nobody",
            "legal-hold-stands",
            "stream-moved",
            "log-cannot-be-reached",
        ),
        body_example({"by": "recruiter", "ground": "art-17"}),
    ),
    "erase_candidate": Page(
        ERASURE,
        (
            "body-is-not-json",
            "body-is-too-large",
            "candidate-does-not-exist",
            "candidate-is-erased",
            "erasure-is-asked-by-nobody",
            "legal-hold-stands",
            "stream-moved",
            "log-cannot-be-reached",
        ),
        body_example({"by": "self", "ground": "art-17"}),
    ),
    "release_address": Page(
        {"kind": "email", "ground": "shared-address", "position": 1204},
        (
            "body-is-not-json",
            "address-is-not-suppressed",
            "address-cannot-be-read",
            "address-is-placeholder",
            "stream-moved",
            "log-cannot-be-reached",
        ),
        body_example({"kind": "email", "address": "family@example.org", "ground": "shared-address"}),
    ),
    "erasure": Page(ERASURE, ("candidate-does-not-exist", "erasure-was-not-requested", "log-cannot-be-reached")),
    "accesses": Page(
        {**KNOWN, "definition": "accesses", "merged_into": None, "accesses": [READING], "next": None},
        ("cursor-cannot-be-read", *OF_EVERY_QUESTION),
    ),
    "make_api_key": Page(
        {"key": f"pnl_3f9c0a51d2e7_{'0' * 64}", "about": API_KEY},
        (
            "body-is-not-json",
            "body-is-too-large",
            "integration-stands-alone",
            "scope-is-wider-than-role",
            "expiry-is-past",
        ),
        body_example({"name": "ana", "roles": ["recruiter"], "expires_at": "2030-01-01T00:00:00Z"}),
    ),
    "api_keys": Page({"api_keys": [API_KEY]}),
    "revoke_api_key": Page({**API_KEY, "state": "revoked"}, ("key-does-not-exist",)),
    "profile": Page(PROFILE, ("candidate-does-not-exist", "log-cannot-be-reached")),
    "timeline": Page(
        {"candidate": STREAM, "merged_into": None, "records": [STREAM], "events": [EVENT], "next": 1190},
        ("candidate-does-not-exist", "log-cannot-be-reached"),
    ),
    "summary": Page(
        {
            **KNOWN,
            "version": 3,
            "definition": "candidate-summary",
            "candidate": STREAM,
            "contacts": 3,
            "engagements": 5,
        },
        ("candidate-does-not-exist", *OF_EVERY_QUESTION),
    ),
    "consents": Page(
        {
            **KNOWN,
            "version": 3,
            "candidate": STREAM,
            "merged_into": None,
            "valid_at": KNOWN["as_of"],
            "states": [STATE],
            "trail": [TRAIL_LINE],
        },
        ("candidate-does-not-exist", *OF_EVERY_QUESTION),
    ),
    "consents_expiring": Page(
        {**KNOWN, "definition": "consents-expiring", "consents": [{"channels": ["email"]}], "next": None},
        ("cursor-cannot-be-read", *OF_EVERY_QUESTION),
    ),
    "consent_receipt": Page(
        {"schema_version": "perennial-consent-receipt/1", "channels": ["email"], "history": [TRAIL_LINE]},
        ("consent-does-not-exist", "log-cannot-be-reached"),
    ),
    "consent_receipt_page": Page(
        "<!DOCTYPE html><title>Consent receipt</title>...",
        ("consent-does-not-exist", "log-cannot-be-reached"),
        media_type="text/html",
    ),
    "subject_access": Page(
        {"format": "perennial-subject-access/1", "profile": PROFILE, "records": [STREAM]},
        ("candidate-does-not-exist", "read-model-is-behind", "log-cannot-be-reached"),
    ),
    "subject_access_page": Page(
        "<!DOCTYPE html><title>What we hold about you</title>...",
        ("candidate-does-not-exist", "read-model-is-behind", "log-cannot-be-reached"),
        media_type="text/html",
    ),
    "retention": Page(
        {**KNOWN, "definition": "retention", "people": [{"standing": "due", "because": []}], "next": None},
        ("cursor-cannot-be-read", *OF_EVERY_QUESTION),
    ),
    "audit_dispatches": Page(
        {
            **KNOWN,
            "definition": "dispatches",
            "dispatches": [{"kind": "email-sent", "reported_by": "perennial", "corrected_by": None}],
            "next": None,
        },
        ("candidate-does-not-exist", "cursor-cannot-be-read", "period-is-empty", *OF_EVERY_QUESTION),
    ),
    "requisition": Page(
        {"requisition": STREAM, "withheld": False}, ("requisition-does-not-exist", "log-cannot-be-reached")
    ),
    "application": Page({"application": STREAM}, ("application-does-not-exist", "log-cannot-be-reached")),
    "candidate_communities": Page(
        {
            **KNOWN,
            "definition": "community-members",
            "merged_into": None,
            "communities": [{"around": "skill", "topic": "python", "by": "self"}],
        },
        ("candidate-does-not-exist", *OF_EVERY_QUESTION),
    ),
    "community_members": Page(
        {
            **KNOWN,
            "definition": "community-members",
            "around": "skill",
            "topic": "python",
            "members": [{"by": "recruiter"}],
            "next": None,
        },
        ("community-does-not-exist", "cursor-cannot-be-read", *OF_EVERY_QUESTION),
    ),
    "referrals_made": Page(
        {
            **KNOWN,
            "definition": "referrals-made",
            "merged_into": None,
            "referrals": [{"stage": "interviewing"}],
            "next": None,
        },
        ("candidate-does-not-exist", "cursor-cannot-be-read", *OF_EVERY_QUESTION),
    ),
    "receive_delivery": Page(
        {"outcome": "applied", "reason": None, "position": 1204, "events": 3},
        (
            "delivery-cannot-be-read",
            "delivery-is-stale",
            "token-was-used",
            "handshake-is-not-open",
            "signature-is-wrong",
            "body-is-too-large",
            "integration-does-not-exist",
            "integration-has-no-secret",
            "log-cannot-be-reached",
        ),
        SIGNED,
    ),
    "deliveries": Page(
        {"reasons": [DELIVERY_COUNT], "exact": True, "deliveries": [DELIVERY], "next": None},
        ("cursor-cannot-be-read", "log-cannot-be-reached", "question-takes-too-long"),
    ),
    "changes": Page(
        CHANGE,
        ("event-type-is-unknown", "position-lies-ahead", "log-cannot-be-reached"),
        media_type="text/event-stream",
        each=Change,
    ),
    "record_touchpoints": Page(
        BULK_ANSWER,
        (
            "body-is-not-json",
            "touchpoints-were-refused",
            "body-is-too-large",
            "candidate-is-erased",
            "idempotency-key-was-used-for-another-request",
            "request-is-in-flight",
            "stream-moved",
            "log-cannot-be-reached",
        ),
        BULK_BODY,
    ),
    "import_file": Page(
        IMPORT,
        (
            "body-is-no-file-of-history",
            "body-is-too-large",
            "mapping-cannot-be-read",
            "file-is-empty",
            "encoding-is-unknown",
            "delimiter-is-unknown",
            "idempotency-key-was-used-for-another-request",
            "request-is-in-flight",
        ),
        HISTORY,
    ),
    "candidates": Page(
        {
            "n": 1,
            "exact": True,
            "facets": [{"kind": "role", "value": "gardener", "n": 1}],
            "readings": [],
            "next": None,
        },
        ("cursor-cannot-be-read", "channel-is-asked-without-consent", *OF_THE_DIRECTORY),
    ),
    "candidates_of_address": Page(
        {},
        ("body-is-not-json", *OF_AN_ADDRESS, *OF_THE_DIRECTORY),
        body_example({"kind": "email", "address": "zoe@example.org"}),
    ),
    "duplicates": Page({"next": None}, ("cursor-cannot-be-read", *OF_THE_DIRECTORY)),
    "imports": Page({"imports": [IMPORT], "next": None}, ("cursor-cannot-be-read",)),
    "imported": Page(IMPORT, ("import-does-not-exist",)),
    "remove_import": Page({}, ("import-does-not-exist", "import-has-not-ended")),
    "rejected_lines": Page(
        REJECTED_LINES,
        ("import-does-not-exist", "import-rejected-nothing"),
        media_type="text/csv",
        also={"application/x-ndjson": REJECTED_OBJECT},
    ),
    "log_checkpoint": Page(CHECKPOINT, PENDING, media_type="text/plain"),
    "log_key": Page(LOG_KEY, PENDING, media_type="text/plain"),
    "log_tile": Page(
        "(hashes of 32 bytes, side by side)",
        ("tile-does-not-exist", "log-cannot-be-reached"),
        media_type="application/octet-stream",
    ),
    "log_consistency": Page({"from_size": 1000, "to_size": 1204, "hashes": [HASH]}, ("size-was-not-signed", *PENDING)),
    "event_proof": Page(
        f"c2sp.org/tlog-proof@v1\nindex 1203\n{HASH}\n\n{CHECKPOINT}",
        ("event-does-not-exist", *PENDING),
        media_type="text/plain",
    ),
    "event_opening": Page(
        {"index": 1203, "leaf": '{"actor":"user:ana", ...}', "clear": '{"fact":"skill", ...}'},
        ("event-does-not-exist", "log-cannot-be-reached"),
    ),
    "audit_bundle": Page(
        BUNDLE,
        ("bundle-is-of-one-thing", "candidate-does-not-exist", "checkpoint-was-not-published", *PENDING),
    ),
    "projections": Page({"projections": [READ_MODEL]}, ("log-cannot-be-reached",)),
    "problems": Page({"problems": [PROBLEM]}),
    "problem": Page(PROBLEM, ("problem-does-not-exist",)),
    "healthz": Page(problems=("parts-do-not-run",)),
    "readyz": Page(problems=("log-cannot-be-reached",)),
    "metrics": Page("perennial_log_head 1204.0", ("log-cannot-be-reached",), media_type="text/plain"),
}
