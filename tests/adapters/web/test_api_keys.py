"""API keys are made, listed and revoked over HTTP; a secret is in one answer only and is not stored."""

from __future__ import annotations

import time
from typing import Any

import httpx
import psycopg
import pytest

from adapters.access.authenticator import REMEMBERED_SECONDS
from adapters.access.policy import Role
from tests.adapters.web.conftest import ACTOR, ClientAs, bearing, problem

WANTED: dict[str, Any] = {"name": "ana", "roles": ["recruiter"]}


def test_a_key_that_was_made_is_good_at_once(client: httpx.Client, url: str) -> None:
    answer = client.post("/v1/api-keys", json=WANTED)
    made = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (made["about"]["made_by"], made["about"]["state"]) == (ACTOR, "good")
    sourced = httpx.post(f"{url}/v1/candidates", json={"name": "Ana"}, headers=bearing(made["key"])).json()["stream"]
    (event,) = client.get(f"/v1/candidates/{sourced}/timeline").json()["events"]
    assert event["actor"] == "user:ana"


def test_no_secret_is_answered_again_or_stored(client: httpx.Client, database: str) -> None:
    secret = client.post("/v1/api-keys", json=WANTED).json()["key"].rsplit("_", 1)[1]
    assert secret not in client.get("/v1/api-keys").text
    with psycopg.connect(database) as connection:
        rows = connection.execute("select row_to_json(api_key)::text from api_key").fetchall()
    assert len(rows) == 2
    assert all(secret not in row for (row,) in rows)


def test_a_revoked_key_is_out_once_it_is_looked_up_again(client: httpx.Client, url: str) -> None:
    made = client.post("/v1/api-keys", json=WANTED).json()
    headers = bearing(made["key"])
    assert httpx.get(f"{url}/v1/imports", headers=headers, verify=False).status_code == 200
    revoked = client.delete(f"/v1/api-keys/{made['about']['id']}").json()
    assert (revoked["state"], revoked["revoked_by"]) == ("revoked", ACTOR)
    assert client.delete(f"/v1/api-keys/{made['about']['id']}").json() == revoked
    time.sleep(REMEMBERED_SECONDS)  # five at most, as tests/adapters/access/test_authenticator.py says
    assert problem(httpx.get(f"{url}/v1/imports", headers=headers, verify=False)) == (401, "key-is-not-valid")


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ({"roles": ["integration"]}, "integration-stands-alone"),
        ({"source": "greenhouse"}, "integration-stands-alone"),
        ({"scopes": ["erase"]}, "scope-is-wider-than-role"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expiry-is-past"),
        ({"roles": []}, "request-is-malformed"),
        ({"roles": ["emperor"]}, "request-is-malformed"),
        ({"name": "Ana Prado"}, "request-is-malformed"),
        ({"secret": "mine"}, "request-is-malformed"),
    ],
)
def test_a_key_that_does_not_fit_together_is_not_made(client: httpx.Client, wanted: dict[str, Any], name: str) -> None:
    assert problem(client.post("/v1/api-keys", json={**WANTED, **wanted})) == (422, name)
    assert len(client.get("/v1/api-keys").json()["api_keys"]) == 1


def test_only_who_manages_keys_may(client_as: ClientAs) -> None:
    for role in Role:
        caller = client_as(role, source="old-crm" if role is Role.INTEGRATION else None)
        may = role is Role.ADMIN
        assert (caller.post("/v1/api-keys", json=WANTED).status_code == 200) is may
        assert (caller.get("/v1/api-keys").status_code == 200) is may
        missing = problem(caller.delete("/v1/api-keys/000000000000"))
        assert missing == ((404, "key-does-not-exist") if may else (403, "role-may-not"))


def test_the_database_refuses_changes_of_what_a_key_was_made_as(client: httpx.Client, database: str) -> None:
    made = client.post("/v1/api-keys", json=WANTED).json()["about"]["id"]
    client.delete(f"/v1/api-keys/{made}")
    for change in ("roles = '{admin}'", "revoked_at = null, revoked_by = null", "secret_hash = sha256('mine')"):
        with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.RaiseException):
            connection.execute(f"update api_key set {change} where id = %s", (made,))
