"""A token of the issuer's that is set opens the same doors as a key, by the roles that it names."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from pydantic import SecretStr, ValidationError

from adapters.settings import Settings
from tests.web.conftest import bearing, problem

PRIVATE = ec.generate_private_key(ec.SECP256R1())
ISSUER = "https://id.example.org"


@pytest.fixture
def settings(key_path: Path, tmp_path: Path) -> Settings:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{**json.loads(ECAlgorithm.to_jwk(PRIVATE.public_key())), "kid": "e"}]}))
    return Settings(
        key_file=key_path,
        data_folder=tmp_path,
        greenhouse_secrets=(SecretStr("secret"),),
        oidc_issuer=ISSUER,
        oidc_audience="perennial",
        oidc_jwks=str(file),
        oidc_roles_claim="realm_access.roles",
    )


def token(*roles: str, sub: str = "ana") -> str:
    told = {"iss": ISSUER, "aud": "perennial", "sub": sub, "exp": int(time.time()) + 60}
    return jwt.encode({**told, "realm_access": {"roles": roles}}, PRIVATE, "ES256", headers={"kid": "e"})


def test_a_token_is_who_asks(client: httpx.Client, nobody: httpx.Client) -> None:
    streams = [
        nobody.post("/v1/candidates", json={}, headers=bearing(token("recruiter", sub=sub))).json()["stream"]
        for sub in ("ana", "auth0|ana@prado.example")
    ]
    told = [client.get(f"/v1/candidates/{stream}/timeline").json()["events"][0]["actor"] for stream in streams]
    assert told[0] == "user:ana"
    assert told[1].startswith("user:")
    assert len(told[1]) == len("user:") + 32


def test_its_roles_are_all_it_may(nobody: httpx.Client) -> None:
    for roles in ((), ("integration",), ("analyst", "emperor")):
        answer = nobody.post("/v1/candidates", json={}, headers=bearing(token(*roles)))
        assert problem(answer) == (403, "role-may-not")
    touched = token("recruiter")[:-4] + "AAAA"
    assert problem(nobody.post("/v1/candidates", json={}, headers=bearing(touched))) == (401, "key-is-not-valid")


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
