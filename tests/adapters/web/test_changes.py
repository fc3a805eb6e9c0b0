"""Programs follow the log: every change once, in order, whatever is restarted and however slowly some read."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from adapters.access import authenticator
from adapters.access.policy import Role
from adapters.access.principal import OIDC, Principal
from adapters.access.refusals import KeyIsNotValid
from adapters.postgres.log.changes import Change, Following
from adapters.postgres.log.event_log import EventLog
from adapters.web.app import create_app
from adapters.web.endpoints import changes
from adapters.web.endpoints.changes import WhileGood
from adapters.web.framework.bounds import Bounds
from adapters.web.framework.serving import PATIENCE_SECONDS, Server, server_of
from adapters.web.services import Services
from tests.adapters.web.conftest import ACTOR, Post, bearing, key_of, problem, serving

PATIENCE = 10.0


@dataclass(frozen=True)
class Message:
    """One block of a stream: an event, or the settled position alone."""

    position: int | None = None
    type: str | None = None
    data: Any = None
    comment: str | None = None


def blocks(lines: Iterator[str]) -> Iterator[Message]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name or "comment"] = value.strip()
        elif fields:
            data = json.loads(fields["data"]) if "data" in fields else None
            position = int(fields["id"]) if "id" in fields else None
            yield Message(position, fields.get("event"), data, fields.get("comment"))
            fields = {}


@contextmanager
def following(
    url: str, key: str, headers: dict[str, str] | None = None, **parameters: Any
) -> Iterator[Iterator[Message]]:
    """The blocks of a stream after its first, which only says when to come back."""
    with (
        httpx.Client(verify=False, timeout=PATIENCE, headers=bearing(key)) as client,
        client.stream("GET", f"{url}/v1/changes", params=parameters, headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = blocks(answer.iter_lines())
        assert next(stream) == Message()
        yield stream


def until(stream: Iterator[Message], position: int) -> list[Message]:
    """Return the messages of events up to the position, which the stream must confirm as settled."""
    received = []
    for message in stream:
        if message.data is not None:
            received.append(message)
        if message.position is not None and message.position >= position:
            return received
    raise AssertionError(f"the stream ended before {position}: {received}")


def test_every_event_is_sent_in_order_and_nothing_personal(url: str, post: Post, candidate: UUID, key: str) -> None:
    path = f"/v1/candidates/{candidate}/touchpoints"
    for _ in range(3):
        last = post(path, kind="note-written", note="allergic to pollen")
    with following(url, key) as stream:
        first, *others = until(stream, last["position"])
    assert [message.position for message in (first, *others)] == [1, 2, 3, 4]
    assert [message.type for message in others] == ["touchpoint-recorded.v1"] * 3
    assert first.data["stream"] == str(candidate)
    assert list(first.data) == ["position", "id", "stream", "version", "type", "at", "recorded_at", "actor", "data"]
    assert (first.data["data"]["source"], first.data["actor"]) == ("career-site", ACTOR)
    assert "Ines" not in json.dumps([message.data for message in (first, *others)])
    assert "pollen" not in json.dumps([message.data for message in (first, *others)])


def test_a_new_event_is_usually_sent_within_a_second(url: str, post: Post, candidate: UUID, key: str) -> None:
    with following(url, key, from_position=1) as stream:
        assert until(stream, 1) == []
        seconds = []
        for _ in range(5):
            began = time.monotonic()
            position = post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered")["position"]
            assert [message.position for message in until(stream, position)] == [position]
            seconds.append(time.monotonic() - began)
        assert median(seconds) < 1.0, "a pause of the machine may delay one of them, not most"


def test_only_the_types_that_are_asked_for_and_how_far_it_is(url: str, post: Post, candidate: UUID, key: str) -> None:
    wanted = "candidate-sourced.v1,consent-given.v1"
    with following(url, key, types=wanted) as stream:
        assert [message.type for message in until(stream, 1)] == ["candidate-sourced.v1"]
        for _ in range(3):
            position = post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered")["position"]
        beat = next(message for message in stream if message.position == position)
        assert (beat.data, beat.comment) == (None, f"settled {position}")
        given = post(f"/v1/candidates/{candidate}/consents", purpose="newsletter", channels=["email"])["position"]
        assert [message.type for message in until(stream, given)] == ["consent-given.v1"]


def test_the_last_id_goes_before_the_position_that_was_asked_first(
    url: str, post: Post, candidate: UUID, key: str
) -> None:
    position = post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered")["position"]
    with following(url, key, {"Last-Event-ID": "1"}, from_position=0) as stream:
        assert [message.position for message in until(stream, position)] == [position]


@pytest.mark.parametrize(
    ("parameters", "headers", "name"),
    [
        ({"from_position": "7"}, {}, "position-lies-ahead"),
        ({"from_position": "-1"}, {}, "request-is-malformed"),
        ({"from_position": "1.0"}, {}, "request-is-malformed"),
        ({"types": "candidate-updated.v1"}, {}, "event-type-is-unknown"),
        ({"types": "a,,b"}, {}, "request-is-malformed"),
        ({"type": "candidate-sourced.v1"}, {}, "request-is-malformed"),
        ({}, {"Last-Event-ID": "seven"}, "request-is-malformed"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    client: httpx.Client, parameters: dict[str, str], headers: dict[str, str], name: str
) -> None:
    assert problem(client.get("/v1/changes", params=parameters, headers=headers)) == (422, name)


def test_a_head_request_ends(client: httpx.Client) -> None:
    answer = client.head("/v1/changes")
    assert (answer.status_code, answer.content) == (200, b"")


@contextmanager
def writing(services: Services, key: str, threads: int) -> Iterator[Callable[[], None]]:
    """Several who record touchpoints as fast as they can, with the database between them and the followers."""
    stop = threading.Event()
    failed: list[str] = []

    def write() -> None:
        with httpx.Client(verify=False, base_url=base, headers=bearing(key)) as client:
            stream = client.post("/v1/candidates", json={"name": "Nora Blum"}).json()["stream"]
            while not stop.is_set():
                answer = client.post(f"/v1/candidates/{stream}/touchpoints", json={"kind": "call-answered"})
                if answer.status_code != 201:
                    failed.append(answer.text)

    with serving(create_app(services)) as base:
        writers = [threading.Thread(target=write) for _ in range(threads)]
        for writer in writers:
            writer.start()
        try:
            yield stop.set
        finally:
            stop.set()
            for writer in writers:
                writer.join()
    assert failed == []


def positions_in(database: str) -> list[int]:
    with psycopg.connect(database) as connection:
        return [row[0] for row in connection.execute("select position from event order by position")]


def test_every_position_once_across_restarts_under_writers(services: Services, database: str, key: str) -> None:
    heard: list[int] = []
    last = 0
    with writing(services, key, 4) as enough:
        for turn in range(4):
            with serving(create_app(services)) as url, following(url, key, {"Last-Event-ID": str(last)}) as stream:
                for message, _ in zip(stream, range(60 + turn), strict=False):
                    heard += [message.position] if message.data is not None and message.position is not None else []
                    last = message.position or last
    enough()
    with serving(create_app(services)) as url, following(url, key, from_position=last) as stream:
        written = positions_in(database)
        heard += [message.position for message in until(stream, written[-1]) if message.position is not None]
    assert heard == written


@contextmanager
def started(
    services: Services, kernel_bytes: int = Bounds().kernel_bytes
) -> Iterator[tuple[Server, tuple[str, int], threading.Thread]]:
    """A server with its own socket; the kernel holds so much of each connection."""
    services = replace(services, bounds=replace(services.bounds, kernel_bytes=kernel_bytes))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = server_of(create_app(services), log_level="critical")
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield server, listening.getsockname(), thread
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def served_by_a_process(database: str, key_file: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`perennial serve`, as an operator starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    set_ = {"DATABASE_URL": database, "PERENNIAL_KEY_FILE": str(key_file), "PERENNIAL_PORT": port}
    command = [sys.executable, "-m", "adapters.cli.main", "serve", "--no-workers"]
    with subprocess.Popen(command, env={**os.environ, **set_}, stderr=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None and not answers(f"http://127.0.0.1:{port}/healthz"):
                time.sleep(0.05)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, verify=False).status_code == 200
    except httpx.TransportError:
        return False


def test_who_follows_a_server_that_is_killed_goes_on_at_the_next(
    services: Services, database: str, key_path: Path, key: str
) -> None:
    heard: list[int | None] = []
    last = 0
    with ExitStack() as stack:
        # All of them start before anything is written: a start takes long, and the writers would fill the time.
        served = [stack.enter_context(served_by_a_process(database, key_path)) for _ in range(3)]
        stack.enter_context(writing(services, key, 2))
        for process, url in served:
            with (
                following(url, key, {"Last-Event-ID": str(last)}) as stream,
                suppress(httpx.TransportError),
            ):
                for number, message in enumerate(stream):
                    heard += [message.position] if message.data is not None else []
                    last = message.position or last
                    if number == 40:
                        process.kill()
    with serving(create_app(services)) as url, following(url, key, from_position=last) as stream:
        written = positions_in(database)
        heard += [message.position for message in until(stream, written[-1])]
    assert heard == written


def test_a_client_that_does_not_read_delays_no_other(
    services: Services, post: Post, candidate: UUID, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    read, reached = Following._read, {"idle": 0, "busy": 0}

    def noted(self: Following, after: int, upto: int, types: Sequence[str]) -> list[Change]:
        reached["idle" if types else "busy"] = upto
        return read(self, after, upto, types)

    monkeypatch.setattr(Following, "_read", noted)
    monkeypatch.setattr("adapters.web.endpoints.changes.RANGE", 50)
    monkeypatch.setattr("adapters.web.framework.serving.PATIENCE_SECONDS", 1)
    for _ in range(400):
        position = post(f"/v1/candidates/{candidate}/touchpoints", kind="note-written")["position"]
    with started(services, kernel_bytes=4096) as (_, address, _thread), socket.socket() as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.connect(address)
        shown = f"Authorization: Bearer {key}\r\n\r\n".encode()
        idle.sendall(b"GET /v1/changes?types=touchpoint-recorded.v1 HTTP/1.1\r\nHost: x\r\n" + shown)
        with following(f"http://{address[0]}:{address[1]}", key) as stream:
            assert [message.position for message in until(stream, position)] == list(range(1, position + 1))
            position = post(f"/v1/candidates/{candidate}/touchpoints", kind="note-written")["position"]
            assert [message.position for message in until(stream, position)] == [position]
        assert 0 < reached["idle"] < reached["busy"] == position


def test_many_who_follow_share_one_listener(url: str, post: Post, candidate: UUID, database: str, key: str) -> None:
    path = f"/v1/candidates/{candidate}/touchpoints"
    with ExitStack() as stack:
        streams = [stack.enter_context(following(url, key, from_position=1)) for _ in range(12)]
        assert [until(stream, 1) for stream in streams] == [[]] * 12
        position = post(path, kind="call-answered")["position"]
        assert [[message.position for message in until(stream, position)] for stream in streams] == [[position]] * 12
        assert len([thread for thread in threading.enumerate() if thread.name == "changes-listener"]) == 1
        with psycopg.connect(database) as connection:
            others = "select count(*) - 1 from pg_stat_activity where datname = current_database()"
            (connections,) = connection.execute(others).fetchone() or (0,)
        assert connections <= 8  # those who wait hold none


def test_the_server_stops_with_open_streams(services: Services, post: Post, candidate: UUID, key: str) -> None:
    with started(services) as (server, address, thread), following(f"http://{address[0]}:{address[1]}", key) as stream:
        assert [message.position for message in until(stream, 1)] == [1]
        began = time.monotonic()
        server.should_exit = True
        assert list(stream) == []  # it ends, and ends in order
        thread.join()
        assert time.monotonic() - began < PATIENCE_SECONDS, "no client was waited for until patience ended"


def test_a_log_that_cannot_be_reached_sends_its_readers_away(
    url: str, log: EventLog, post: Post, candidate: UUID, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    def gone(*_: object) -> list[Any]:
        raise psycopg.OperationalError("the server closed the connection unexpectedly")

    with following(url, key) as stream:
        until(stream, 1)
        monkeypatch.setattr(Following, "_read", gone)
        post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered")
        assert list(stream) == []
    monkeypatch.undo()
    with following(url, key, from_position=1) as stream:
        assert [message.position for message in until(stream, 2)] == [2]


def test_a_stream_ends_with_the_key_it_was_asked_with(
    url: str, post: Post, candidate: UUID, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticator, "REMEMBERED_SECONDS", 0.0)
    monkeypatch.setattr(changes, "ASK_AGAIN_SECONDS", 0.0)
    key = key_of(services, Role.RECRUITER, name="leaver")
    with following(url, key) as stream:
        assert [message.position for message in until(stream, 1)] == [1]
        services.api_keys.revoke(key.split("_")[1], "user:test", services.now())
        post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered")
        assert [message.data for message in stream if message.data is not None] == []


def revoked(services: Services, key: str) -> None:
    services.api_keys.revoke(key.split("_")[1], "user:test", services.now())


def test_a_look_and_what_it_may_go_on_for_are_less_than_the_five_seconds_of_the_docs() -> None:
    assert authenticator.REMEMBERED_SECONDS + changes.GOOD_FOR_SECONDS + 2 * changes.TRY_AGAIN_SECONDS <= 5
    assert changes.ASK_AGAIN_SECONDS < changes.GOOD_FOR_SECONDS


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are looked at all the time, and a stream goes on for a second at most without a look."""
    monkeypatch.setattr(authenticator, "REMEMBERED_SECONDS", 0.0)
    monkeypatch.setattr(changes, "ASK_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(changes, "GOOD_FOR_SECONDS", 1.0)


@pytest.mark.usefixtures("soon")
def test_a_stream_ends_with_its_key_while_the_log_is_too_busy_to_be_read(
    url: str, post: Post, candidate: UUID, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, may_go_on, read = key_of(services, Role.RECRUITER, name="leaver"), threading.Event(), Following._read

    def busy(self: Following, after: int, upto: int, types: Sequence[str]) -> list[Change]:
        may_go_on.wait()
        return read(self, after, upto, types)

    with following(url, key) as stream:
        assert [message.position for message in until(stream, 1)] == [1]
        monkeypatch.setattr(Following, "_read", busy)
        post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered")
        revoked(services, key)
        try:
            assert list(stream) == []  # it ends, and ends in order
        finally:
            may_go_on.set()


@pytest.mark.usefixtures("soon")
def test_a_stream_ends_when_its_key_cannot_be_looked_at(
    url: str, candidate: UUID, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on, find = threading.Event(), services.authenticator.find
    with following(url, key_of(services, Role.RECRUITER, name="leaver")) as stream:
        assert [message.position for message in until(stream, 1)] == [1]
        monkeypatch.setattr(services.authenticator, "find", lambda name: may_go_on.wait() and find(name))
        try:
            assert list(stream) == []
        finally:
            may_go_on.set()


@pytest.mark.usefixtures("soon")
def test_a_stream_outlives_a_database_that_is_away_for_a_moment(
    url: str, post: Post, candidate: UUID, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, failures = services.authenticator.find, iter(range(2))

    def away(name: str) -> Any:
        if next(failures, None) is not None:
            raise psycopg.OperationalError("gone")
        return find(name)

    monkeypatch.setattr(changes, "GOOD_FOR_SECONDS", PATIENCE)
    with following(url, key_of(services, Role.RECRUITER, name="stayer")) as stream:
        assert [message.position for message in until(stream, 1)] == [1]
        monkeypatch.setattr(services.authenticator, "find", away)
        while next(failures, None) is not None:
            time.sleep(0.05)
        position = post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered")["position"]
        assert [message.position for message in until(stream, position)] == [position]


@pytest.mark.usefixtures("soon")
def test_who_does_not_read_is_cut_off_with_the_key(
    services: Services, post: Post, candidate: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, ended = key_of(services, Role.RECRUITER, name="leaver"), threading.Event()
    until_not_good = WhileGood._until_not_good

    async def watched(self: WhileGood) -> None:
        await until_not_good(self)
        ended.set()

    monkeypatch.setattr(WhileGood, "_until_not_good", watched)
    for _ in range(400):
        post(f"/v1/candidates/{candidate}/touchpoints", kind="note-written")
    with started(services, kernel_bytes=4096) as (server, address, _thread), socket.socket() as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.connect(address)
        idle.sendall(f"GET /v1/changes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        assert idle.recv(1)
        revoked(services, key)
        assert ended.wait(PATIENCE)
        while server.server_state.tasks:
            time.sleep(0.05)


@pytest.mark.usefixtures("soon")
def test_a_stream_ends_with_the_token_it_was_asked_with(
    url: str, candidate: UUID, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass
    class OneToken:
        roles: frozenset[Role] | None = frozenset({Role.RECRUITER})

        def principal(self, token: str) -> Principal:
            if self.roles is None:
                raise KeyIsNotValid
            return Principal("ana", self.roles, kind=OIDC)

    tokens = OneToken()
    monkeypatch.setattr(services.authenticator, "tokens", tokens)
    for changed in (None, frozenset({Role.ANALYST})):
        tokens.roles = frozenset({Role.RECRUITER})
        with following(url, "a.b.c") as stream:
            assert [message.position for message in until(stream, 1)] == [1]
            tokens.roles = changed
            assert list(stream) == []


def test_an_event_that_names_no_candidate_is_sent_too(url: str, post: Post, key: str) -> None:
    requisition = str(uuid4())
    position = post("/v1/requisitions", requisition=requisition, role="gardener", title="Head gardener")["position"]
    with following(url, key) as stream:
        (opened,) = until(stream, position)
    assert (opened.type, opened.data["stream"]) == ("requisition-opened.v1", requisition)
