"""One connection takes a bounded part of the server, however it is used: real sockets against the real server."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st

from adapters.exports.plain import as_json
from adapters.intake.imports.upload_store import UploadStore
from adapters.web.app import create_app
from adapters.web.endpoints import docs
from adapters.web.framework import connections, limits
from adapters.web.framework.accepting import Acceptor
from adapters.web.framework.bounds import KIB, MIB, Bounds
from adapters.web.framework.connections import AT_WORK, MOVING, NO_REQUEST, Connection, Connections, QuietTransport
from adapters.web.framework.document import Api
from adapters.web.framework.limits import BodyMemory
from adapters.web.framework.serving import hold_little
from adapters.web.framework.turns import Party, Turns
from adapters.web.services import Services
from tests.adapters.web.conftest import bearing, problem, serving

PATIENCE = 20.0
EAGER = Bounds(looks_every=0.05)
SOON = replace(
    EAGER, head_seconds=0.5, keep_alive_seconds=0.5, body_idle_seconds=0.5, body_seconds=1.0, closing_seconds=0.2
)
Dial = Callable[..., socket.socket]


KERNEL = EAGER.kernel_bytes
"""The size of a socket's kernel buffers, each way. The kernel doubles it, and does not grow the buffers then."""


@contextmanager
def dialled(services: Services, bounds: Bounds) -> Iterator[Dial]:
    """What opens connections to an application with these bounds. The kernel holds little for either end."""
    with ExitStack() as stack:
        app = create_app(replace(services, bounds=bounds))
        url = httpx.URL(stack.enter_context(serving(app)))

        def dial(address: str = "127.0.0.1") -> socket.socket:
            connection = stack.enter_context(socket.socket())
            connection.bind((address, 0))
            hold_little(connection, KERNEL)
            connection.settimeout(PATIENCE)
            connection.connect((url.host, url.port))
            return connection

        yield dial


def wait_until(holds: Callable[[], bool]) -> None:
    """Waits for an event, however long a busy machine takes, and fails where it does not come at all."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Connections]:
    """What the servers of this test know of their connections."""
    made: list[Connections] = []

    def noted(bounds: Bounds) -> Connections:
        made.append(Connections(bounds))
        return made[-1]

    monkeypatch.setattr("adapters.web.framework.serving.Connections", noted)
    return made


@pytest.fixture
def memories(monkeypatch: pytest.MonkeyPatch) -> list[BodyMemory]:
    """The memories of this test's servers: for deliveries, then for other bodies."""
    memories: list[BodyMemory] = []

    def noted(total: int) -> BodyMemory:
        memories.append(BodyMemory(total))
        return memories[-1]

    monkeypatch.setattr(limits, "BodyMemory", noted)
    return memories


def answer_of(connection: socket.socket) -> tuple[int, str, bytes]:
    """The status, the problem's name and the body of the next answer."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    body = answer.read()
    assert answer.getheader("x-content-type-options") == "nosniff"
    document = json.loads(body)
    return answer.status, str(document.get("type", "")).removeprefix("/problems/"), body


def status_of(connection: socket.socket) -> int:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def send_all(connection: socket.socket, pieces: Iterator[bytes]) -> int:
    """How many bytes went before the server closed."""
    sent = 0
    for piece in pieces:
        try:
            connection.sendall(piece)
        except OSError:
            return sent
        sent += len(piece)
    return sent


def is_closed(connection: socket.socket) -> bool:
    """Whether the other end closes, which is waited for; nothing else may come."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LONG = b"x" * (256 * KIB)
