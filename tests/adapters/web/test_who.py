"""Without a key a request gets 401, without the right 403, and a route that the policy does not name is closed."""

from __future__ import annotations

import asyncio
import base64

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from starlette.routing import Route

from adapters.access.policy import POLICY, WITHOUT_KEY, Action, Role
from adapters.web.app import ACTIONS
from adapters.web.framework.document import Api
from adapters.web.framework.problems import answer_with_problems
from adapters.web.framework.rates import Limits
from adapters.web.framework.who import OF_THE_FRAMEWORK, AuthenticationMiddleware, guard
from adapters.web.services import Services
from tests.adapters.web.conftest import ClientAs, bearing, contract_of, key_of, problem

SECRETS = {"authorization": "Bearer pnl_000000000000_" + "0" * 64}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/problems", "/openapi.json", "/docs"])
def test_what_is_public_needs_no_key_and_minds_no_bad_one(anonymous: httpx.Client, path: str) -> None:
    assert anonymous.get(path).status_code == 200
    assert anonymous.get(path, headers=SECRETS).status_code == 200


def test_without_a_key_nothing_else_is_answered_and_nothing_is_read(anonymous: httpx.Client, app: Api) -> None:
    for (path, method), action in ACTIONS.items():
        if action not in WITHOUT_KEY:
            answer = anonymous.request(method, path.replace("{", "").replace("}", ""), content=b"{")
            assert problem(answer) == (401, "key-is-missing"), (method, path)
            assert answer.headers.get_list("www-authenticate") == ['Bearer realm="perennial"']


def test_a_bad_key_is_refused_and_not_repeated(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/v1/imports", headers=SECRETS)
    assert problem(answer) == (401, "key-is-not-valid")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="perennial", error="invalid_token"')
    assert "pnl_0000" not in answer.text


def test_a_password_is_no_key(anonymous: httpx.Client, key: str) -> None:
    for shown in (base64.b64encode(f"any:{key}".encode()), base64.b64encode(key.encode()), b"\xff\xfe"):
        headers = httpx.Headers([(b"Authorization", b"Basic " + shown)])
        answer = anonymous.get("/v1/imports", headers=headers)
        assert problem(answer) == (401, "key-is-not-valid")
        assert "Basic" not in answer.headers["www-authenticate"]


FETCHES = [
    ("cross-site", "no-cors", "image"),
    ("cross-site", "cors", "empty"),
    ("same-site", "cors", "empty"),
    ("same-site", "no-cors", "script"),
    ("cross-site", "navigate", "iframe"),
    ("cross-site", "navigate", "embed"),
    ("cross-site", "no-cors", "document"),
    ("whatever", "no-cors", "image"),
]


def fetched(site: str, mode: str, dest: str) -> dict[str, str]:
    return {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}


@pytest.mark.parametrize("names", FETCHES)
def test_what_another_site_fetches_is_refused_on_every_route_that_is_not_public(
    client: httpx.Client, names: tuple[str, str, str]
) -> None:
    for (path, method), action in ACTIONS.items():
        answer = client.request(method, path.replace("{", "").replace("}", ""), headers=fetched(*names), content=b"")
        if action is Action.PUBLIC:
            assert answer.status_code != 403, (method, path)
        else:
            assert problem(answer) == (403, "request-is-cross-site"), (method, path)


def test_a_link_that_a_person_opens_is_answered_and_a_form_of_another_site_is_not(client: httpx.Client) -> None:
    opened = fetched("cross-site", "navigate", "document")
    assert client.get("/v1/imports", headers=opened).status_code == 200
    assert client.head("/v1/imports", headers=opened).status_code == 200
    assert problem(client.post("/v1/candidates", json={}, headers=opened)) == (403, "request-is-cross-site")
    for site in ("same-origin", "none"):
        assert client.get("/v1/imports", headers=fetched(site, "cors", "empty")).status_code == 200
    twice = httpx.Headers([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")])
    assert problem(client.get("/v1/imports", headers=twice)) == (403, "request-is-cross-site")


def test_files_about_people_are_asked_for_by_post() -> None:
    """What is recorded as an export, by the methods that give it out."""
    for path in (
        "/v1/audit/bundles",
        "/v1/candidates/{candidate}/subject-access-report",
        "/v1/candidates/{candidate}/subject-access-report.html",
        "/v1/imports/{import_id}/rejected-lines",
    ):
        assert (path, "POST") in ACTIONS
        assert (path, "GET") not in ACTIONS


@pytest.mark.parametrize("role", Role)
def test_every_route_is_open_to_the_roles_of_its_action_alone(client_as: ClientAs, role: Role) -> None:
    caller = client_as(role, source="old-crm" if role is Role.INTEGRATION else None)
    for (path, method), action in ACTIONS.items():
        if action not in WITHOUT_KEY and action not in POLICY[role]:
            answer = caller.request(method, path.replace("{", "").replace("}", ""), content=b"{")
            assert problem(answer) == (403, "role-may-not"), (method, path)
            assert f"'{action}'" in answer.json()["detail"]


def test_a_role_that_may_not_read_cannot_detect_whether_a_record_exists(client_as: ClientAs, candidate: str) -> None:
    caller = client_as(Role.ANALYST)
    there, missing = (caller.get(f"/v1/candidates/{record}").json() for record in (candidate, "no-id"))
    assert {**there, "instance": ""} == {**missing, "instance": ""}


def test_a_route_that_no_line_names_is_closed_to_everybody(services: Services, key: str) -> None:
    app = FastAPI()
    app.get("/forgotten")(lambda: "secrets")
    app.get("/named")(lambda: "nothing")
    answer_with_problems(app)
    guard(app, {("/named", "GET"): Action.MANAGE_KEYS})
    app.add_middleware(AuthenticationMiddleware, authenticator=services.authenticator, limits=Limits(services.rates))
    transport = httpx.ASGITransport(app)

    async def answers() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=transport, base_url="http://house", headers=bearing(key)) as caller:
            return [await caller.get("/named"), await caller.get("/forgotten")]

    named, forgotten = asyncio.run(answers())
    assert named.json() == "nothing"
    assert problem(forgotten) == (403, "role-may-not")


def test_every_route_of_the_application_has_an_action(app: Api) -> None:
    actions = {**OF_THE_FRAMEWORK, **ACTIONS}
    for route in app.routes:
        if isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                assert (route.path, method) in actions


def test_keys_that_cannot_be_looked_up_are_a_log_that_cannot_be_reached(
    anonymous: httpx.Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: str) -> None:
        raise psycopg.OperationalError("gone")

    headers = bearing(key_of(services, Role.RECRUITER))
    monkeypatch.setattr(services.authenticator, "find", gone)
    assert problem(anonymous.get("/v1/imports", headers=headers)) == (503, "log-cannot-be-reached")
    assert anonymous.get("/healthz", headers=headers).status_code == 200


def test_the_description_says_what_must_be_shown(app: Api) -> None:
    described = contract_of(app).described
    assert set(described["components"]["securitySchemes"]) == {"bearer"}
    for (path, method), action in ACTIONS.items():
        operation = described["paths"][path.replace(":path}", "}")][method.lower()]
        schemes = [name for needed in operation["security"] for name in needed]
        if action in WITHOUT_KEY:
            assert schemes == []
        else:
            assert schemes == ["bearer"]
            assert {"401", "403"} <= set(operation["responses"])
