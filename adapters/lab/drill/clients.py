"""Clients that do not give up: each repeats a command under its key until it is acknowledged, and keeps the answer."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.lab.drill.story import StoryStep, stories

NAME = "drill"
ACTOR = f"user:{NAME}"
"""What the log calls the clients."""
TIMEOUT = 10.0
TRY_AGAIN_AFTER = 0.05
NOT_NOW = frozenset({409, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command's answer: the log position, and (event id, type, stream, version) of each event."""

    key: str
    position: int
    events: tuple[tuple[str, str, str, int], ...]
    tries: int


@dataclass(slots=True)
class Book:
    """The answers that all clients received. `refused`: answers that a client of a sound service never gets."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    repeated: int = 0
    """Acknowledged at a later try than the first."""


class Connection:
    """One kept-alive connection, opened again when it breaks. `address`: where it comes from."""

    def __init__(self, port: int, key: str, address: str = "127.0.0.1") -> None:
        self._port, self._shown, self._from = port, {"Authorization": f"Bearer {key}"}, (address, 0)
        self._open: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """(status, body). Errors: OSError, HTTPException; the next request begins with a new connection."""
        if self._open is None:
            self._open = http.client.HTTPConnection("127.0.0.1", self._port, TIMEOUT, source_address=self._from)
        try:
            self._open.request(method, path, body, {**self._shown, **headers})
            answer = self._open.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next request begins with a new one."""
        if self._open is not None:
            self._open.close()
            self._open = None


class Clients:
    """Writers in threads of their own. While paused each waits with nothing unacknowledged."""

    def __init__(self, port: int, key: str, book: Book, seed: int, number: int) -> None:
        self._port, self._key, self._book = port, key, book
        self._go, self._over = threading.Event(), threading.Event()
        self._idle = threading.Semaphore(0)
        lucks = [random.Random(f"{seed}/{client}") for client in range(number)]  # noqa: S311 - a drill, not a secret
        self._threads = [threading.Thread(target=self._work, args=(luck,)) for luck in lucks]

    def start(self) -> None:
        self._go.set()
        for thread in self._threads:
            thread.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold all commands: every command that was begun is acknowledged, and none begins."""
        self._go.clear()
        for _ in self._threads:
            self._idle.acquire()
        yield
        self._go.set()

    def stop(self) -> None:
        """Ends the clients, each after its command is acknowledged."""
        self._over.set()
        self._go.set()
        for thread in self._threads:
            thread.join()

    def _work(self, luck: random.Random) -> None:
        connection = Connection(self._port, self._key)
        skipped = ""
        for step in stories(luck):
            if not self._go.is_set():
                self._idle.release()
                self._go.wait()
            if self._over.is_set():
                return
            story = step.key.split(".")[0]
            if story != skipped and not self._tell(connection, step):
                skipped = story  # the rest of a refused story would be refused too

    def _tell(self, connection: Connection, step: StoryStep) -> bool:
        """Send the command until it is answered. Return whether it was acknowledged."""
        body = json.dumps(step.body).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": step.key}
        tries = 0
        while True:
            tries += 1
            try:
                status, answer = connection.ask("POST", step.path, body, headers)
            except (OSError, http.client.HTTPException):
                time.sleep(TRY_AGAIN_AFTER)
                continue
            if status in (200, 201):
                self._book.acknowledged.append(acknowledged(step.key, json.loads(answer), tries))
                self._book.repeated += tries > 1
                return True
            if not in_the_way_for_now(status, answer):
                self._book.refused.append(f"{step.path} {step.key}: {status} {answer.decode()[:300]}")
                return False
            time.sleep(TRY_AGAIN_AFTER)


def in_the_way_for_now(status: int, answer: bytes) -> bool:
    """Return whether the same request may be answered later: the service is down, or still at work on it."""
    return status in NOT_NOW and (status != 409 or b"in-flight" in answer)


def acknowledged(key: str, answer: Mapping[str, Any], tries: int) -> Acknowledged:
    events = tuple((event["id"], event["type"], event["stream"], event["version"]) for event in answer["events"])
    return Acknowledged(key, answer["position"], events, tries)
