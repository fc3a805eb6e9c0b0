"""A request that is sent twice with one key is handled once, whichever process receives the second."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import psycopg
import pytest

from adapters.access.policy import Role
from adapters.postgres.log.event_log import EventLog
from adapters.web.app import create_app
from adapters.web.services import Services
from commands.attached import Attached
from domain.event import Event, Recorded
from tests.adapters.web.conftest import ClientAs, bearing, problem, serving

KEY = {"Idempotency-Key": "order-66"}
BODY = {"kind": "call-answered", "note": "wants to talk in spring"}


def test_the_repeated_request_gets_the_same_answer(client: httpx.Client, candidate: UUID) -> None:
    path = f"/v1/candidates/{candidate}/touchpoints"
    first, second = (client.post(path, json=BODY, headers=KEY) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert client.get(f"/v1/candidates/{candidate}").headers["etag"] == '"2"'


def test_the_key_belongs_to_one_request(client: httpx.Client, candidate: UUID) -> None:
    path = f"/v1/candidates/{candidate}/touchpoints"
    client.post(path, json=BODY, headers=KEY)
    for other_path, body in ((path, BODY | {"note": "no"}), (f"/v1/candidates/{candidate}/sends", BODY)):
        answer = client.post(other_path, json=body, headers=KEY)
        assert problem(answer) == (422, "idempotency-key-was-used-for-another-request")


def test_what_was_answered_before_is_no_answer_to_a_precondition_that_cannot_be_read(
    client: httpx.Client, candidate: UUID
) -> None:
    path = f"/v1/candidates/{candidate}/touchpoints"
    assert client.post(path, json=BODY, headers=KEY).status_code == 201
    refused = client.post(path, json=BODY, headers=KEY | {"If-Match": "0.5"})
    assert problem(refused) == (400, "precondition-cannot-be-read")


def test_the_same_key_of_another_user_is_another_key(
    client: httpx.Client, client_as: ClientAs, candidate: UUID
) -> None:
    path = f"/v1/candidates/{candidate}/touchpoints"
    answers = [sender.post(path, json=BODY, headers=KEY) for sender in (client, client_as(Role.RECRUITER), client)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert ["idempotency-replayed" in answer.headers for answer in answers] == [False, False, True]
    assert answers[0].content == answers[2].content != answers[1].content


def test_a_refused_request_does_not_use_up_its_key(client: httpx.Client, candidate: UUID) -> None:
    path = f"/v1/candidates/{candidate}/sends"
    assert client.post(path, json={"kind": "email-sent"}, headers=KEY).status_code == 409
    client.post(f"/v1/candidates/{candidate}/consents", json={"purpose": "talent_pool", "channels": ["email"]})
    assert client.post(path, json={"kind": "email-sent"}, headers=KEY).status_code == 201


def test_a_repeated_command_that_was_no_news_is_no_news_again(client: httpx.Client, candidate: UUID) -> None:
    fact = {"fact": "current-employer", "learned_from": "self", "value": "Botanical Gardens"}
    path = f"/v1/candidates/{candidate}/profile-facts"
    client.post(path, json=fact)
    first, second = (client.post(path, json=fact, headers=KEY) for _ in range(2))
    assert first.json()["events"] == second.json()["events"] == []
    assert first.content == second.content


def test_a_request_in_flight_is_not_begun_again(
    log: EventLog, client: httpx.Client, candidate: UUID, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, entered, go_on = f"/v1/candidates/{candidate}/touchpoints", threading.Event(), threading.Event()
    append_all = log.append_all

    def slow(appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> list[int | Exception]:
        entered.set()
        assert not appends or go_on.wait(10)
        return append_all(appends)

    monkeypatch.setattr(log, "append_all", slow)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.post, path, json=BODY, headers=KEY)
        assert entered.wait(10)
        meanwhile = httpx.post(f"{client.base_url}{path}", json=BODY, headers={**KEY, **bearing(key)}, verify=False)
        go_on.set()
        assert first.result().status_code == 201
    assert problem(meanwhile) == (409, "request-is-in-flight")
    assert meanwhile.headers["retry-after"] == "1"


def test_two_services_that_get_the_same_request_at_once_do_it_once(
    services: Services, client: httpx.Client, candidate: UUID, key: str
) -> None:
    path = f"/v1/candidates/{candidate}/touchpoints"
    with serving(create_app(services)) as other, ThreadPoolExecutor(8) as threads:
        for turn in range(10):
            shown = {"Idempotency-Key": f"turn-{turn}", **bearing(key)}
            urls = [f"{base}{path}" for base in (str(client.base_url).rstrip("/"), other)] * 2
            answers = list(threads.map(lambda url, shown=shown: httpx.post(url, json=BODY, headers=shown), urls))
            done = [answer for answer in answers if answer.status_code == 201]
            assert {answer.status_code for answer in answers} <= {201, 409}
            assert len({answer.content for answer in done}) == 1
    assert client.get(f"/v1/candidates/{candidate}").headers["etag"] == '"11"'


def test_an_expired_key_is_free_again(services: Services, candidate: UUID, database: str, key: str) -> None:
    path = f"/v1/candidates/{candidate}/touchpoints"
    tomorrow = replace(services, now=lambda: services.now() + timedelta(hours=24, seconds=1))
    with serving(create_app(services)) as today, serving(create_app(tomorrow)) as later:
        first = httpx.post(f"{today}{path}", json=BODY, headers={**KEY, **bearing(key)}, verify=False)
        second = httpx.post(f"{later}{path}", json=BODY, headers={**KEY, **bearing(key)}, verify=False)
    assert first.json()["version"] + 1 == second.json()["version"]
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from idempotency").fetchone() == (1,)


def test_nothing_personal_is_kept_with_a_key(client: httpx.Client, database: str) -> None:
    client.post("/v1/candidates", json={"name": "Ines Prado"}, headers=KEY)
    with psycopg.connect(database) as connection:
        (row,) = connection.execute("select idempotency::text from idempotency").fetchone() or ("",)
    assert "Ines" not in row


@pytest.mark.parametrize("word", ["", "a b", "x" * 256])
def test_a_key_is_a_short_printable_word(client: httpx.Client, word: str) -> None:
    answer = client.post("/v1/candidates", json={"name": "Nora Blum"}, headers={"Idempotency-Key": word})
    assert problem(answer) == (422, "request-is-malformed")


def test_a_request_about_a_person_erased_since_is_not_handled_again(client: httpx.Client, log: EventLog) -> None:
    """Not under its key, whether the person is named in its path, in its body or in its answer alone."""
    who = client.post("/v1/candidates", json=(body := {"source": "fair", "name": "Ines Prado"}), headers=KEY)
    assert who.status_code == 201
    person = who.json()["stream"]
    bulk = {"touchpoints": [{"candidate": person, "kind": "call-answered"}]}
    job = client.post("/v1/requisitions", json={"role": "gardener", "title": "Gardener"}).json()["stream"]
    applied = {"candidate": person, "requisition": job}
    requests = {
        "/v1/candidates": body,
        f"/v1/candidates/{person}/touchpoints": BODY,
        "/v1/touchpoints/bulk": bulk,
        "/v1/applications": applied,
    }
    keys = {path: {"Idempotency-Key": f"order-{number}"} for number, path in enumerate(requests)} | {
        "/v1/candidates": KEY
    }
    for path, sent in requests.items():
        answer = client.post(path, json=sent, headers=keys[path])
        assert answer.status_code in (200, 201), (path, answer.text)
    assert client.post(f"/v1/candidates/{person}/erase", json={}).json()["state"] == "completed"
    head = log.recorder.max_notification_id()
    for path, sent in requests.items():
        for _ in range(2):
            assert problem(client.post(path, json=sent, headers=keys[path])) == (409, "candidate-is-erased"), path
    assert log.recorder.max_notification_id() == head
    with log.recorder.datastore.get_connection() as connection:
        rows = connection.execute("select request_hash, response from idempotency where response ? 'erased'").fetchall()
    assert len(rows) == len(requests)
    assert all(bytes(row["request_hash"]) == b"" and row["response"] == {"erased": person} for row in rows)
