"""Every error is a problem of a listed type, and the URI of the type explains it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

import adapters.web.app
from adapters.postgres.keys.epochs import Rotation
from adapters.postgres.keys.key_file import KeyFile, read_key_file, text_of
from adapters.postgres.log.event_log import EventLog
from adapters.web.framework.problems import ProblemType, every_type
from domain.errors import Conflict, Invalid, NotFound, Refused
from tests.adapters.web.conftest import problem

assert adapters.web.app  # every rule is imported by then


def rules(root: type[Refused]) -> Iterator[type[Refused]]:
    for narrower in root.__subclasses__():
        yield narrower
        yield from rules(narrower)


def test_every_rule_has_a_problem_and_every_problem_a_page(client: httpx.Client) -> None:
    listed = {problem["slug"]: problem for problem in client.get("/problems").json()["problems"]}
    abstract = {NotFound, Conflict, Invalid}
    assert {rule.rule() for rule in rules(Refused) if rule not in abstract and not rule.__subclasses__()} <= set(listed)
    for slug, kind in listed.items():
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", slug)
        assert kind["type"] == f"/problems/{slug}"
        assert 400 <= kind["status"] < 600
        assert kind["description"]
        assert client.get(kind["type"]).json() == kind
    assert problem(client.get("/problems/none")) == (404, "problem-does-not-exist")


@pytest.mark.parametrize("kind", every_type(), ids=lambda kind: kind.slug)
def test_a_problem_type_has_a_title_for_people_what_happened_and_what_to_do(kind: ProblemType) -> None:
    assert re.fullmatch(r"[A-Z][^{}.]{4,60}", kind.title)
    assert kind.description.endswith((".", "}"))
    assert kind.what_to_do.endswith((".", "}"))
    assert kind.title.lower() != kind.slug.replace("-", " "), "the title is made from the name of the class"


def test_no_two_problems_share_a_name() -> None:
    slugs = [kind.slug for kind in every_type()]
    assert len(slugs) == len(set(slugs))


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/nothing", (404, "route-does-not-exist")),
        ("GET", "/v1/applications", (405, "method-is-not-allowed")),
        ("PUT", "/v1/candidates", (405, "method-is-not-allowed")),
        ("GET", "/v1/candidates/no-id", (422, "request-is-malformed")),
    ],
)
def test_the_protocol_s_own_errors_are_problems(
    client: httpx.Client, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert problem(client.request(method, path)) == expected


def test_a_database_that_is_gone_is_a_503_and_says_how_to_go_on(
    client: httpx.Client, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(log.recorder, "select_streams", gone)
    answer = client.post("/v1/candidates", json={"name": "Nora Blum"})
    assert problem(answer) == (503, "log-cannot-be-reached")
    assert answer.headers["retry-after"] == "5"


def test_a_key_file_that_is_older_than_the_last_rotation_is_a_503_until_the_newest_is_there(
    client: httpx.Client, log: EventLog, key_file: KeyFile, database: str, candidate: UUID, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each machine has a copy of the key file; this one's was forgotten."""
    rotated, forgotten = tmp_path / "rotated.json", tmp_path / "forgotten.json"
    for path in (rotated, forgotten):
        path.write_text(text_of(key_file))
    monkeypatch.setattr(log.mapper.keyring, "key_file", read_key_file(forgotten))
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as owner:
        Rotation(owner, rotated, lambda: None).run()
    for answer in (client.get(f"/v1/candidates/{candidate}"), client.post("/v1/candidates", json={"name": "Bo"})):
        assert problem(answer) == (503, "key-file-is-not-the-newest")
        assert answer.headers["retry-after"] == "5"
        assert str(forgotten) not in answer.text
    forgotten.write_bytes(rotated.read_bytes())
    assert client.get(f"/v1/candidates/{candidate}").json()["name"] == "Ines Prado"
    assert client.post("/v1/candidates", json={"name": "Bo"}).status_code == 201


def test_our_own_mistake_is_a_500_that_tells_no_details(
    client: httpx.Client, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise KeyError("Ines Prado")

    monkeypatch.setattr(log.recorder, "select_streams", mistaken)
    answer = client.post("/v1/candidates", json={"name": "Nora Blum"})
    assert problem(answer) == (500, "perennial-failed")
    assert "Ines" not in answer.text
