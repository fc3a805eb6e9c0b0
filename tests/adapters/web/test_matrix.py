"""Every route, asked by callers, about what is theirs, what is another's and what is not there.

What must be answered is worked out from the policy and from ownership; ROWS says of each route what it is about, and a
route without a row fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from limits import parse

from adapters import bootstrap
from adapters.access.keys import Wanted
from adapters.access.ownership import NAMES_A_SOURCE
from adapters.access.policy import POLICY, Action, Role
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.settings import Settings
from adapters.web import routes
from adapters.web.app import create_app
from adapters.web.framework.document import Api
from adapters.web.framework.rates import Rates
from adapters.web.services import Services
from commands.handle import Occasion, handle
from commands.propose_erasure import ProposeErasure
from tests.adapters.web.conftest import SECRETS, bearing, serving

World = Mapping[str, str]
"""Something of every kind: the name by which routes ask for it -> its id."""
Ask = Callable[[httpx.Client, "Route", World], str]
SOURCE = "acorn"
BUT_INTEGRATION = tuple(role for role in Role if role is not Role.INTEGRATION)


@dataclass(frozen=True, slots=True)
class Row:
    """What a route is about, by the names in its path and its body. `own`: what an integration must own, and others
    need only be right about. `there`: what need only exist. `parts`: of the one before, and never looked at alone.
    `compared`: what a rule holds against other things, where it may fail before its existence is checked: to
    an integration what is foreign must still be as what is missing. `mine`: what belongs to a person, who alone knows
    of it. `unread`: who is named and not looked at; an integration names its own alone, foreign and missing alike."""

    own: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    mine: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


NOTHING, CANDIDATE, JOB = Row(), Row(own=("candidate",)), Row(own=("requisition",))
APPLICATION, REFERRAL = Row(own=("application",)), Row(own=("referral",))
ROWS: Mapping[str, Row] = {
    "SourceCandidate": NOTHING,
    "ReferCandidate": Row(unread=("referrer",)),
    "CompleteSegments": CANDIDATE,
    "LearnProfileFact": CANDIDATE,
    "RetractProfileFact": CANDIDATE,
    "FoundCommunity": NOTHING,
    "JoinCommunity": Row(own=("candidate",), there=("community",)),
    "LeaveCommunity": CANDIDATE,
    "AskForReferral": Row(own=("referrer",)),
    "MakeReferral": Row(own=("candidate",), compared=("referrer",)),
    "AcceptReferral": Row(own=("referral",), compared=("candidate",)),
    "DeclineReferral": REFERRAL,
    "LinkReferral": Row(own=("referral",), compared=("application",)),
    "CreditReferral": Row(own=("referral",), compared=("application",)),
    "MergeCandidates": Row(own=("candidate", "absorbed")),
    "UnmergeCandidates": Row(own=("candidate", "absorbed")),
    "RecordTouchpoint": CANDIDATE,
    "CorrectTouchpoint": Row(own=("candidate",), parts=("touchpoint",)),
    "RequestSend": CANDIDATE,
    "GiveConsent": CANDIDATE,
    "RequestConsent": CANDIDATE,
    "RefuseConsent": CANDIDATE,
    "WithdrawConsent": CANDIDATE,
    "DeclineErasureProposal": Row(own=("candidate",), parts=("proposal",)),
    "SetLegalHold": CANDIDATE,
    "LiftLegalHold": CANDIDATE,
    "RestrictProcessing": CANDIDATE,
    "LiftRestriction": CANDIDATE,
    "OpenRequisition": NOTHING,
    "OpenOpening": JOB,
    "CancelOpening": Row(own=("requisition",), parts=("opening",)),
    "ReopenOpening": Row(own=("requisition",), parts=("opening",)),
    "HoldRequisition": JOB,
    "ResumeRequisition": JOB,
    "CloseRequisition": JOB,
    "ReopenRequisition": JOB,
    "SetTargetDate": JOB,
    "AssignHiringManager": JOB,
    "AssignRecruiter": JOB,
    "RenameRequisition": JOB,
    "CorrectOpeningDate": JOB,
    "SubmitApplication": Row(own=("candidate",), there=("requisition",)),
    "AddProspect": CANDIDATE,
    "EnterStage": APPLICATION,
    "RejectApplication": APPLICATION,
    "WithdrawApplication": APPLICATION,
    "AcceptOffer": Row(own=("application",), compared=("requisition", "opening")),
    "HireCandidate": APPLICATION,
    "MoveBack": APPLICATION,
    "UnrejectApplication": APPLICATION,
    "UnhireCandidate": APPLICATION,
    "MakeOffer": Row(own=("application",), compared=("requisition",)),
    "DeclineOffer": APPLICATION,
    "RescindOffer": APPLICATION,
    "TransferApplication": Row(own=("application",), there=("requisition",)),
    "pipeline_growth": NOTHING,
    "engagement": NOTHING,
    "time_to_fill": NOTHING,
    "touchpoint_counts": NOTHING,
    "stage_conversion": NOTHING,
    "time_in_stage": NOTHING,
    "time_to_hire": NOTHING,
    "source_of_hire": NOTHING,
    "candidates": NOTHING,
    "candidates_of_address": NOTHING,
    "duplicates": NOTHING,
    "profile": Row(there=("candidate",)),
    "summary": Row(there=("candidate",)),
    "timeline": Row(there=("candidate",)),
    "consents": Row(there=("candidate",)),
    "consents_expiring": NOTHING,
    "consent_receipt": Row(there=("event",)),
    "consent_receipt_page": Row(there=("event",)),
    "audit_dispatches": NOTHING,
    "candidate_communities": Row(there=("candidate",)),
    "community_members": Row(there=("community",)),
    "referrals_made": Row(there=("referrer",)),
    "record_touchpoints": NOTHING,
    "import_file": NOTHING,
    "imports": NOTHING,
    "imported": Row(mine=("import_id",)),
    "remove_import": Row(mine=("import_id",)),
    "rejected_lines": Row(mine=("import_id",)),
    "changes": NOTHING,
    "accesses": NOTHING,
    "audit_bundle": NOTHING,
    "log_checkpoint": NOTHING,
    "log_key": NOTHING,
    "log_tile": Row(there=("path",)),
    "log_consistency": NOTHING,
    "event_proof": Row(there=("event",)),
    "event_opening": Row(there=("event",)),
    "requisition": Row(there=("requisition",)),
    "application": Row(there=("application",)),
    "receive_delivery": NOTHING,
    "deliveries": NOTHING,
    "make_api_key": NOTHING,
    "api_keys": NOTHING,
    "revoke_api_key": Row(there=("api_key",)),
    "projections": NOTHING,
    "problems": NOTHING,
    "problem": Row(there=("slug",)),
    "healthz": NOTHING,
    "readyz": NOTHING,
    "metrics": NOTHING,
    "subject_access": Row(there=("candidate",)),
    "subject_access_page": Row(there=("candidate",)),
    "retention": NOTHING,
    "release_address": NOTHING,
    "erasure": Row(there=("candidate",)),
    "erase_candidate": Row(there=("candidate",)),
    "erasure_proposals": NOTHING,
    "accept_erasure_proposal": Row(there=("candidate",), parts=("proposal",)),
}
LAST = ("revoke_api_key", "remove_import", "accept_erasure_proposal", "erase_candidate")
"""What takes away what the others are about."""
PERIOD = {"from": "2024-01-01", "to": "2025-01-01"}
QUERIES: Mapping[str, Mapping[str, str]] = {
    "import_file": {"kind": "candidates", "system": "old-crm"},
    "log_consistency": {"from": "1", "to": "1"},
    "audit_bundle": {"since": "0"},
}
"""What must stand behind the question mark."""
BROKEN = ("request-is-malformed", "too-many-requests", "body-is-not-json", "source-is-not-yours", "perennial-failed")


@dataclass(frozen=True, slots=True)
class Route:
    """A line of the table of contents, with its operation in the OpenAPI document."""

    operation: str
    method: str
    path: str
    action: Action
    makes: str | None
    described: Mapping[str, Any]

    @property
    def row(self) -> Row:
        return ROWS[self.operation]

    def query(self) -> Mapping[str, str]:
        return PERIOD if self.described["tags"] == ["metrics"] else QUERIES.get(self.operation, {})

    def body(self, world: World, source: str | None) -> dict[str, Any]:
        """What httpx is to send: the description's example, about the things of the world."""
        content = self.described.get("requestBody", {}).get("content", {})
        if not content:
            return {}
        media_type, content_of_type = next(iter(content.items()))
        if media_type != "application/json":
            return {"content": content_of_type["example"], "headers": {"Content-Type": media_type}}
        example = {
            name: world.get(name, value) for name, value in content_of_type["example"].items() if name != self.makes
        }
        if source is not None:
            example |= {name: source for name in NAMES_A_SOURCE if name in example}
        return {"json": example}


