"""A token of the issuer's that is set opens the same doors as a key, by the roles that it names."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from pydantic import SecretStr, ValidationError

from adapters.access.policy import Role
from adapters.settings import Settings
from adapters.web.services import Services
from tests.adapters.web.conftest import bearing, key_of, problem

PRIVATE = ec.generate_private_key(ec.SECP256R1())
ISSUER = "https://id.example.org"


@pytest.fixture
def settings(key_path: Path, tmp_path: Path) -> Settings:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{**json.loads(ECAlgorithm.to_jwk(PRIVATE.public_key())), "kid": "e"}]}))
    return Settings(
        key_file=key_path,
        data_folder=tmp_path,
        inbound_secrets={"greenhouse": (SecretStr("secret"),)},
        oidc_issuer=ISSUER,
        oidc_audience="perennial",
        oidc_jwks=str(file),
        oidc_roles_claim="realm_access.roles",
    )


def token(*roles: str, sub: str = "ana") -> str:
    claims = {"iss": ISSUER, "aud": "perennial", "sub": sub, "exp": int(time.time()) + 60}
    return jwt.encode({**claims, "realm_access": {"roles": roles}}, PRIVATE, "ES256", headers={"kid": "e"})


def test_a_token_is_who_asks(client: httpx.Client, anonymous: httpx.Client) -> None:
    streams = [
        anonymous.post(
            "/v1/candidates", json={"name": "Nora Blum"}, headers=bearing(token("recruiter", sub=sub))
        ).json()["stream"]
        for sub in ("ana", "auth0|ana@prado.example", "\ud800")
    ]
    actors = [client.get(f"/v1/candidates/{stream}/timeline").json()["events"][0]["actor"] for stream in streams]
    assert actors[0] == "oidc:ana"
    assert all(re.fullmatch("oidc:[0-9a-f]{32}", actor) for actor in actors[1:])


def test_a_token_is_not_the_key_of_the_same_name(
    client: httpx.Client, anonymous: httpx.Client, services: Services
) -> None:
    by_key, by_token = bearing(key_of(services, Role.RECRUITER, name="ana")), bearing(token("recruiter"))
    once = {"Idempotency-Key": "k-1"}
    made = [
        anonymous.post("/v1/candidates", json={"name": "Nora Blum"}, headers={**headers, **once})
        for headers in (by_key, by_token)
    ]
    assert made[0].json()["stream"] != made[1].json()["stream"]
    assert ["Idempotency-Replayed" in answer.headers for answer in made] == [False, False]
    seen = f"/v1/candidates/{made[0].json()['stream']}/timeline"
    assert [event["actor"] for event in client.get(seen).json()["events"]] == ["user:ana"]
    request: dict[str, Any] = {"params": {"kind": "candidates", "system": "old-crm"}, "content": b"candidate\n1\n"}
    uploaded = anonymous.post("/v1/imports", headers={**by_key, "Content-Type": "text/csv"}, **request).json()["id"]
    assert problem(anonymous.get(f"/v1/imports/{uploaded}", headers=by_token)) == (404, "import-does-not-exist")


def test_its_roles_are_all_it_may(anonymous: httpx.Client) -> None:
    for roles in ((), ("integration",), ("analyst", "emperor")):
        answer = anonymous.post("/v1/candidates", json={"name": "Nora Blum"}, headers=bearing(token(*roles)))
        assert problem(answer) == (403, "role-may-not")
    touched = token("recruiter")[:-4] + "AAAA"
    assert problem(anonymous.post("/v1/candidates", json={"name": "Nora Blum"}, headers=bearing(touched))) == (
        401,
        "key-is-not-valid",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": ISSUER},
        {"oidc_issuer": ISSUER, "oidc_audience": "perennial"},
        {"oidc_issuer": ISSUER, "oidc_audience": "perennial", "oidc_jwks": "http://id.example.org/jwks"},
    ],
)
def test_half_an_issuer_is_no_setting(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)  # type: ignore[arg-type]  # what the test is about
