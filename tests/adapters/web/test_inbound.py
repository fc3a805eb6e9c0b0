"""Greenhouse's deliveries over HTTP: what each is answered."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from adapters.intake.integrations.index import INTEGRATIONS
from adapters.web.framework.document import Api
from adapters.web.services import Services
from tests.adapters.intake.integrations.bodies import HIRED, NEW, signed
from tests.adapters.intake.integrations.samples import samples_of
from tests.adapters.web.conftest import SECRETS, problem

PATH = "/v1/inbound/greenhouse"


def test_a_delivery_is_applied_once(client: httpx.Client) -> None:
    headers = signed(HIRED, SECRETS[0], "e1")
    first, second = (client.post(PATH, content=HIRED, headers=headers) for _ in range(2))
    assert first.json() == {"outcome": "applied", "reason": None, "position": 10, "events": 10}
    assert (second.status_code, second.json()["outcome"]) == (200, "duplicate")


def test_either_secret_is_good_and_any_other_is_not(client: httpx.Client) -> None:
    for secret in SECRETS:
        assert client.post(PATH, content=NEW, headers=signed(NEW, secret)).status_code == 200
    refused = client.post(PATH, content=NEW, headers=signed(NEW, "another"))
    assert problem(refused) == (401, "signature-is-wrong")


@pytest.mark.parametrize("body", [NEW[:300], b"[]", b""])
def test_a_signed_body_that_is_not_json_is_a_bad_request(client: httpx.Client, body: bytes) -> None:
    answer = client.post(PATH, content=body, headers=signed(body, SECRETS[1]))
    assert problem(answer) == (400, "delivery-cannot-be-read")


def test_an_unsigned_body_is_not_even_parsed(client: httpx.Client) -> None:
    assert problem(client.post(PATH, content=b"[" * 100_000)) == (401, "signature-is-wrong")


def test_an_integration_that_does_not_exist_is_not_found(client: httpx.Client) -> None:
    assert problem(client.post("/v1/inbound/no-such-system", content=NEW)) == (404, "integration-does-not-exist")


def test_the_description_names_every_integration_and_its_headers(app: Api) -> None:
    described = app.openapi()["paths"]["/v1/inbound/{source}"]["post"]["parameters"]
    (source,) = (parameter for parameter in described if parameter["in"] == "path")
    assert source["schema"]["enum"] == list(INTEGRATIONS)
    headers = {parameter["name"]: parameter["description"] for parameter in described if parameter["in"] == "header"}
    for integration in INTEGRATIONS.values():
        assert integration.signs.keys() <= headers.keys()


def test_a_handshake_is_answered_once_while_it_is_open(client: httpx.Client, services: Services) -> None:
    vendor, offered = INTEGRATIONS["smartrecruiters"], {"X-Hook-Secret": "handed over"}
    path = f"/v1/inbound/{vendor.name}"
    assert problem(client.post(path, headers=offered)) == (409, "handshake-is-not-open")
    services.handshakes.open(vendor, (), services.now(), timedelta(minutes=5))
    answer = client.post(path, headers=offered)
    assert (answer.status_code, answer.headers["X-Hook-Secret"]) == (200, "handed over")
    assert answer.json() == {"outcome": "handshake", "reason": None, "position": None, "events": 0}
    assert problem(client.post(path, headers=offered)) == (409, "handshake-is-not-open")
    samples = samples_of(vendor.name)
    signed = samples.sign(samples.ping, "handed over", services.now())
    assert client.post(path, content=signed.body, headers=signed.headers).json()["outcome"] == "kept"
    wrong = samples.sign(samples.ping, "another", services.now())
    assert problem(client.post(path, content=wrong.body, headers=wrong.headers)) == (401, "signature-is-wrong")


def test_a_stale_delivery_is_unauthorised(client: httpx.Client, services: Services) -> None:
    samples = samples_of("lever")
    signed = samples.sign(samples.story(1).sent[0], SECRETS[0], services.now())
    answer = client.post("/v1/inbound/lever", content=signed.body, headers=signed.headers)
    assert problem(answer) == (401, "delivery-is-stale")