def routes_of(app: Api) -> list[Route]:
    """Every route, those that take something away at the end."""
    document, unnamed = app.openapi(), []
    lines: tuple[Any, ...] = (*routes.COMMANDS, *routes.METRICS, *routes.ENDPOINTS)
    for line in lines:
        method = getattr(line, "method", "POST" if line in routes.COMMANDS else "GET")
        operation = document["paths"][line.path.replace(":path}", "}")][method.lower()]
        makes = getattr(line, "makes", None)
        unnamed.append(
            Route(operation["operationId"], method, line.path.replace(":path}", "}"), line.action, makes, operation)
        )
    return sorted(unnamed, key=lambda route: LAST.index(route.operation) if route.operation in LAST else -1)


def test_every_route_has_a_row_and_every_row_a_route(app: Api) -> None:
    """Say in ROWS what the new route is about, and the matrix says who may."""
    assert {route.operation for route in routes_of(app)} == set(ROWS)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: with which client, as which role (None: without a key), and what of that is lacking."""

    name: str
    client: httpx.Client
    role: Role | None = None
    refused: str | None = None
    """The problem wherever a key is needed; None: it depends on the policy."""
    own: Mapping[str, str] = field(default_factory=dict)
    """What belongs to this person."""

    @property
    def source(self) -> str | None:
        return SOURCE if self.role is Role.INTEGRATION else None

    def expected(self, route: Route, about: str, name: str = "") -> str:
        """The answer, by the policy and by ownership. `about`: 'own', 'foreign' or 'missing'."""
        if route.action is Action.DELIVER:
            return "signature-is-wrong"
        if route.action is not Action.PUBLIC:
            if self.refused is not None:
                return self.refused
            if self.role is None or route.action not in POLICY[self.role]:
                return "role-may-not"
        if (
            self.role is Role.INTEGRATION
            and about != "own"
            and (route.row.unread if not name else name in route.row.unread)
        ):
            return "person-is-not-yours"
        names = (name,) if name else (*route.row.own, *route.row.mine)
        hidden = route.row.mine + (route.row.own if self.role is Role.INTEGRATION else ())
        not_theirs = about == "foreign" and any(field in hidden for field in names)
        return "not there" if about == "missing" or not_theirs else "reached"


def answer_to(caller: Caller, route: Route, world: World) -> tuple[int, str]:
    """The status, and the problem's name where it is one. What streams is not waited for."""
    path, body = route.path.format_map(world), route.body(world, caller.source)
    request = caller.client.build_request(route.method, path, params=route.query(), **body)
    answer = caller.client.send(request, stream=True)
    try:
        if answer.is_success:
            return answer.status_code, ""
        answer.read()
        slug: str = answer.json()["type"].removeprefix("/problems/")
        return answer.status_code, slug
    finally:
        answer.close()