TOO_LARGE: dict[str, tuple[bytes, int, str]] = {
    "one long header": (GET + b"A: " + b"x" * (65 * KIB) + b"\r\n\r\n", 431, "head-is-too-large"),
    "one long name": (GET + b"x" * (65 * KIB) + b": a\r\n\r\n", 431, "head-is-too-large"),
    "several headers": (GET + (b"A: " + b"x" * (10 * KIB) + b"\r\n") * 7 + b"\r\n", 431, "head-is-too-large"),
    "many headers": (GET + b"".join(b"h%d: \r\n" % n for n in range(100)) + b"\r\n", 431, "head-is-too-large"),
    "many empty ones": (GET + b"a:\r\n" * 15_000 + b"\r\n", 431, "head-is-too-large"),
    "never ends": (GET + b"A: " + LONG, 431, "head-is-too-large"),
    "a long target": (GET.replace(b"healthz", b"x" * (33 * KIB)) + b"\r\n", 414, "target-is-too-long"),
    "a target that never ends": (b"GET /" + LONG, 431, "head-is-too-large"),
    "a long method": (b"G" * (65 * KIB), 400, "request-cannot-be-read"),
    "no request": (b"\x16\x03\x01\x02\x00\x01\x00" * 10, 400, "request-cannot-be-read"),
    "a broken target": (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "request-cannot-be-read"),
}


def test_the_answer_to_a_head_is_not_lost_where_a_little_more_comes(services: Services) -> None:
    with dialled(services, EAGER) as dial:
        for more in range(0, 48 * KIB, 6 * KIB):
            connection = dial()
            connection.sendall(GET + b"A: " + b"x" * (65 * KIB) + b"\r\n\r\n" + b"x" * more)
            assert answer_of(connection)[:2] == (431, "head-is-too-large")
            connection.sendall(b"x" * KIB)
            assert is_closed(connection)


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_head_that_is_too_large_is_refused_before_it_is_whole(services: Services, name: str) -> None:
    head, status, slug = TOO_LARGE[name]
    with dialled(services, EAGER) as dial:
        connection = dial()
        send_all(connection, iter([head]))
        answer = answer_of(connection)
        assert answer[:2] == (status, slug)
        assert len(answer[2]) < KIB
        assert is_closed(connection)


def test_a_head_just_within_the_bounds_is_read(services: Services) -> None:
    filler = b"".join(b"h%d: %s\r\n" % (n, b"x" * 600) for n in range(98))
    target = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    with dialled(services, EAGER) as dial:
        connection = dial()
        connection.sendall(target + filler + b"\r\n")
        assert answer_of(connection)[0] == 200


def test_a_head_without_end_costs_no_more_than_its_bound(services: Services) -> None:
    with dialled(services, EAGER) as dial:
        connection = dial()
        sent = send_all(connection, (piece for piece in [GET + b"A: ", *[LONG] * 800]))
        assert sent < 2 * MIB, "the server closes long before 200 MB have come"


@pytest.mark.parametrize(
    "body",
    [
        b"2\r\n{}\r\n0\r\nX: " + LONG,
        b"2;" + LONG + b"\r\n",
        b"2\r\n{}\r\n0\r\n" + b"a: b\r\n" * 20_000,
    ],
)
def test_what_is_neither_head_nor_body_is_bounded_too(services: Services, key: str, body: bytes) -> None:
    with dialled(services, EAGER) as dial:
        connection = dial()
        shown = f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n".encode()
        connection.sendall(
            b"POST /v1/candidates HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + shown + b"\r\n"
        )
        send_all(connection, iter([body, LONG]))
        assert answer_of(connection)[:2] == (400, "request-cannot-be-read")


