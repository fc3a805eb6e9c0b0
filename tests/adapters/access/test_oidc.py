"""A token is good when the issuer signed it for us, and nothing that a token says of itself can change how."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from adapters.access import jwks
from adapters.access.jwks import KeySet, fetcher, keys_in
from adapters.access.oidc import LEEWAY_SECONDS, OidcTokens
from adapters.access.policy import Role
from adapters.access.refusals import KeyIsNotValid, TokensCannotBeChecked

ISSUER, AUDIENCE = "https://id.example.org", "perennial"
PRIVATE: dict[str, tuple[str, Any]] = {
    "r": ("RS256", rsa.generate_private_key(65537, 2048)),
    "e": ("ES256", ec.generate_private_key(ec.SECP256R1())),
    "d": ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
}
OF_KIND: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


def public(kid: str, algorithm: str, private: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(OF_KIND[algorithm].to_jwk(private.public_key()))
    return {**document, "kid": kid, "use": "sig", "alg": algorithm}


def key_set(**private: tuple[str, Any]) -> bytes:
    return json.dumps({"keys": [public(kid, *key) for kid, key in private.items()]}).encode()


NO_HTTP = b"what?\r\n\r\n"
DEEP = b'{"keys": ' + b"[" * 100_000


class Issuer:
    """A server of a key set on the loopback; how often it was fetched."""

    def __init__(self) -> None:
        self.document, self.status, self.fetches, self.location = key_set(**PRIVATE), 200, 0, ""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetches += 1
                if issuer.document == NO_HTTP:
                    self.wfile.write(NO_HTTP)
                    return
                self.send_response(issuer.status)
                if issuer.location:
                    self.send_header("Location", issuer.location)
                self.end_headers()
                self.wfile.write(issuer.document)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever)
    thread.start()
    yield issuer
    issuer.server.shutdown()
    thread.join()
    issuer.server.server_close()


@pytest.fixture
def tokens(issuer: Issuer) -> OidcTokens:
    return OidcTokens(ISSUER, AUDIENCE, KeySet(fetcher(issuer.url)), "roles", lambda subject: f"hash-of-{len(subject)}")


def claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    document = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ana",
        "iat": now,
        "exp": now + 60,
        "roles": ["recruiter"],
    } | more
    return {name: value for name, value in document.items() if value is not None}


def token(kid: str = "r", headers: dict[str, Any] | None = None, **more: Any) -> str:
    algorithm, private = PRIVATE[kid]
    return jwt.encode(claims(**more), private, algorithm, headers={"kid": kid, **(headers or {})})


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("kid", PRIVATE)
def test_a_good_token_says_who_and_which_roles(tokens: OidcTokens, kid: str) -> None:
    recognised = tokens.principal(token(kid, roles=["recruiter", "auditor", "emperor", "integration", 7]))
    assert (recognised.actor, recognised.scopes) == ("oidc:ana", None)
    assert recognised.roles == {Role.RECRUITER, Role.AUDITOR}


def test_a_subject_that_is_no_code_is_hashed(tokens: OidcTokens) -> None:
    assert tokens.principal(token(sub="ana@prado.example")).actor == f"oidc:hash-of-{len(ISSUER) + 18}"


@pytest.mark.parametrize(
    ("claim", "document", "roles"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["admin"]}}, {Role.ADMIN}),
        ("https://x.example/roles", {"https://x.example/roles": ["analyst"]}, {Role.ANALYST}),
        ("role", {"role": "auditor"}, {Role.AUDITOR}),
        ("roles", {"roles": {"admin": True}}, set()),
        ("roles", {"roles": None}, set()),
        ("realm_access.roles", {"realm_access": "admin"}, set()),
    ],
)
def test_roles_stand_where_the_setting_says(
    issuer: Issuer, claim: str, document: dict[str, Any], roles: set[Role]
) -> None:
    tokens = OidcTokens(ISSUER, AUDIENCE, KeySet(fetcher(issuer.url)), claim, str)
    assert tokens.principal(token(**{"roles": None, **document})).roles == roles


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://id.example.org/"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 2**40},
        {"sub": None},
        {"sub": 7},
    ],
)
def test_what_is_not_for_us_or_not_now_is_refused(tokens: OidcTokens, wrong: dict[str, Any]) -> None:
    with pytest.raises(KeyIsNotValid):
        tokens.principal(token(**wrong))


def test_clocks_may_differ_a_little(tokens: OidcTokens) -> None:
    now = int(time.time())
    assert tokens.principal(token(exp=now - LEEWAY_SECONDS + 10, nbf=now + LEEWAY_SECONDS - 10)).name == "ana"
    with pytest.raises(KeyIsNotValid):
        tokens.principal(token(exp=now - LEEWAY_SECONDS - 10))


def test_a_token_says_nothing_of_how_it_is_checked(tokens: OidcTokens) -> None:
    pem = (
        PRIVATE["r"][1]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    confused = f"{part({'alg': 'HS256', 'kid': 'r'})}.{part(claims())}"
    signature = base64.urlsafe_b64encode(hmac.digest(pem, confused.encode(), hashlib.sha256)).rstrip(b"=").decode()
    mine = rsa.generate_private_key(65537, 2048)
    for forged in (
        f"{part({'alg': 'none', 'kid': 'r'})}.{part(claims())}.",
        f"{part({'alg': 'None', 'kid': 'r'})}.{part(claims())}.",
        f"{confused}.{signature}",
        jwt.encode(claims(), mine, "RS256", headers={"kid": "r"}),
        jwt.encode(claims(), mine, "RS256", headers={"kid": "e", "alg": "RS256"}),
        jwt.encode(claims(), PRIVATE["r"][1], "RS512", headers={"kid": "r"}),
        jwt.encode(claims(), PRIVATE["r"][1], "PS256", headers={"kid": "r"}),
        jwt.encode(claims(), mine, "RS256", headers={"kid": "mine", "jwk": public("mine", "RS256", mine)}),
        jwt.encode(claims(), mine, "RS256", headers={"kid": "mine", "jku": "https://evil.example/jwks"}),
        jwt.encode(claims(), PRIVATE["r"][1], "RS256"),
        token(headers={"crit": ["exp"]}),
        "a.b.c",
        "not-a-token",
        "x" * 20_000,
    ):
        with pytest.raises(KeyIsNotValid):
            tokens.principal(forged)


def test_a_token_that_was_touched_is_refused(tokens: OidcTokens) -> None:
    header, body, signature = token().split(".")
    other = part(claims(roles=["admin"]))
    for touched in (f"{header}.{other}.{signature}", f"{header}.{body}.{signature[:-8]}AAAAAAAA", f"{header}.{body}."):
        with pytest.raises(KeyIsNotValid):
            tokens.principal(touched)


def test_a_key_that_is_new_is_fetched_and_an_unknown_one_not_again_and_again(
    tokens: OidcTokens, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens.principal(token("r"))
    tokens.principal(token("e"))
    assert issuer.fetches == 1
    fresh = rsa.generate_private_key(65537, 2048)
    issuer.document = key_set(fresh=("RS256", fresh))
    new = jwt.encode(claims(), fresh, "RS256", headers={"kid": "fresh"})
    for _ in range(5):
        with pytest.raises(KeyIsNotValid):
            tokens.principal(new)  # too soon: it was just asked
    assert issuer.fetches == 1
    monkeypatch.setattr(jwks, "AGAIN_AFTER_SECONDS", 0.0)
    assert tokens.principal(new).name == "ana"
    with pytest.raises(KeyIsNotValid):
        tokens.principal(token("r"))  # its key is gone with the rotation


def test_keys_are_kept_while_the_issuer_cannot_be_reached_but_not_for_ever(
    tokens: OidcTokens, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens.principal(token())
    issuer.status = 500
    monkeypatch.setattr(jwks, "AGAIN_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(jwks, "FRESH_SECONDS", 0.0)
    assert tokens.principal(token()).name == "ana"
    assert issuer.fetches == 2
    monkeypatch.setattr(jwks, "STALE_SECONDS", 0.0)
    with pytest.raises(TokensCannotBeChecked):
        tokens.principal(token())
    issuer.status = 200
    monkeypatch.setattr(jwks, "STALE_SECONDS", 60.0)
    assert tokens.principal(token()).name == "ana"


@pytest.mark.parametrize("document", [b"", b"[]", b'{"keys": 1}', b" " * (jwks.FETCH_BYTES + 1), NO_HTTP, DEEP])
def test_what_is_no_key_set_authenticates_no_request(tokens: OidcTokens, issuer: Issuer, document: bytes) -> None:
    issuer.document = document
    with pytest.raises(TokensCannotBeChecked):
        tokens.principal(token())


def test_an_issuer_that_answers_slower_and_slower_is_given_up(
    tokens: OidcTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(0.0, jwks.FETCH_SECONDS + 1)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with pytest.raises(TimeoutError):
        tokens.keys.fetch()


def test_keys_are_taken_from_nowhere_else(issuer: Issuer, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="https"):
        fetcher("http://id.example.org/jwks")()
    elsewhere = fetcher(issuer.url)
    issuer.status, issuer.location = 302, issuer.url.replace("/jwks", "/other")
    with pytest.raises(OSError, match="302"):
        elsewhere()
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set(**PRIVATE))
    assert set(keys_in(fetcher(str(file))())) == set(PRIVATE)


def test_keys_for_something_else_are_passed_over() -> None:
    algorithm, private = PRIVATE["r"]
    good = public("good", algorithm, private)
    short = public("short", "RS256", rsa.generate_private_key(65537, 1024))
    document = [
        good,
        short,
        {**good, "kid": "enc", "use": "enc"},
        {**good, "kid": "other", "alg": "RS512"},
        {**good, "kid": "broken", "n": "AA"},
        {"kid": "shared", "kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA"},
        {**good, "kid": ["good"]},
        7,
    ]
    assert set(keys_in(json.dumps({"keys": document}).encode())) == {"good"}


def other_uses(kid: str, algorithm: str, private: Any) -> list[dict[str, Any]]:
    """Entries of one id that check no token of ours: for encryption, another algorithm, another operation, broken."""
    good = public(kid, algorithm, private)
    bare = {name: value for name, value in good.items() if name not in ("use", "alg")}
    return [
        {**good, "use": "enc", "alg": "RSA-OAEP-256"},
        {**good, "alg": "PS512"},
        {**bare, "key_ops": ["encrypt", "wrapKey"]},
        {**bare, "key_ops": "verify"},
        {"kid": kid, "kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "use": "sig"},
        {"kid": kid, "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kid": kid, "kty": "RSA", "n": "AA", "e": "AQAB"},
    ]


@pytest.mark.parametrize("signer", PRIVATE)
@pytest.mark.parametrize("turn", range(10))
def test_every_usable_key_of_an_id_is_tried_wherever_it_stands(
    tokens: OidcTokens, issuer: Issuer, signer: str, turn: int
) -> None:
    algorithm, private = PRIVATE[signer]
    older = rsa.generate_private_key(65537, 2048)
    listed = [
        *other_uses("same", "RS256", PRIVATE["r"][1]),
        public("same", "RS256", older),
        *(public("same", *key) for key in PRIVATE.values()),
    ]
    issuer.document = json.dumps({"keys": [*listed[turn:], *listed[:turn]]}).encode()
    for key, name in ((private, algorithm), (older, "RS256")):
        signed = jwt.encode(claims(), key, name, headers={"kid": "same"})
        assert tokens.principal(signed).name == "ana"


def test_several_keys_of_an_id_confuse_no_algorithm(tokens: OidcTokens, issuer: Issuer) -> None:
    secret = b"a secret that is published as if it were a key"
    shared = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    published: list[dict[str, Any]] = [{"kid": "same", "kty": "oct", "k": shared, "alg": "HS256"}]
    published += [public("same", *key) for key in PRIVATE.values()]
    issuer.document = json.dumps({"keys": published}).encode()
    pem = PRIVATE["r"][1].public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    unsigned = f"{part({'alg': 'HS256', 'kid': 'same'})}.{part(claims())}"
    for material in (secret, pem):
        signature = base64.urlsafe_b64encode(hmac.digest(material, unsigned.encode(), hashlib.sha256)).rstrip(b"=")
        with pytest.raises(KeyIsNotValid):
            tokens.principal(f"{unsigned}.{signature.decode()}")
    for algorithm in ("PS256", "RS512"):
        with pytest.raises(KeyIsNotValid):
            tokens.principal(jwt.encode(claims(), PRIVATE["r"][1], algorithm, headers={"kid": "same"}))
    with pytest.raises(KeyIsNotValid):
        tokens.principal(jwt.encode(claims(exp=1), PRIVATE["e"][1], "ES256", headers={"kid": "same"}))