def outcome_of(caller: Caller, route: Route, world: World) -> str:
    """What became of the request: 'reached', 'not there', or the problem that stands in its way."""
    status, slug = answer_to(caller, route, world)
    if status == 404 and slug.endswith("-does-not-exist"):
        return "not there"
    stopped = status in (401, 403) or status >= 500 or slug in BROKEN
    return slug if stopped else "reached"


def cells(caller: Caller, route: Route, own: World, foreign: World) -> Iterator[tuple[str, World, str]]:
    """What is asked of a route, about which world, and what must be answered."""
    own = {**own, **caller.own}
    row = route.row
    yield "own", own, caller.expected(route, "own")
    yield "foreign", foreign, caller.expected(route, "foreign")
    for name in (*row.own, *row.there, *row.parts, *row.mine):
        yield f"missing {name}", {**own, name: MISSING.get(name) or str(uuid4())}, caller.expected(route, "missing")
    for name in row.unread if caller.role is Role.INTEGRATION else ():
        yield f"missing {name}", {**own, name: str(uuid4())}, caller.expected(route, "missing", name)
    for name in row.own if caller.role is Role.INTEGRATION else ():
        yield f"foreign {name}", {**own, name: foreign[name]}, caller.expected(route, "foreign", name)


MISSING = {"path": "999", "slug": "no-such-problem", "api_key": "000000000000"}


