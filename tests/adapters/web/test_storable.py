"""Whatever strings, times and numbers come in, at whichever entrance: recorded or refused, never a failure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.log.event_log import EventLog
from adapters.web import routes
from adapters.web.framework.bodies import example_of
from adapters.web.framework.document import Api
from adapters.web.services import Services
from tests.adapters.intake.integrations.bodies import APPLIED, MOVED, application, delivery, signed
from tests.adapters.web.conftest import SECRETS, problem
from tests.hostile import MOMENTS, TEXTS, json_texts

JSON = {"Content-Type": "application/json"}
MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
COMMANDS = st.sampled_from(routes.COMMANDS)


def require_no_failure(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.json()["detail"]


def sent(text: str) -> bytes:
    """Return the text as a client sends it. An unescaped half of a surrogate pair is sent as invalid UTF-8."""
    return text.encode("utf-8", "surrogatepass")


@MANY
@given(route=COMMANDS, data=st.data())
def test_no_command_fails(client: httpx.Client, candidate: UUID, route: Any, data: st.DataObject) -> None:
    made = (route.makes,) if route.makes else ()
    body = example_of(route.command, ("now", *route.in_path), made)
    names = sorted({*body, "occurred_at", "occurred_how", *made, "note", "reason", "name", "emails", "valid_until"})
    text = data.draw(json_texts(body, data.draw(st.sampled_from(names))))
    path = route.path.format(**dict.fromkeys(route.in_path, candidate))
    require_no_failure(client.post(path, content=sent(text), headers=JSON))


@MANY
@given(data=st.data())
def test_no_bulk_fails(client: httpx.Client, candidate: UUID, data: st.DataObject) -> None:
    item = {"candidate": str(candidate), "kind": "note-written", "note": "x", "occurred_at": APPLIED}
    text = data.draw(json_texts(item, data.draw(st.sampled_from(sorted(item)))))
    for headers in (JSON, {**JSON, "Idempotency-Key": str(uuid4())}):
        require_no_failure(
            client.post("/v1/touchpoints/bulk", content=sent(f'{{"touchpoints":[{text}]}}'), headers=headers)
        )


QUESTIONS = [(route.path, "GET") for route in routes.METRICS] + [
    (endpoint.path, endpoint.method)
    for endpoint in routes.ENDPOINTS
    if endpoint.path not in ("/v1/changes", "/v1/imports")
]


@MANY
@given(route=st.sampled_from(QUESTIONS), data=st.data())
def test_no_question_fails(
    app: Api, client: httpx.Client, folding: None, route: tuple[str, str], data: st.DataObject
) -> None:
    path, method = route
    operation = app.openapi()["paths"][path.replace(":path}", "}")][method.lower()]
    parameters = [parameter for parameter in operation.get("parameters", ()) if parameter["in"] != "header"]
    needed = {"from": "2024-01-01", "to": "2024-02-01"}
    values = {
        parameter["name"]: needed.get(parameter["name"], "") for parameter in parameters if parameter.get("required")
    }
    if parameters:
        chosen = data.draw(st.sampled_from(parameters))["name"]
        values[chosen] = data.draw(st.one_of(TEXTS, MOMENTS).map(lambda text: text[:2_000]))
    query = "&".join(f"{name}={quote(sent(text))}" for name, text in values.items() if f"{{{name}" not in path)
    at = path.replace(":path}", "}")
    for name, text in values.items():
        at = at.replace(f"{{{name}}}", quote(sent(text or str(uuid4())), safe=""))
    body = b'{"kind":"email","address":"a\\u0000b"}' if method == "POST" else b""
    require_no_failure(client.request(method, f"{at}?{query}", content=body, headers=JSON))


FIELDS = ("id", "applied_at", "last_activity_at", "candidate", "jobs", "source", "current_stage", "rejected_at")
PERSON = ("id", "first_name", "last_name", "created_at", "email_addresses", "phone_numbers", "tags", "title")


@MANY
@given(data=st.data(), event=st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=250))
def test_no_signed_delivery_fails_and_each_is_kept(
    client: httpx.Client, services: Services, data: st.DataObject, event: str | None
) -> None:
    whole = application(current_stage={"id": 1, "name": "Letter read"}, id=data.draw(st.integers(1, 10**6)))
    if data.draw(st.booleans()):
        inside = data.draw(json_texts(whole, data.draw(st.sampled_from(FIELDS))))
    else:
        person = data.draw(json_texts(whole["candidate"], data.draw(st.sampled_from(PERSON))))
        inside = json.dumps({**whole, "candidate": "PERSON"}).replace('"PERSON"', person)
    body = sent(f'{{"action": "new_candidate_application", "payload": {{"application": {inside}}}}}')
    before = kept(services)
    answer = client.post("/v1/inbound/greenhouse", content=body, headers=signed(body, SECRETS[0], event))
    assert answer.status_code in (200, 400), answer.text
    again = answer.status_code == 200 and answer.json()["outcome"] == "duplicate"
    assert kept(services) == before + (not again) or answer.status_code == 400


def kept(services: Services) -> int:
    with services.log.recorder.datastore.get_connection() as connection:
        row = connection.execute("select count(*) as n from delivery").fetchone()
    assert row is not None
    n: int = row["n"]
    return n


@pytest.mark.parametrize("offset", ["+16:00", "-16:00", "+23:59"])
def test_an_offset_that_no_clock_has_is_refused_and_says_so(client: httpx.Client, candidate: UUID, offset: str) -> None:
    touchpoint = {"kind": "note-written", "occurred_at": f"2024-05-04T09:30:00{offset}"}
    answer = client.post(f"/v1/candidates/{candidate}/touchpoints", json=touchpoint)
    assert problem(answer) == (422, "request-is-malformed")
    assert answer.json()["errors"][0]["where"] == "body.occurred_at"
    assert "less than 16 hours" in answer.json()["errors"][0]["message"]
    accepted = client.post(
        f"/v1/candidates/{candidate}/touchpoints",
        json={**touchpoint, "occurred_at": f"2024-05-04T09:30:00{offset[0]}15:59"},
    )
    assert accepted.status_code == 201


def test_a_delivery_with_such_an_offset_is_applied_without_that_time(
    client: httpx.Client, log: EventLog, services: Services
) -> None:
    body = delivery("new_candidate_application", application=application(applied_at="2026-02-02T08:00:00+16:00"))
    answer = client.post("/v1/inbound/greenhouse", content=body, headers=signed(body, SECRETS[0], "e1"))
    assert answer.json()["outcome"] == "applied"
    stream = services.key_file.stream_of("greenhouse", "application", "9001")
    (submitted, *_) = log.history(stream)
    assert (submitted.occurred_at, submitted.occurred_how) == (
        datetime.fromisoformat(MOVED),
        "derived.last_activity_at",
    )


def test_a_key_that_stands_twice_is_refused_and_named(client: httpx.Client, candidate: UUID) -> None:
    for path, body in (
        ("/v1/candidates", '{"source": "fair", "name": "Ana", "name": "Bo"}'),
        (f"/v1/candidates/{candidate}/touchpoints", '{"kind": "note-written", "name": 1, "name": 2}'),
        (
            "/v1/touchpoints/bulk",
            f'{{"touchpoints": [{{"candidate": "{candidate}", "kind": "x", "name": 1, "name": 2}}]}}',
        ),
        ("/v1/api-keys", '{"name": "a", "name": "b", "roles": ["recruiter"]}'),
    ):
        answer = client.post(path, content=body, headers=JSON)
        assert problem(answer) == (422, "request-is-malformed")
        assert answer.json()["errors"] == [
            {"where": "body.name", "message": "the key 'name' stands twice in one object"}
        ]


def test_a_signed_delivery_with_a_key_twice_is_kept_and_says_why(client: httpx.Client) -> None:
    body = b'{"action": "ping", "payload": {"x": 1, "x": 2}}'
    answer = client.post("/v1/inbound/greenhouse", content=body, headers=signed(body, SECRETS[0], "e1"))
    content = answer.json()
    assert (answer.status_code, content["outcome"], content["reason"]) == (200, "kept", "json-key-stands-twice")


def test_half_a_character_in_bulk_is_refused(client: httpx.Client, candidate: UUID) -> None:
    body = f'{{"touchpoints": [{{"candidate": "{candidate}", "kind": "note-written", "note": "\\ud83d"}}]}}'
    answer = client.post("/v1/touchpoints/bulk", content=body, headers=JSON)
    assert problem(answer) == (400, "body-is-not-json")
    assert "half a character" in answer.json()["errors"][0]["message"]
