"""The floods: what each sends, over how many connections, from how many addresses, and with whose key."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from adapters.lab.drill.stranger import KIB, MIB, Stranger

Key = Literal["none", "recruiter", "analyst"]
Attack = Callable[[Stranger], Awaitable[None]]

GET = b"GET /healthz HTTP/1.1\r\nHost: perennial\r\n"
PAUSE = 1.0
"""Seconds between the end of a connection and the next, where not the connecting itself is the flood."""
SMALL_WINDOW = 4 * KIB
"""So little the kernel of a reader takes who does not read."""


@dataclass(frozen=True, slots=True)
class Flood:
    """`sends`: as the report says it. `addresses`: 0 means that it comes from the well-behaved client's own.

    `pause`: seconds between two connections in the place of one. `secret`: whether Greenhouse has one.
    """

    name: str
    sends: str
    attack: Attack
    connections: int
    addresses: int = 1
    key: Key = "none"
    pause: float = PAUSE
    secret: bool = True


async def endless_header(stranger: Stranger) -> None:
    async with stranger.connection() as connection:
        try:
            await stranger.send(connection, GET + b"A: ")
            for _ in range(200 * MIB // (256 * KIB)):
                await stranger.send(connection, b"x" * (256 * KIB))
        finally:
            await stranger.hear(connection)


async def many_parameters(stranger: Stranger) -> None:
    """32,000 of a name and a value, which no head holds, and as many as one holds."""
    for query in (b"&".join(b"a%d=" % n for n in range(32_000)), b"&" * (31 * KIB)):
        async with stranger.connection() as connection:
            await stranger.send(connection, GET.replace(b"/healthz", b"/healthz?" + query) + b"\r\n")
            await stranger.hear(connection)


def delivery(size: int) -> bytes:
    head = f"POST /v1/inbound/greenhouse HTTP/1.1\r\nHost: perennial\r\nSignature: sha256 00\r\nContent-Length: {size}"
    return head.encode() + b"\r\n\r\n"


async def unfinished_delivery(stranger: Stranger) -> None:
    async with stranger.connection() as connection:
        try:
            await stranger.send(connection, delivery(5 * MIB))
            await stranger.send(connection, b" " * (5 * MIB - 1))
        finally:
            await stranger.hear(connection)


async def dripping_delivery(stranger: Stranger) -> None:
    async with stranger.connection() as connection:
        await stranger.send(connection, delivery(5 * MIB))
        await stranger.drip(connection, b" ", 0.3)


async def dripping_command(stranger: Stranger) -> None:
    """Without a key: it is answered before its body has come, and goes on sending."""
    async with stranger.connection() as connection:
        head = (
            b"POST /v1/candidates HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n"
        )
        await stranger.send(connection, head + b"\r\n")
        await stranger.drip(connection, b" ", 0.3)


async def dripping_head(stranger: Stranger) -> None:
    async with stranger.connection() as connection:
        await stranger.send(connection, GET)
        await stranger.drip(connection, b"a:\r\n", 0.3)


async def idle(stranger: Stranger) -> None:
    async with stranger.connection() as connection:
        await stranger.hear(connection)


async def never_pausing(stranger: Stranger) -> None:
    async with stranger.connection() as connection:
        while not stranger.over:
            await stranger.send(connection, GET + b"\r\n")
            await stranger.answer(connection)


async def public_pages(stranger: Stranger) -> None:
    async with stranger.connection() as connection:
        while not stranger.over:
            for path in (b"/openapi.json", b"/readyz", b"/problems", b"/docs"):
                await stranger.send(connection, GET.replace(b"/healthz", path) + b"\r\n")
                await stranger.answer(connection)


async def hasty(stranger: Stranger) -> None:
    """Open a connection for each request."""
    async with stranger.connection() as connection:
        await stranger.send(connection, GET + b"\r\n")
        await stranger.answer(connection)


async def guessing(stranger: Stranger) -> None:
    """Unknown keys, each another."""
    async with stranger.connection() as connection:
        while not stranger.over:
            key = f"pnl_{random.getrandbits(48):012x}_{random.getrandbits(256):064x}"
            shown = f"Authorization: Bearer {key}\r\n\r\n".encode()
            await stranger.send(connection, GET.replace(b"/healthz", b"/v1/imports") + shown)
            await stranger.answer(connection)


async def pipelined(stranger: Stranger) -> None:
    """Requests without end, and their answers read."""
    async with stranger.connection() as connection:
        hearing = asyncio.create_task(stranger.hear(connection))
        try:
            while not stranger.over:
                await stranger.send(connection, (GET + b"\r\n") * 500)
        finally:
            await hearing


async def unread(stranger: Stranger) -> None:
    """Request the longest answer that needs no key sixteen times, and never read it."""
    async with stranger.connection(SMALL_WINDOW) as connection:
        await stranger.send(connection, OPENAPI * 16)
        await stranger.pause(stranger.ends)
        stranger.came["unread at the end"] += 1


OPENAPI = b"GET /openapi.json HTTP/1.1\r\nHost: perennial\r\n\r\n"


async def slowly_read(stranger: Stranger) -> None:
    """Request the same answers and read them a little at a time."""
    loop = asyncio.get_running_loop()
    async with stranger.connection(SMALL_WINDOW) as connection, asyncio.timeout_at(stranger.ends):
        await stranger.send(connection, OPENAPI * 16)
        while piece := await loop.sock_recv(connection, KIB):
            stranger.came["bytes heard"] += len(piece)
            await stranger.pause(0.3)
        stranger.came["closed"] += 1


async def unread_metrics(stranger: Stranger) -> None:
    """Request the longest answers that an analyst gets, and never read them."""
    async with stranger.connection(SMALL_WINDOW) as connection:
        await stranger.send(connection, question(stranger, random.choice(HEAVY)) * 4)  # noqa: S311 - a drill
        await stranger.pause(stranger.ends)
        stranger.came["unread at the end"] += 1


def question(stranger: Stranger, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: perennial\r\n".encode() + stranger.shown + b"\r\n"


def command(stranger: Stranger, path: str, body: object) -> bytes:
    sent = json.dumps(body, separators=(",", ":")).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: perennial\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}"
    return head.encode() + b"\r\n" + stranger.shown + b"\r\n" + sent


def posted(path: str, body: object) -> Attack:
    """Return an attack that posts the same command again and again."""

    async def post(stranger: Stranger) -> None:
        sent = command(stranger, path, body)
        async with stranger.connection() as connection:
            while not stranger.over:
                await stranger.send(connection, sent)
                await stranger.answer(connection)

    return post


def asking(paths: Sequence[str]) -> Attack:
    """One question after the other."""

    async def ask(stranger: Stranger) -> None:
        async with stranger.connection() as connection:
            while not stranger.over:
                await stranger.send(connection, question(stranger, random.choice(paths)))  # noqa: S311 - a drill
                await stranger.answer(connection)

    return ask


EMAILS = {"source": "career-site", "name": "Nora Blum", "emails": ["a@b.c"] * 90_000}
UNKNOWN = {"source": "career-site", "name": "Nora Blum", **{f"x{n}": 1 for n in range(80_000)}}
WIDE = {"touchpoints": [{f"x{n}": 1 for n in range(100)} for _ in range(1_000)]}
THREE_CENTURIES = tuple(
    f"/v1/metrics/{metric}?from=1800-01-01&to=2100-01-01&granularity=day"
    for metric in ("pipeline-growth", "touchpoints")
)
BY_DAY = "from=2023-04-01&to=2026-07-01&granularity=day"
EVER = "from=2015-01-01&to=2027-01-01"
HEAVY = (
    *(f"/v1/metrics/{metric}?{BY_DAY}" for metric in ("pipeline-growth", "touchpoints")),
    *(f"/v1/metrics/{metric}?{BY_DAY}&source=linkedin&role=engineer" for metric in ("pipeline-growth", "touchpoints")),
    *(
        f"/v1/metrics/{metric}?{EVER}"
        for metric in ("engagement", "time-to-fill", "time-to-hire", "stage-conversion", "time-in-stage")
    ),
)
LIGHT = tuple(
    f"/v1/metrics/{metric}?from=2025-01-01&to=2026-01-01"
    for metric in ("pipeline-growth", "engagement", "touchpoints", "time-to-fill")
)
SEARCHES = (
    *(f"/v1/candidates?q={words}&limit=100" for words in ("a", "ber", "maria", "engineer")),
    "/v1/duplicates?limit=100",
)

WITHOUT_SECRET = Flood(
    "unfinished deliveries, no secret", "5 MiB less a byte, to a route without a secret", unfinished_delivery, 200,
    secret=False,
)  # fmt: skip
FLOODS: Sequence[Flood] = (
    Flood("endless headers", "a header of 200 MiB", endless_header, 8, pause=0),
    Flood("parameters", "GET /healthz? with 32,000 parameters, and with 31 KiB of &", many_parameters, 16, pause=0),
    Flood("unfinished deliveries", "5 MiB less a byte, to a route with a secret", unfinished_delivery, 200),
    Flood("unfinished, many addresses", "the same from 6 addresses", unfinished_delivery, 600, addresses=6),
    Flood("idle sockets", "1,500 connections that never ask", idle, 1_500),
    Flood("idle, many addresses", "the same from 6 addresses", idle, 1_500, addresses=6),
    Flood("idle, the client's address", "the same from behind the client's own NAT", idle, 1_500, addresses=0),
    Flood("dripping heads", "a header line every 0.3 s", dripping_head, 800, addresses=4),
    Flood("dripping deliveries", "a byte every 0.3 s, to a route with a secret", dripping_delivery, 800, addresses=4),
    Flood("dripping commands", "a byte every 0.3 s, without a key", dripping_command, 800, addresses=4),
    Flood("many connections", "1,500 connections, each asking without a pause", never_pausing, 1_500),
    Flood("public pages", "each public page, without a pause", public_pages, 64, addresses=4),
    Flood("hasty connections", "one for each request", hasty, 64, addresses=4, pause=0),
    Flood("pipelined requests", "GET /healthz without end", pipelined, 32, pause=0),
    Flood("unread answers", "16 times GET /openapi.json, never read", unread, 768, addresses=3),
    Flood("slow readers", "the same, 1 KiB read every 0.3 s", slowly_read, 768, addresses=3),
    Flood("guessed keys", "an unknown key, each time another", guessing, 32),
    Flood("90,000 e-mails", "in one POST /v1/candidates", posted("/v1/candidates", EMAILS), 16, key="recruiter"),
    Flood("unknown fields", "80,000 in a POST /v1/candidates", posted("/v1/candidates", UNKNOWN), 16, key="recruiter"),
    Flood("unknown fields, bulk", "100 in each of 1,000", posted("/v1/touchpoints/bulk", WIDE), 16, key="recruiter"),
    Flood("300 years by day", "40 questions in parallel", asking(THREE_CENTURIES), 40, key="analyst", pause=0),
    Flood("heavy questions", "40 of the longest allowed in parallel", asking(HEAVY), 40, key="analyst", pause=0),
    Flood("heavy and light questions", "40 and 40 in parallel", asking(HEAVY + LIGHT * 3), 80, key="analyst", pause=0),
    Flood("unread metrics", "the longest answers, never read", unread_metrics, 250, key="analyst"),
    Flood("searches", "40 in parallel", asking(SEARCHES), 40, key="recruiter", pause=0),
)  # fmt: skip


async def flood(name: str, port: int, addresses: Sequence[str], key: str, ends: float) -> Counter[str]:
    """Floods until `ends`, by the monotonic clock; what came of it."""
    chosen = next(kind for kind in (*FLOODS, WITHOUT_SECRET) if kind.name == name)
    came: Counter[str] = Counter()

    async def again_and_again(address: str) -> None:
        stranger = Stranger(port, address, key, ends, came)
        while not stranger.over:
            try:
                await chosen.attack(stranger)
            except TimeoutError:
                came["waiting at the end" if stranger.over else "no connection"] += 1
            except OSError:
                came["closed"] += 1
            await stranger.pause(chosen.pause)

    await asyncio.gather(*(again_and_again(addresses[n % len(addresses)]) for n in range(chosen.connections)))
    return came


def flooded(given: dict[str, Any]) -> Counter[str]:
    return asyncio.run(flood(given["name"], given["port"], given["addresses"], given["key"], given["ends"]))


def main() -> None:
    """Floods as the first argument says, a process each, and prints what came of it."""
    given = json.loads(sys.argv[1])
    with ProcessPoolExecutor(len(given)) as processes:
        sys.stdout.write(json.dumps(sum(processes.map(flooded, given), Counter())))


if __name__ == "__main__":
    main()
