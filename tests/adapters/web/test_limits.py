"""Bodies cannot fill the memory: one that is too large is refused at once, however it is sent."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from adapters.web.framework import json_bodies, limits
from adapters.web.framework.limits import ArrivingBody, BodyMemory
from tests.adapters.web.conftest import bearing, problem

MIB = 1024 * 1024


def chunks(total: int) -> Iterator[bytes]:
    for _ in range(total // MIB):
        yield b" " * MIB


@pytest.mark.parametrize(("path", "size"), [("/v1/candidates", 2 * MIB), ("/v1/inbound/greenhouse", 50 * MIB)])
def test_a_body_that_is_too_large_is_refused(url: str, key: str, path: str, size: int) -> None:
    headers = {"Content-Type": "application/json", **bearing(key)}
    for content in (b" " * size, chunks(size)):
        answer = httpx.post(f"{url}{path}", content=content, headers=headers, verify=False)
        assert problem(answer) == (413, "body-is-too-large")


def test_the_answer_does_not_wait_for_the_body(url: str) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        head = f"POST /v1/inbound/greenhouse HTTP/1.1\r\nHost: x\r\nContent-Length: {50 * MIB}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_is_cut_off_at_its_limit(url: str, key: str) -> None:
    address = urlsplit(url)
    head = "POST /v1/candidates HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(f"{head}Authorization: Bearer {key}\r\n\r\n".encode())
        for _ in range(2):
            connection.sendall(b"%x\r\n" % MIB + b" " * MIB + b"\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_body_just_within_the_limit_is_read(client: httpx.Client) -> None:
    body = json.dumps({"name": "Ines Prado"}).encode().ljust(MIB)
    for content in (body, iter([body])):
        answer = client.post("/v1/candidates", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Ines", "emails": ["a@b.c"] * 90_000},
        {f"x{number}": 1 for number in range(80_000)},
        {"touchpoints": [{f"x{number}": 1 for number in range(100)}] * 1_000},
        {"name": "Ines", "emails": [1] * 200_000},
    ],
    ids=["values", "members", "objects", "numbers"],
)
def test_a_body_of_very_many_values_is_refused_unread(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, body: object
) -> None:
    monkeypatch.setattr(json_bodies, "read_json", lambda _: pytest.fail("it was read"))
    for path in ("/v1/candidates", "/v1/touchpoints/bulk"):
        sent = json.dumps(body, separators=(",", ":")).encode()
        answer = client.post(path, content=sent, headers={"Content-Type": "application/json"})
        assert problem(answer) == (422, "request-is-malformed")
        assert "100,000" in answer.text


def test_of_bodies_that_do_not_come_the_one_that_stalled_longest_makes_room_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "STALLED_SECONDS", -1.0)

    async def share() -> None:
        memory = BodyMemory(10)
        first, second, third, fourth = (ArrivingBody(asyncio.timeout(None)) for _ in range(4))
        async with first.ends, second.ends:
            assert memory.take(first, 4)
            assert memory.take(second, 4)
            assert memory.take(first, 1), "the second is the one of which nothing came for longest now"
            assert memory.take(third, 5)
            assert (first.dropped, second.dropped) == (False, True)
            memory.came_whole(first)
            memory.came_whole(third)
            assert not memory.take(fourth, 1), "whole bodies make no room"
            memory.give_back(first)
            assert memory.take(fourth, 5)
            assert memory.free == 0
            second.ends.reschedule(None)

    asyncio.run(share())