def test_requests_that_wait_for_one_another_are_bounded(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [0]
    complete = Connection.on_headers_complete

    def noted(connection: Connection) -> None:
        complete(connection)
        waiting.append(len(connection.pipeline))

    monkeypatch.setattr(Connection, "on_headers_complete", noted)
    with dialled(services, EAGER) as dial:
        connection = dial()
        send_all(connection, iter([(GET + b"\r\n") * 50_000]))
        with suppress(ConnectionError):
            while connection.recv(64 * KIB):
                pass
        assert max(waiting) == EAGER.pipelined
        assert len(waiting) < 50_000, "the rest was not read"
        polite = dial()
        polite.sendall((GET + b"\r\n") * 5)
        assert [answer_of(polite)[0] for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("number", [100, 3_000, 9_000])
def test_more_parameters_than_any_question_has_get_a_short_answer(services: Services, number: int) -> None:
    with dialled(services, replace(EAGER, target_bytes=MIB, head_bytes=MIB)) as dial:
        connection = dial()
        query = b"&".join(b"a%d=" % n for n in range(number + 1))
        connection.sendall(b"GET /healthz?" + query + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        status, slug, body = answer_of(connection)
        assert (status, slug) == (422, "too-many-parameters")
        assert len(body) < KIB


def test_a_connection_without_a_request_is_closed_and_one_after_its_last_request_too(services: Services) -> None:
    with dialled(services, SOON) as dial:
        silent, slow = dial(), dial()
        slow.sendall(GET + b"A: ")
        blank = dial()
        blank.sendall(b"\r\n\r\n")
        used = dial()
        used.sendall(GET + b"\r\n")
        assert answer_of(used)[0] == 200
        assert is_closed(silent)
        assert is_closed(blank)
        assert answer_of(slow)[:2] == (408, "request-took-too-long")
        assert is_closed(slow)
        assert is_closed(used)


def test_a_head_that_drips_is_cut_off(services: Services) -> None:
    with dialled(services, SOON) as dial:
        connection = dial()
        connection.sendall(GET)
        until = time.monotonic() + PATIENCE
        with suppress(OSError):
            while time.monotonic() < until:
                connection.sendall(b"a: b\r\n")
                time.sleep(0.02)
        assert time.monotonic() < until, "it could send on and on"


POST = b"POST /v1/candidates HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n"


@pytest.mark.parametrize("drip", [None, 0.02])
def test_a_body_that_does_not_come_is_not_waited_for(services: Services, key: str, drip: float | None) -> None:
    with dialled(services, SOON) as dial:
        connection = dial()
        connection.sendall(POST + f"Authorization: Bearer {key}\r\n\r\n{{".encode())
        if drip is not None:
            connection.settimeout(drip)
            for _ in range(int(PATIENCE / drip)):
                try:
                    connection.sendall(b" ")
                    if connection.recv(1, socket.MSG_PEEK):
                        break
                except TimeoutError:
                    continue
            connection.settimeout(PATIENCE)
        assert answer_of(connection)[:2] == (408, "request-took-too-long")


def test_a_body_that_comes_steadily_is_waited_for(services: Services, key: str) -> None:
    bounds = replace(EAGER, body_idle_seconds=PATIENCE, body_seconds=0.5, bytes_per_second=1.0)
    with dialled(services, bounds) as dial:
        connection = dial()
        head = b"POST /v1/candidates HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1002\r\n"
        connection.sendall(head + f"Authorization: Bearer {key}\r\n\r\n{{".encode())
        connection.sendall(b" " * 1_000)
        time.sleep(1.0)
        connection.sendall(b"}")
        assert status_of(connection) in (201, 422)


def test_a_body_whose_request_is_answered_keeps_its_connection_only_a_moment(services: Services) -> None:
    with dialled(services, SOON) as dial:
        connection = dial()
        connection.sendall(POST + b"\r\n{")
        assert answer_of(connection)[:2] == (401, "key-is-missing")
        assert is_closed(connection)


def test_who_does_not_read_an_answer_is_cut_off(services: Services, made: list[Connections]) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    with dialled(services, replace(EAGER, read_seconds=0.3, bytes_per_second=1e9)) as dial:
        polite = dial()
        polite.sendall(request)
        assert EAGER.pipelined * len(answer_of(polite)[2]) > 2 * (2 * 2 * KERNEL), "they do not fit between the two"
        polite.close()
        connection = dial()
        connection.sendall(request * EAGER.pipelined)
        wait_until(lambda: len(made[0]) == 1)
        wait_until(lambda: len(made[0]) == 0)
        assert whole_answers(connection, EAGER.pipelined) < EAGER.pipelined


def whole_answers(connection: socket.socket, at_most: int) -> int:
    """How many answers begin before the other end closes, or so many have."""
    came = b""
    with suppress(ConnectionError):
        while came.count(b"HTTP/1.1 200") < at_most and (piece := connection.recv(64 * KIB)):
            came += piece
    return came.count(b"HTTP/1.1 200")


@pytest.mark.parametrize("bounds", [replace(EAGER, connections_per_address=5), replace(EAGER, connections=5)])
def test_the_connection_of_least_use_makes_room(services: Services, bounds: Bounds) -> None:
    with dialled(services, bounds) as dial:
        polite = dial()
        polite.sendall(GET + b"\r\n")
        assert answer_of(polite)[0] == 200
        idle = [dial() for _ in range(30)]
        for connection in idle[:-4]:
            assert is_closed(connection)
        polite.sendall(GET + b"\r\n")
        assert answer_of(polite)[0] == 200
        newcomer = dial()
        newcomer.sendall(GET + b"\r\n")
        assert answer_of(newcomer)[0] == 200


def test_a_body_that_does_not_come_makes_room_and_one_that_comes_does_not(
    services: Services, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STALLED_SECONDS", 0.0)
    head = POST + f"Authorization: Bearer {key}\r\nExpect: 100-continue\r\n\r\n".encode()

    def begun(dial: Dial) -> socket.socket:
        """A connection whose body the application waits for."""
        connection = dial()
        connection.sendall(head)
        assert connection.recv(KIB).startswith(b"HTTP/1.1 100 ")
        return connection

    with dialled(services, replace(EAGER, connections_per_address=3)) as dial:
        stalled = [begun(dial) for _ in range(3)]
        newcomer = dial()
        newcomer.sendall(GET + b"\r\n")
        assert answer_of(newcomer)[0] == 200
        assert is_closed(stalled[0])
    monkeypatch.setattr(connections, "STALLED_SECONDS", PATIENCE)
    with dialled(services, replace(EAGER, connections_per_address=3, body_idle_seconds=PATIENCE)) as dial:
        busy = [begun(dial) for _ in range(3)]
        another = dial()
        another.sendall(b"G")
        assert answer_of(another)[:2] == (503, "too-many-connections")
        assert len(busy) == 3


STRANGERS = ("127.0.0.3", "127.0.0.4", "127.0.0.5")
CREEP = POST.replace(b"100000", b"50") + b"Expect: 100-continue\r\n"


def crawling(dial: Dial, address: str, key: str) -> socket.socket:
    """A connection whose body comes, and slowly."""
    connection = dial(address)
    connection.sendall(CREEP + f"Authorization: Bearer {key}\r\n\r\n".encode())
    assert connection.recv(KIB).startswith(b"HTTP/1.1 100 ")
    return connection


def unread(dial: Dial, address: str, key: str) -> socket.socket:
    """A connection whose answers are not read."""
    connection = dial(address)
    connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * EAGER.pipelined)
    return connection


def answered_early(dial: Dial, address: str, key: str) -> socket.socket:
    """A connection that was answered before its body came."""
    connection = dial(address)
    connection.sendall(POST + b"\r\n{")
    assert answer_of(connection)[0] == 401
    return connection


@pytest.mark.parametrize("hold", [crawling, unread, answered_early])
def test_strangers_from_several_addresses_leave_room_for_another_and_what_it_has(
    services: Services, key: str, made: list[Connections], hold: Callable[..., socket.socket]
) -> None:
    bounds = replace(EAGER, connections=12, connections_per_address=4, body_idle_seconds=PATIENCE)
    with dialled(services, bounds) as dial:
        polite = dial("127.0.0.2")
        polite.sendall(GET + b"\r\n")
        assert answer_of(polite)[0] == 200
        held = [hold(dial, address, key) for address in (STRANGERS * 4)[:11]]
        wait_until(
            lambda: sum(NO_REQUEST < connection.use()[0] < AT_WORK for connection in list(made[0]._all.all)) == 12
        )
        for _ in range(5):
            newcomer = dial("127.0.0.2")
            newcomer.sendall(GET + b"\r\n")
            assert answer_of(newcomer)[0] == 200
            newcomer.close()
            wait_until(lambda: len(made[0]) < bounds.connections)
        polite.sendall(GET + b"\r\n")
        assert answer_of(polite)[0] == 200
        assert len(held) == 11


def test_an_address_whose_connections_are_all_at_work_does_not_shut_others_out(
    services: Services, key: str, made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()
    monkeypatch.setattr(UploadStore, "all", lambda _: may_go_on.wait() and [])
    shown = f"Authorization: Bearer {key}\r\n\r\n".encode()
    request = b"GET /v1/imports HTTP/1.1\r\nHost: x\r\n" + shown
    try:
        with dialled(services, replace(EAGER, connections=7, connections_per_address=4)) as dial:
            for _ in range(4):
                dial("127.0.0.3").sendall(request)
            wait_until(lambda: [connection.use()[0] for connection in list(made[0]._all.all)] == [AT_WORK] * 4)
            crowd = [dial("127.0.0.4") for _ in range(3)]
            for connection in crowd:
                connection.sendall(b"G")
            wait_until(lambda: len(made[0]) == 7)
            polite = dial("127.0.0.2")
            polite.sendall(b"G")
            wait_until(lambda: "127.0.0.2" in made[0]._of)
            assert is_closed(crowd[0])
            polite.sendall(GET[1:] + b"\r\n")
            assert answer_of(polite)[0] == 200
            may_go_on.set()
    finally:
        may_go_on.set()


def test_room_for_another_is_found_without_a_look_at_all(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [0]
    use = Connection.use

    def counted(connection: Connection) -> tuple[int, float]:
        looks[0] += 1
        return use(connection)

    monkeypatch.setattr(Connection, "use", counted)
    with dialled(services, replace(EAGER, connections=50, connections_per_address=20)) as dial:
        idle = [dial(address) for address in (*STRANGERS, "127.0.0.6") * 20]
        assert is_closed(idle[0])
        polite = dial("127.0.0.2")
        polite.sendall(GET + b"\r\n")
        assert answer_of(polite)[0] == 200
        assert looks == [0]


def test_what_comes_after_the_end_of_a_connection_is_taken_in_silence() -> None:
    class Gone:
        def is_closing(self) -> bool:
            return True

        def get_extra_info(self, name: str) -> str:
            return name

        def write(self, data: bytes) -> None:
            raise RuntimeError("the handler is closed")

        pause_reading = resume_reading = lambda self: self.write(b"")

    transport = QuietTransport(cast(asyncio.Transport, Gone()), lambda: False)
    transport.write(b"late")
    transport.pause_reading()
    transport.resume_reading()
    assert transport.get_extra_info("peername") == "peername"


class Reading:
    """A transport that counts, as both event loops do, on being paused and resumed."""

    reads = True

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


@given(steps=st.lists(st.sampled_from(["pause_reading", "resume_reading", "hold", "release"])))
def test_a_connection_is_read_where_neither_the_application_nor_its_turn_forbids_it(steps: list[str]) -> None:
    below = Reading()
    transport = QuietTransport(cast(asyncio.Transport, below), lambda: False)
    paused = held = False
    for step in steps:
        getattr(transport, step)()
        paused = step == "pause_reading" if step.endswith("reading") else paused
        held = step == "hold" if not step.endswith("reading") else held
        assert below.reads == (not paused and not held)
        assert transport.is_held == held


def test_requests_are_taken_in_turns_and_a_good_key_is_known_afterwards(
    services: Services, key: str, made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    parties: list[Party] = []
    begin = Turns.begin

    def noted(turns: Turns, party: Party, start: Callable[[], None]) -> bool:
        if turns is made[0].starts:
            parties.append(party)
        return begin(turns, party, start)

    monkeypatch.setattr(Turns, "begin", noted)
    request = b"GET /v1/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n"
    with dialled(services, EAGER) as dial:
        for shown in (key, "pnl_invented", key, "pnl_invented"):
            connection = dial("127.0.0.2")
            connection.sendall(request % shown.encode())
            status_of(connection)
        assert [party.has_good_key for party in parties] == [False, False, True, False]
        assert [party.name for party in parties if not party.has_good_key] == ["127.0.0.2"] * 3
        assert made[0].keys.party(b"", "127.0.0.2").has_good_key, (
            "its next connection has a turn among those with a key"
        )
        assert not made[0].keys.party(b"", "127.0.0.3").has_good_key


def test_a_request_that_waits_for_its_turn_makes_room_and_one_that_began_does_not(
    services: Services, made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[Callable[[], None]] = []

    def never(turns: Turns, party: Party, start: Callable[[], None]) -> bool:
        if turns is made[0].starts and party.name != "127.0.0.2":
            waiting.append(start)
            return False
        start()
        return True

    monkeypatch.setattr(Turns, "begin", never)
    bounds = replace(EAGER, connections=6, connections_per_address=3)
    with dialled(services, bounds) as dial:
        held = [dial(address) for address in ("127.0.0.3", "127.0.0.4") * 3]
        for connection in held:
            connection.sendall(GET + b"\r\n")
        wait_until(lambda: len(waiting) == 6)
        assert {connection.use()[0] for connection in list(made[0]._all.all)} == {MOVING}
        newcomer = dial("127.0.0.2")
        newcomer.sendall(GET + b"\r\n")
        assert answer_of(newcomer)[0] == 200


def test_what_comes_of_a_connection_that_has_ended_is_let_go(
    services: Services, made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[Callable[[], None]] = []

    def later(turns: Turns, party: Party, start: Callable[[], None]) -> bool:
        if turns is made[0].reads and party.name == "127.0.0.3":
            waiting.append(start)
            return False
        start()
        return True

    monkeypatch.setattr(Turns, "begin", later)
    with dialled(services, replace(EAGER, connections=1)) as dial:
        gone = dial("127.0.0.3")
        gone.sendall(GET + b"\r\n")
        wait_until(lambda: len(waiting) == 1)
        polite = dial("127.0.0.2")
        polite.sendall(GET + b"\r\n")
        assert answer_of(polite)[0] == 200
        waiting[0]()
        assert is_closed(gone)
        polite.sendall(GET + b"\r\n")
        assert answer_of(polite)[0] == 200


def test_the_kernel_holds_as_little_of_a_connection_as_was_said(services: Services) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    accepted: list[socket.socket] = []
    take = Acceptor._let_in

    def noted(acceptor: Acceptor, connection: socket.socket, address: tuple[str, int]) -> None:
        accepted.append(connection)
        take(acceptor, connection, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Acceptor, "_let_in", noted)
        with dialled(services, replace(EAGER, kernel_bytes=32 * KIB)) as dial:
            connection = dial()
            connection.sendall(request)
            assert status_of(connection) == 200
            for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                assert accepted[0].getsockopt(socket.SOL_SOCKET, buffer) <= 2 * 32 * KIB


TOO_LONG = b"POST /v1/candidates HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (2 * MIB)


def test_a_body_that_is_refused_may_come_to_its_end_and_the_connection_ends_with_it(services: Services) -> None:
    with dialled(services, EAGER) as dial:
        connection = dial()
        connection.sendall(TOO_LONG)
        assert answer_of(connection)[:2] == (413, "body-is-too-large")
        assert send_all(connection, iter([b" " * (256 * KIB)] * 8)) == 2 * MIB
        assert is_closed(connection)


def test_a_chunked_body_that_is_refused_may_come_to_its_end_too(services: Services, key: str) -> None:
    head = b"POST /v1/candidates HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer "
    with dialled(services, EAGER) as dial:
        connection = dial()
        connection.sendall(head + key.encode() + b"\r\n\r\n")
        piece = b"%x\r\n" % MIB + b" " * MIB + b"\r\n"
        assert send_all(connection, iter([piece] * 4 + [b"0\r\n\r\n"])) == 4 * len(piece) + 5
        assert answer_of(connection)[:2] == (413, "body-is-too-large")
        assert is_closed(connection)


def test_a_body_that_is_refused_is_read_for_a_while_and_up_to_a_bound(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LINGER_BYTES", 512 * KIB)
    with dialled(services, SOON) as dial:
        silent, endless = dial(), dial()
        for sender in (silent, endless):
            sender.sendall(TOO_LONG)
            assert answer_of(sender)[:2] == (413, "body-is-too-large")
        assert send_all(endless, iter([b" " * (64 * KIB)] * 31)) < 31 * 64 * KIB
        assert is_closed(silent)


def test_nothing_is_begun_after_the_last_answer_of_a_connection(services: Services) -> None:
    with dialled(services, EAGER) as dial:
        connection = dial()
        connection.sendall(TOO_LONG)
        assert answer_of(connection)[:2] == (413, "body-is-too-large")
        send_all(connection, iter([b" " * MIB, b" " * MIB + GET + b"\r\n"]))
        assert is_closed(connection)


def test_connections_are_forgotten_when_they_end(services: Services, made: list[Connections]) -> None:
    with dialled(services, replace(EAGER, connections_per_address=2)) as dial:
        for _ in range(10):
            connection = dial()
            connection.sendall(GET + b"\r\n")
            assert answer_of(connection)[0] == 200
            connection.close()
        wait_until(lambda: len(made[0]) == 0)
        assert (made[0]._of, made[0]._address, made[0]._all.fresh) == ({}, {}, {})


def delivery(size: int) -> bytes:
    head = f"POST /v1/inbound/greenhouse HTTP/1.1\r\nHost: x\r\nSignature: sha256 00\r\nContent-Length: {size}\r\n\r\n"
    return head.encode()


def test_without_a_secret_no_body_of_a_delivery_is_read(services: Services) -> None:
    with dialled(replace(services, secrets={}), EAGER) as dial:
        connection = dial()
        connection.sendall(delivery(5 * MIB))
        assert answer_of(connection)[:2] == (503, "integration-has-no-secret")


def test_bodies_share_their_memory_and_those_that_do_not_come_make_room(
    services: Services, key: str, monkeypatch: pytest.MonkeyPatch, memories: list[BodyMemory]
) -> None:
    bounds, held = replace(EAGER, body_memory=8 * MIB), MIB - 300 * KIB
    monkeypatch.setattr(limits, "STALLED_SECONDS", PATIENCE)
    with dialled(services, bounds) as dial:
        holding = [dial() for _ in range(4)]
        for connection in holding:
            connection.sendall(delivery(2 * MIB) + b" " * held)
        wait_until(lambda: memories[0].free == 4 * MIB - 4 * held)
        full = dial()
        full.sendall(delivery(4 * MIB))
        send_all(full, iter([b" " * (2 * MIB)]))
        assert answer_of(full)[:2] == (503, "bodies-fill-the-memory")
        polite = dial()  # what has a key has a part of its own
        body = json.dumps({"name": "Ines Prado"}).encode().ljust(MIB)
        shown = f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {MIB}\r\n\r\n"
        polite.sendall(b"POST /v1/candidates HTTP/1.1\r\nHost: x\r\n" + shown.encode() + body)
        assert status_of(polite) == 201
        monkeypatch.setattr(limits, "STALLED_SECONDS", 0.0)
        latest = dial()
        latest.sendall(delivery(3 * MIB) + b" " * (3 * MIB))
        assert answer_of(latest)[:2] == (401, "signature-is-wrong")
        assert answer_of(holding[0])[:2] == (408, "request-took-too-long")


def test_memory_is_free_again_when_bodies_end(services: Services, memories: list[BodyMemory]) -> None:
    with dialled(services, replace(EAGER, body_memory=8 * MIB)) as dial:
        flood = [dial() for _ in range(8)]
        for opened in flood:
            send_all(opened, iter([delivery(3 * MIB) + b" " * (MIB + 7)]))
        wait_until(lambda: memories[0].free < 2 * MIB)
        for opened in flood:
            opened.close()
        wait_until(lambda: memories[0].free == 4 * MIB)
        connection = dial()
        connection.sendall(delivery(2 * MIB) + b" " * (2 * MIB))
        assert answer_of(connection)[:2] == (401, "signature-is-wrong")


def test_bodies_that_do_not_come_make_room_by_themselves(services: Services, memories: list[BodyMemory]) -> None:
    with dialled(services, replace(EAGER, body_memory=8 * MIB)) as dial:
        flood = [dial() for _ in range(8)]
        for opened in flood:
            send_all(opened, iter([delivery(3 * MIB) + b" " * (MIB + 7)]))
        wait_until(lambda: memories[0].free < 2 * MIB)

        def taken() -> bool:
            connection = dial()
            send_all(connection, iter([delivery(2 * MIB) + b" " * (2 * MIB)]))
            answer = answer_of(connection)[:2]
            assert answer in ((401, "signature-is-wrong"), (503, "bodies-fill-the-memory"))
            return answer[0] == 401

        wait_until(taken)


def test_an_answer_that_does_not_begin_in_time_is_a_problem(
    services: Services, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()
    monkeypatch.setattr(UploadStore, "all", lambda _: may_go_on.wait() and [])
    app = create_app(replace(services, bounds=replace(EAGER, answer_seconds=0.3)))
    with (
        serving(app) as url,
        httpx.Client(verify=False, base_url=url, headers=bearing(key), timeout=PATIENCE) as client,
    ):
        try:
            assert problem(client.get("/v1/imports")) == (504, "answer-takes-too-long")
            assert client.get("/healthz").status_code == 200
        finally:
            may_go_on.set()


def test_a_problem_repeats_little_of_what_was_sent(client: httpx.Client) -> None:
    wide = {f"x{number}": 1 for number in range(80_000)}
    for body in (wide, {"touchpoints": [wide]}, {"k" * 500_000: 1}, {f"k{n}" * 3_000: 1 for n in range(90)}):
        for path in ("/v1/candidates", "/v1/touchpoints/bulk", f"/v1/candidates/{uuid4()}/erase"):
            answer = client.post(path, json=body)
            assert problem(answer) == (422, "request-is-malformed")
            assert len(answer.content) < 16 * KIB
    assert len(client.get("/v1/" + "x" * 8_000).content) < 2 * KIB


def test_the_mistakes_of_a_thousand_touchpoints_are_not_all_collected(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected: list[int] = []
    errors = RequestValidationError.errors

    def counted(wrong: RequestValidationError) -> Sequence[Any]:
        collected.append(len(errors(wrong)))
        return errors(wrong)

    monkeypatch.setattr(RequestValidationError, "errors", counted)
    item = {f"x{number}": 1 for number in range(100)}
    answer = client.post("/v1/touchpoints/bulk", json={"touchpoints": [item] * 1_000})
    assert problem(answer) == (422, "request-is-malformed")
    assert max(collected) < 200


def test_the_description_is_written_once_however_many_ask(app: Api, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def counted(value: Any) -> bytes:
        written.append(threading.current_thread().name)
        return as_json(value)

    monkeypatch.setattr(docs, "as_json", counted)
    with ThreadPoolExecutor(8) as many:
        answers = list(
            many.map(lambda _: httpx.get(f"{url}/openapi.json", timeout=PATIENCE, verify=False).json(), range(16))
        )
    assert all(document == answers[0] for document in answers)
    assert [name for name in written if "AnyIO" in name] == written
    assert len(written) == 1


def test_a_list_has_as_many_values_as_a_person_has(client: httpx.Client) -> None:
    many = {"emails": [f"a{number}@example.org" for number in range(90_000 // 4)]}
    for body in (many, {"emails": ["a@example.org"] * 101}, {"phones": ["+49 30 " + "1" * 2_000]}):
        answer = client.post("/v1/candidates", json={"name": "Ines", **body})
        assert problem(answer)[0] == 422
        assert len(answer.content) < 8 * KIB
