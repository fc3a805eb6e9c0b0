"""Greenhouse's deliveries over HTTP: what each is answered."""

from __future__ import annotations

import httpx
import pytest

from adapters.intake.integrations.index import INTEGRATIONS
from tests.adapters.intake.integrations.bodies import HIRED, NEW, signed
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
    assert problem(client.post("/v1/inbound/acorn", content=NEW)) == (404, "integration-does-not-exist")


def test_the_description_names_every_integration_and_its_headers(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]["/v1/inbound/{source}"]["post"]["parameters"]
    (source,) = (one for one in described if one["in"] == "path")
    assert source["schema"]["enum"] == list(INTEGRATIONS)
    headers = {one["name"]: one["description"] for one in described if one["in"] == "header"}
    for integration in INTEGRATIONS.values():
        assert integration.signs.keys() <= headers.keys()
