"""Every response forbids to cache it, to guess its type, to run it and to frame it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from adapters.web.app import create_app
from adapters.web.endpoints.docs import START, digest_of
from adapters.web.framework.headers import POLICY
from adapters.web.services import Services
from tests.adapters.web.conftest import bearing, problem, serving


def require_guarded(answer: httpx.Response) -> None:
    headers = answer.headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "server" not in headers
    assert len(headers.get_list("content-security-policy")) == 1


def test_answers_problems_and_failures_are_all_guarded(
    client: httpx.Client, anonymous: httpx.Client, candidate: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [
        client.get(f"/v1/candidates/{candidate}"),
        client.get("/v1/candidates/x"),
        client.get("/nowhere"),
        client.put("/healthz"),
        anonymous.get(f"/v1/candidates/{candidate}"),
        anonymous.get("/healthz"),
        anonymous.get("/openapi.json"),
        anonymous.get("/docs"),
        client.head("/healthz"),
        client.post("/v1/candidates", content=b"x" * 2_000_000),
        client.post("/v1/candidates", json={"source": "fair", "name": "Nora Blum"}),
    ]
    monkeypatch.setattr("adapters.web.endpoints.candidates.profile", lambda *_: 1 / 0)
    answers.append(client.get(f"/v1/candidates/{candidate}"))
    assert [answer.status_code for answer in answers] == [200, 422, 404, 405, 401, 200, 200, 200, 200, 413, 201, 500]
    for answer in answers:
        require_guarded(answer)
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers


def test_a_stream_is_guarded_too(client: httpx.Client, candidate: UUID) -> None:
    with client.stream("GET", "/v1/changes") as stream:
        require_guarded(stream)


@pytest.fixture
def by_https(services: Services, key: str) -> Iterator[httpx.Client]:
    app = create_app(replace(services, https=True))
    with serving(app) as url, httpx.Client(verify=False, base_url=url, headers=bearing(key)) as client:
        yield client


def test_with_https_alone_browsers_get_strict_transport_security(by_https: httpx.Client) -> None:
    assert by_https.get("/healthz").headers["strict-transport-security"] == "max-age=31536000"


def test_the_docs_page_may_load_exactly_what_it_names(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/docs")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    (script,) = re.findall(r'<script src="([^"]+)" integrity="sha384-', answer.text)
    (inline,) = re.findall(r"<script>(.+?)</script>", answer.text)
    (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)" integrity="sha384-', answer.text)
    assert inline == START
    assert policy["script-src"] == f"{script} '{digest_of(inline)}'"
    assert policy["style-src"] == style
    assert policy["connect-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_the_frameworks_own_pages_are_gone(anonymous: httpx.Client) -> None:
    assert anonymous.get("/redoc").status_code == 404
    assert anonymous.get("/docs/oauth2-redirect").status_code == 404


def test_everything_else_may_load_nothing(anonymous: httpx.Client) -> None:
    assert anonymous.get("/healthz").headers["content-security-policy"] == POLICY


def test_no_answer_redirects_to_the_host_that_a_request_names(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/v1/candidates/", headers={"Host": "elsewhere.example"})
    assert problem(answer) == (404, "route-does-not-exist")
    assert "location" not in answer.headers