def world_of(client: httpx.Client, source: str | None) -> dict[str, str]:
    """Something of every kind, made by the caller."""
    named = {} if source is None else {"source": source}

    def make(path: str, what: str, **body: Any) -> str:
        answer = client.post(path, json=body)
        assert answer.is_success, answer.text
        content: dict[str, Any] = answer.json()
        return str(content["ids"][what]) if what in content["ids"] else str(content["events"][0]["id"])

    world = {"purpose": "talent_pool", "matter": "case-1", "slug": "consent-is-missing", "level": "0"}
    world["source"] = "greenhouse"
    for name in ("candidate", "absorbed", "referrer"):
        world[name] = make("/v1/candidates", "candidate", name="Zoe Sahin", **named)
    of_candidate = f"/v1/candidates/{world['candidate']}"
    world["community"] = make("/v1/communities", "community", around="skill", topic="python")
    world["touchpoint"] = make(f"{of_candidate}/touchpoints", "touchpoint", kind="call-answered")
    world["referral"] = make(f"{of_candidate}/referrals", "referral", referrer=world["referrer"])
    world["requisition"] = make("/v1/requisitions", "requisition", role="gardener", **named)
    world["opening"] = make(f"/v1/requisitions/{world['requisition']}/openings", "opening")
    both = {"candidate": world["candidate"], "requisition": world["requisition"]}
    world["application"] = make("/v1/applications", "application", **both, **named)
    consent = {"purpose": "talent_pool", "channels": ["email"], "notice": "privacy", "notice_version": "3"}
    world["event"] = make(f"{of_candidate}/consents", "event", **consent)
    world["proposal"] = str(uuid4())
    return world


@dataclass(frozen=True, slots=True)
class House:
    """A served Perennial with many people before it."""

    services: Services
    url: str
    stack: ExitStack

    def client(self, key: str | None) -> httpx.Client:
        """It must be answered as the description promises."""
        return self.stack.enter_context(
            httpx.Client(verify=False, base_url=self.url, headers=bearing(key) if key else {}, timeout=30)
        )

    def key(self, name: str, *roles: Role, made_at: datetime | None = None, **more: Any) -> str:
        source = SOURCE if Role.INTEGRATION in roles else None
        wanted = Wanted(name, frozenset(roles), source, **more)
        return self.services.api_keys.make(wanted, "user:test", made_at or self.services.now()).text

    def upload(self, client: httpx.Client) -> dict[str, str]:
        parameters = {"kind": "candidates", "system": "old-crm"}
        answer = client.post(
            "/v1/imports", params=parameters, content="candidate\n1\n", headers={"Content-Type": "text/csv"}
        )
        return {"import_id": answer.json()["id"]} if answer.is_success else {}

    def callers(self) -> Iterator[Caller]:
        yield Caller("without a key", self.client(None), refused="key-is-missing")
        last_year = self.services.now() - timedelta(days=365)
        late = self.key("late", *BUT_INTEGRATION, made_at=last_year, expires_at=last_year + timedelta(days=1))
        gone = self.key("gone", *BUT_INTEGRATION)
        self.services.api_keys.revoke(gone.split("_")[1], "user:test", self.services.now())
        for name, key in (("expired", late), ("revoked", gone)):
            yield Caller(name, self.client(key), refused="key-is-not-valid")
        for role in Role:
            client = self.client(self.key(f"one-{role}", role))
            yield Caller(role, client, role, own=self.upload(client))

    def propose(self, world: World) -> None:
        """The proposal of the world is made, as an integration's delivery makes it."""
        candidate, proposal, now = UUID(world["candidate"]), UUID(world["proposal"]), self.services.now()
        command = ProposeErasure(candidate=candidate, proposal=proposal, source="crm", kind="delete", now=now)
        occasion = Occasion(self.services.new_id(), "integration:crm", now)
        handle(self.services.log, self.services.verbs, occasion, lambda: (command,))

    def narrowed(self, role: Role, action: Action) -> Caller:
        """A role whose key leaves out this one action."""
        scopes = POLICY[role] - {action}
        return Caller(f"{role} without {action}", self.client(self.key("less", role, scopes=scopes)), role)


