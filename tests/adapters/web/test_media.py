"""A body is what its Content-Type says, in whatever case and with whatever parameters that is written."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest

from tests.adapters.web.conftest import problem

JSON = [
    "application/json",
    "Application/JSON",
    "APPLICATION/JSON ; Charset=UTF-8",
    'application/json;charset="utf-8"',
    "application/json; profile=x; charset=utf-8",
    "application/merge-patch+json",
    "Application/Problem+Json",
]
NOT_JSON = [
    "",
    "text/plain",
    "text/json",
    "application/jsonx",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=application/json",
    "text/plain; application/json",
    "application/json; charset=utf-16",
    "image/svg+json",
]
UNKNOWN = UUID(int=7)
BODIES = {
    "/v1/candidates": b'{"name": "Ines Prado"}',
    f"/v1/candidates/{UNKNOWN}/erase": b'{"by": "self"}',
    "/v1/touchpoints/bulk": b'{"touchpoints": [{"candidate": "%s", "kind": "call-answered"}]}' % str(UNKNOWN).encode(),
    "/v1/api-keys": b'{"name": "ana", "roles": ["analyst"]}',
}


def posted(client: httpx.Client, path: str, declared: str, body: bytes) -> httpx.Response:
    return client.post(path, content=body, headers={"Content-Type": declared} if declared else {})


@pytest.mark.parametrize("path", BODIES)
def test_json_is_known_however_it_is_written(client: httpx.Client, path: str) -> None:
    for declared in JSON:
        answer = posted(client, path, declared, BODIES[path])
        assert answer.status_code in (200, 201, 404), (declared, answer.text)


@pytest.mark.parametrize("path", BODIES)
def test_what_is_not_declared_as_json_is_refused_alike(client: httpx.Client, path: str) -> None:
    for declared in NOT_JSON:
        answer = posted(client, path, declared, BODIES[path])
        assert problem(answer) == (415, "body-is-not-declared-as-json"), declared


@pytest.mark.parametrize("declared", ["text/csv", "Text/CSV; charset=utf-8", "APPLICATION/X-NDJSON", "text/csv ;x=y"])
def test_a_file_of_history_is_known_however_its_type_is_written(client: httpx.Client, declared: str) -> None:
    answer = client.post(
        "/v1/imports?kind=candidates&system=old-crm", content=b"id,name\n", headers={"Content-Type": declared}
    )
    assert answer.status_code == 200
    assert answer.json()["format"] == ("ndjson" if "ndjson" in declared.lower() else "csv")
