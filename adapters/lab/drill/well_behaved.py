"""A well-behaved client in a process of its own: it writes, asks and comes back, and notes how long each took.

Each kind of request is due at fixed times. Where an answer is late the next request is sent late too, and its time
counts from when it was due: that is what a user waits. A request that is refused or cut off is repeated until it is
answered, and its time goes on.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field

from adapters.lab.drill.clients import Acknowledged, Connection, acknowledged, in_the_way_for_now
from adapters.lab.drill.judging import MeasuredRequest
from adapters.lab.drill.story import StoryStep, stories

EVERY, KINDS = 0.125, 4
"""Seconds between two requests of a kind, and how many kinds there are."""
TRY_AGAIN_AFTER = 0.1
QUESTIONS = tuple(
    f"/v1/metrics/{metric}?from=2025-01-01&to=2026-01-01{segment}&as_of=position:{{position}}"
    for metric in ("pipeline-growth", "engagement", "touchpoints", "time-to-fill")
    for segment in ("", "&source=referral")
)
"""Light ones, as of a position: whenever they are asked, the answer is the same."""


@dataclass(slots=True)
class WellBehaved:
    """`position`: where the log stands at first. `note` takes each request, and a command's answer."""

    port: int
    key: str
    address: str
    position: int
    note: Callable[[MeasuredRequest, Acknowledged | None], None]
    over: threading.Event = field(default_factory=threading.Event)
    _candidates: list[str] = field(default_factory=list)
    _answers: dict[str, bytes] = field(default_factory=dict)

    def work(self) -> None:
        """Until it is over."""
        threads = [threading.Thread(target=loop) for loop in (self._write, self._ask, self._look, self._come_anew)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _write(self) -> None:
        story = stories(random.Random(self.position))  # noqa: S311 - a drill, not a secret
        connection = self._connection()
        for due in self._due_times():
            step = next(story)
            status, answer, refusals = self._asked(connection, "POST", step.path, step.body, step.key)
            wrong = "" if status in (200, 201) else f"{step.path}: {status} {answer.decode()[:300]}"
            self._noted(due, "command", refusals, wrong, None if wrong else self._kept(step, answer))

    def _kept(self, step: StoryStep, answer: bytes) -> Acknowledged:
        if step.path == "/v1/candidates":
            self._candidates.append(step.body["candidate"])
        return acknowledged(step.key, json.loads(answer), 1)

    def _ask(self) -> None:
        self._ask_for("question", lambda number: QUESTIONS[number % len(QUESTIONS)].format(position=self.position))

    def _look(self) -> None:
        """At people whom this client told of."""
        luck = random.Random(self.position)  # noqa: S311 - as above
        while not self._candidates and not self.over.wait(TRY_AGAIN_AFTER):
            continue
        connection = self._connection()
        for due in self._due_times():
            path = f"/v1/candidates/{luck.choice(self._candidates)}"
            status, answer, refusals = self._asked(connection, "GET", path)
            sound = status == 200 and json.loads(answer)["name"] == "Lena Grün"
            self._noted(due, "page", refusals, "" if sound else f"{path}: {status} {answer.decode()[:300]}")

    def _come_anew(self) -> None:
        """With a new connection for each request."""
        self._ask_for("newcomer", lambda number: QUESTIONS[0].format(position=self.position), anew=True)

    def _ask_for(self, kind: str, path_of: Callable[[int], str], *, anew: bool = False) -> None:
        connection = self._connection()
        for number, due in enumerate(self._due_times()):
            path = path_of(number)
            status, answer, refusals = self._asked(connection, "GET", path)
            self._noted(due, kind, refusals, self._differs(path, status, answer))
            if anew:
                connection.close()

    def _differs(self, path: str, status: int, answer: bytes) -> str:
        if status != 200:
            return f"{path}: {status} {answer.decode()[:300]}"
        first = self._answers.setdefault(path, answer)
        return "" if answer == first else f"{path}: {answer.decode()[:300]}, and before {first.decode()[:300]}"

    def _connection(self) -> Connection:
        return Connection(self.port, self.key, self.address)

    def _due_times(self) -> Iterator[float]:
        due = time.monotonic()
        while not self.over.is_set():
            yield due
            due += EVERY
            self.over.wait(max(0.0, due - time.monotonic()))

    def _asked(
        self, connection: Connection, method: str, path: str, body: Mapping[str, object] | None = None, key: str = ""
    ) -> tuple[int, bytes, tuple[str, ...]]:
        """(status, body, what was in the way before): of the first answer that is one."""
        sent = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json", "Idempotency-Key": key}
        refusals: list[str] = []
        while True:
            try:
                status, answer = connection.ask(method, path, sent, headers)
            except (OSError, http.client.HTTPException) as error:
                refusals.append(type(error).__name__)
            else:
                if self.over.is_set() or not in_the_way_for_now(status, answer):
                    return status, answer, tuple(refusals)
                refusals.append(f"{status} {json.loads(answer).get('type', '')}")
            time.sleep(TRY_AGAIN_AFTER)

    def _noted(
        self, due: float, kind: str, refusals: tuple[str, ...], wrong: str, answered: Acknowledged | None = None
    ) -> None:
        self.note(MeasuredRequest(due, kind, time.monotonic() - due, refusals, wrong), answered)


def main() -> None:
    """Works until standard input ends; a line of JSON for each request goes to standard output."""
    given, printing = json.loads(sys.argv[1]), threading.Lock()

    def note(request: MeasuredRequest, answered: Acknowledged | None) -> None:
        line = json.dumps({"asked": asdict(request), "told": None if answered is None else asdict(answered)})
        with printing:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    client = WellBehaved(given["port"], given["key"], given["address"], given["position"], note)
    working = threading.Thread(target=client.work)
    working.start()
    sys.stdin.read()
    client.over.set()
    working.join()


if __name__ == "__main__":
    main()