@pytest.fixture
def house(services: Services) -> Iterator[House]:
    unlimited, secrets = Rates(parse("1000000/second"), parse("1000000/second")), dict.fromkeys(INTEGRATIONS, SECRETS)
    app = create_app(replace(services, rates=unlimited, secrets=secrets))
    with ExitStack() as stack, serving(app) as url:
        yield House(services, url, stack)


def caught_up(database: str, settings: Settings) -> int:
    """Every read model knows of everything, and everything is signed; gives how many leaves there are."""
    with bootstrap.projector(database) as datastore:
        bootstrap.runner(datastore, settings).catch_up()
    with bootstrap.sequencer(database, settings) as sequencer:
        return sequencer.catch_up()


def test_every_route_answers_everybody_as_the_policy_and_ownership_say(
    house: House, app: Api, database: str, settings: Settings, folding: None
) -> None:
    tester = house.client(house.key("tester", *BUT_INTEGRATION))
    foreign = {**world_of(tester, None), **house.upload(tester)}
    integration = house.client(house.key("acorn", Role.INTEGRATION))
    own = {**foreign, **world_of(integration, SOURCE)}
    for world in (own, foreign):
        world["api_key"] = house.key("spare", Role.ANALYST).split("_")[1]
        house.propose(world)
    callers = list(house.callers())
    leaves = caught_up(database, settings)
    for world in (own, foreign):
        world["path"] = f"000.p/{leaves}" if leaves < 256 else "000"
    wrong = [
        f"{caller.name} {route.method} {route.path}, {about}: {outcome}, not {expected}"
        for route in routes_of(app)
        for caller in callers
        for about, world, expected in cells(caller, route, own, foreign)
        if (outcome := outcome_of(caller, route, world)) != expected
    ]
    assert not wrong, "\n".join(wrong)


def test_to_an_integration_what_is_foreign_is_as_what_is_missing(house: House, app: Api) -> None:
    foreign = world_of(house.client(house.key("tester", *BUT_INTEGRATION)), None)
    acorn = Caller("acorn", house.client(house.key("acorn", Role.INTEGRATION)), Role.INTEGRATION)
    own = world_of(acorn.client, SOURCE)
    looked_at = 0
    for route in routes_of(app):
        for name in (*route.row.own, *route.row.compared) if route.action in POLICY[Role.INTEGRATION] else ():
            about = f"{route.operation}, {name}"
            of_missing = answer_to(acorn, route, {**own, name: str(uuid4())})
            assert answer_to(acorn, route, {**own, name: foreign[name]}) == of_missing, about
            looked_at += 1
    assert looked_at > 40


def test_a_key_that_was_narrowed_may_only_do_the_rest(house: House, app: Api) -> None:
    tester = house.client(house.key("tester", *BUT_INTEGRATION))
    world = {**world_of(tester, None), **house.upload(tester), "api_key": "000000000000", "path": "000"}
    wrong = [
        f"{role} {route.method} {route.path}: {outcome}"
        for role in Role
        for action in POLICY[role]
        for less in [house.narrowed(role, action)]
        for route in routes_of(app)
        if route.action is action
        if (outcome := outcome_of(less, route, world)) != "role-may-not"
    ]
    assert not wrong, "\n".join(wrong)
