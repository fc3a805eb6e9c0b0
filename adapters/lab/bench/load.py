"""Many clients of an HTTP service at once, each with one kept-alive connection and no request without an answer."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import uvloop


@dataclass(slots=True)
class Tally:
    """What the clients saw: answers by status, and the seconds each took."""

    statuses: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)


class Client(asyncio.Protocol):
    """Sends its requests in turn, the next when the last is answered."""

    def __init__(self, requests: list[bytes], tally: Tally) -> None:
        self.requests, self.tally = requests, tally
        self.sent, self.turn, self.received = 0.0, 0, b""
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # that of a stream, which can be written to
        self.send()

    def send(self) -> None:
        request = self.requests[self.turn % len(self.requests)]
        self.turn += 1
        self.sent = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator or len(body) < content_length(head):
            return
        status = head[9:12].decode()
        self.tally.statuses[status] = self.tally.statuses.get(status, 0) + 1
        self.tally.latencies.append(time.perf_counter() - self.sent)
        self.received = b""
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(exc)


def content_length(head: bytes) -> int:
    lower = head.lower()
    begin = lower.index(b"content-length:") + len(b"content-length:")
    return int(lower[begin:].split(b"\r\n", 1)[0])


def request_bytes(path: str, body: bytes, key: str) -> bytes:
    headers = ("host: localhost", "content-type: application/json", f"authorization: Bearer {key}")
    head = "\r\n".join((f"POST {path} HTTP/1.1", *headers, f"content-length: {len(body)}"))
    return head.encode() + b"\r\n\r\n" + body


async def press(port: int, paths: list[str], body: bytes, connections: int, seconds: float, key: str) -> Tally:
    """Run all clients for that many seconds and return the tally; each begins elsewhere in the list of paths."""
    tally, loop = Tally(), asyncio.get_running_loop()
    requests = [request_bytes(path, body, key) for path in paths]
    opened = []
    for number in range(connections):
        first = number * len(requests) // connections
        turned = requests[first:] + requests[:first]
        opened.append(await loop.create_connection(partial(Client, turned, tally), "127.0.0.1", port))
    await asyncio.sleep(seconds)
    for transport, _ in opened:
        transport.abort()
    return tally


def main() -> None:
    """Read {port, paths, body, connections, seconds, key} from standard input; write the tally to standard output."""
    load = json.load(sys.stdin)
    pressed = press(**{**load, "body": load["body"].encode()})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tally = runner.run(pressed)
    json.dump({"statuses": tally.statuses, "latencies": tally.latencies}, sys.stdout)


if __name__ == "__main__":
    main()
