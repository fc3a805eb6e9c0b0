"""The drill of strangers can fail: each way in which a flood is felt too much is reported, and nothing else is."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from dataclasses import replace

import pytest

from adapters.lab.drill.floods import FLOODS, WITHOUT_SECRET, flood
from adapters.lab.drill.judging import MB, MEMORY_BELOW, Calm, Held, MeasuredRequest, Seen, judged
from adapters.lab.drill.stranger import Stranger
from adapters.lab.drill.strangers import Notes, addresses_of

CALM = Calm([MeasuredRequest(due / 10, "page", 0.02) for due in range(100)], 150 * MB)
BEGAN, ENDED = 100.0, 110.0


def asked(seconds: float = 0.02) -> list[MeasuredRequest]:
    """A request every tenth of a second, from the flood's begin until 13 s after its end."""
    return [MeasuredRequest(BEGAN + number / 10, "page", seconds) for number in range(230)]


GOOD = Seen(
    name="some flood",
    began=BEGAN,
    ended=ENDED,
    requests=asked(),
    held=[Held(BEGAN + number, 200 * MB) for number in range(23)],
    came={"200": 3},
    due=100,
)


def late(request: MeasuredRequest, seconds: float) -> MeasuredRequest:
    return replace(request, seconds=seconds)


FELT: dict[str, tuple[Seen, str]] = {
    "slow": (
        replace(GOOD, requests=[late(item, 1.0) if item.due < ENDED else item for item in asked()]),
        "p99 was 1.00 s",
    ),
    "slow now and then": (
        replace(GOOD, requests=[late(item, 2.0) if number in (3, 4) else item for number, item in enumerate(asked())]),
        "p99 was 2.00 s",
    ),
    "never answered": (replace(GOOD, requests=asked()[:50]), "50 of 100 requests of the client were answered"),
    "not answered at all": (replace(GOOD, requests=[]), "0 of 100 requests of the client were answered"),
    "too much memory": (replace(GOOD, held=[*GOOD.held, Held(BEGAN + 1, MEMORY_BELOW)]), "took 600 MB"),
    "memory kept": (
        replace(GOOD, held=[Held(item.at, 250 * MB) for item in GOOD.held]),
        "memory was above 214 MB up to 12.0 s afterwards",
    ),
    "slow for long": (
        replace(GOOD, requests=[late(item, 0.3) if item.due > ENDED else item for item in asked()]),
        "requests were slow up to 12.9 s afterwards",
    ),
    "refused": (replace(GOOD, requests=[replace(asked()[0], refusals=("503 x", "503 x")), *asked()[1:]]), "2 x 503 x"),
    "a wrong answer": (replace(GOOD, requests=[replace(asked()[0], wrong="/x: 404"), *asked()[1:]]), "/x: 404"),
}


@pytest.mark.parametrize("name", FELT)
def test_what_is_felt_too_much_is_reported(name: str) -> None:
    seen, report = FELT[name]
    assert any(report in item for item in judged(seen, CALM)), list(judged(seen, CALM))


def test_what_is_felt_a_little_is_not() -> None:
    assert list(judged(GOOD, CALM)) == []
    once = [late(item, 5.0) if number == 150 else item for number, item in enumerate(asked())]
    at_first = [Held(item.at, 400 * MB) if item.at < ENDED + 9 else item for item in GOOD.held]
    assert list(judged(replace(GOOD, requests=once, held=at_first), CALM)) == []


def test_what_the_client_notes_is_read_as_it_was_written() -> None:
    notes = Notes()
    line = (
        '{"asked": {"due": 1.5, "kind": "command", "seconds": 0.25, "refusals": ["503"], "wrong": ""}, "told":'
        ' {"key": "k", "position": 7, "events": [["e", "candidate-sourced.v1", "s", 1]], "tries": 1}}'
    )
    notes.take(line)
    assert notes.requests == [MeasuredRequest(1.5, "command", 0.25, ("503",), "")]
    assert notes.acknowledged[0].events == (("e", "candidate-sourced.v1", "s", 1),)


def test_every_flood_has_a_name_and_addresses_of_its_own() -> None:
    every = (WITHOUT_SECRET, *FLOODS)
    assert len({item.name for item in every}) == len(every)
    addresses = [addresses_of(item, number) for number, item in enumerate(every) if item.addresses]
    assert sum(map(len, addresses)) == len({address for own in addresses for address in own})


@pytest.mark.parametrize("name", [each_flood.name for each_flood in FLOODS])
def test_a_flood_begins_and_ends_although_nothing_is_read_or_answered(name: str) -> None:
    async def flooded(port: int) -> Counter[str]:
        return await flood(name, port, ["127.0.0.9"], "a key", asyncio.get_running_loop().time() + 1.0)

    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        assert asyncio.run(flooded(listening.getsockname()[1]))["connections"] > 0


def test_a_stranger_counts_what_it_is_answered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            item, _ = listening.accept()
            with item:
                item.recv(1000)
                for piece in (b"HTTP/1.", b"1 200 OK\r\n\r\nHTTP/1.1 431 No\r\n", b"\r\n"):
                    item.sendall(piece)

        thread = threading.Thread(target=answer)
        thread.start()

        async def asked() -> Counter[str]:
            ends = asyncio.get_running_loop().time() + 20
            stranger = Stranger(listening.getsockname()[1], "127.0.0.9", "", ends)
            async with stranger.connection() as connection:
                await stranger.send(connection, b"GET / HTTP/1.1\r\n\r\n")
                await stranger.hear(connection)
            return stranger.came

        came = asyncio.run(asked())
        thread.join()
    assert (came["200"], came["431"], came["closed"]) == (1, 1, 1)
