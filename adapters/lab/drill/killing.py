"""Round after round something is broken under load: a process of ours, PostgreSQL, the disk, the clock."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Callable, Iterator

from adapters.lab.drill.checks import as_signed, caught_up, equal_to_a_rebuild, once_only, signed
from adapters.lab.drill.clients import Book, Clients
from adapters.lab.drill.house import ZONE, House
from adapters.lab.drill.rebuilding import Rebuilding
from adapters.postgres.embedded.server import condition

WRITERS = 8
CHECK_EVERY = 10
ANSWERS_AGAIN_WITHIN = 120.0
ENOUGH_TO_BE_UP = 20
STOPPED_FOR = 30.0
FULL_FOR = (8.0, 15.0)
BELIEVED_FOR = 2.0
"""Seconds under load after a step, before anything is counted."""
UNAVAILABLE = 503

Say = Callable[[str], object]


class Drill:
    """The drill over a running house; what is killed, and when, is drawn from the seed."""

    def __init__(self, house: House, seed: int, say: Say) -> None:
        self._house = house
        self._luck = random.Random(seed)  # noqa: S311 - a drill, not a secret
        self._say = say
        self._book = Book()
        self._clients = Clients(house.port, house.key, self._book, seed, WRITERS)
        self._rebuilding = Rebuilding(house, random.Random(seed + 1))  # noqa: S311 - as above
        self._victims = {
            "API": self._kill_api,
            "projector": self._kill_projector,
            "sequencer": self._kill_sequencer,
            "workers": self._kill_workers,
            "rebuild": self._kill_rebuild,
            "PostgreSQL": self._kill_server,
            "backend": self._kill_backend,
            "stop": self._stop_server,
        }
        if house.cluster.has_disk:
            self._victims["disk"] = self._fill_disk
        if house.clock is not None:
            self._victims["clock"] = self._step_clock
        self._turns: list[str] = []
        self._wrong: list[str] = []

    @property
    def not_run(self) -> list[str]:
        """What this machine or user does not let the drill do, and why."""
        reasons = {
            "disk": "disk full and freed: NOT RUN, only root may mount a file system for it",
            "clock": "clock steps: NOT RUN, they need a C compiler (cc)",
        }
        return [reason for name, reason in reasons.items() if name not in self._victims]

    def rounds(self, number: int) -> Iterator[str]:
        """Drills so many rounds; every violation found."""
        for reason in self.not_run:
            self._say(reason)
        yield from signed(self._house.cluster.conninfo)
        self._clients.start()
        self._rebuilding.start()
        try:
            for turn in range(1, number + 1):
                yield from self._round(turn)
                if turn % CHECK_EVERY == 0 or turn == number:
                    yield from self._checked(turn)
        finally:
            self._rebuilding.stop()
            self._clients.stop()
        yield from self._died_at_work()

    def _round(self, turn: int) -> Iterator[str]:
        name = self._next()
        time.sleep(self._luck.uniform(0.2, 1.5))
        before = len(self._book.acknowledged)
        killed = self._victims[name]()
        began = time.monotonic()
        while len(self._book.acknowledged) < before + ENOUGH_TO_BE_UP:
            if time.monotonic() > began + ANSWERS_AGAIN_WITHIN:
                yield f"round {turn}: nothing is acknowledged {ANSWERS_AGAIN_WITHIN:.0f} s after {killed}"
                break
            time.sleep(0.02)
        self._say(
            f"round {turn:3}: {killed}; {ENOUGH_TO_BE_UP} commands acknowledged after"
            f" {time.monotonic() - began:.2f} s; {len(self._book.acknowledged)} in all,"
            f" {self._book.repeated} of them after a repetition; {self._rebuilding.told}"
        )
        self._house.cluster.wait()
        yield from (f"round {turn}: {violation}" for violation in (*self._wrong, *as_signed(self._house.cluster)))
        self._wrong.clear()

    def _next(self) -> str:
        """Everything once in an order of chance, then everything again."""
        if not self._turns:
            self._turns = self._luck.sample(sorted(self._victims), len(self._victims))
        return self._turns.pop()

    def _checked(self, turn: int) -> Iterator[str]:
        began = time.monotonic()
        with self._clients.paused(), self._rebuilding.paused():
            violations = [*caught_up(self._house.cluster.conninfo), *signed(self._house.cluster.conninfo)]
            violations += self._compared()
            violations += self._book.refused + self._rebuilding.wrong
        self._book.refused.clear()
        self._rebuilding.wrong.clear()
        self._say(
            f"round {turn:3}: {len(self._book.acknowledged)} acknowledged commands, {len(violations)} violations;"
            f" all rows compared in {time.monotonic() - began:.1f} s"
        )
        yield from (f"round {turn}: {violation}" for violation in violations)

    def _compared(self) -> Iterator[str]:
        yield from once_only(self._house.cluster.conninfo, self._book.acknowledged)
        yield from as_signed(self._house.cluster)
        yield from equal_to_a_rebuild(self._house.cluster, ZONE, self._luck)

    def _died_at_work(self) -> Iterator[str]:
        for process in self._house.processes:
            for code, ran in process.ends:
                self._say(f"{process.name} ended on its own after {ran:.1f} s with exit code {code}")
            yield from (f"{process.name} died after {ran:.0f} s of work" for _, ran in process.died_at_work)

    def _kill_api(self) -> str:
        self._house.api.kill()
        return "kill -9 of the API"

    def _kill_projector(self) -> str:
        self._house.projector.kill()
        return "kill -9 of the projector"

    def _kill_sequencer(self) -> str:
        self._house.sequencer.kill()
        return "kill -9 of the sequencer"

    def _kill_workers(self) -> str:
        self._house.others.kill()
        return "kill -9 of the other workers"

    def _kill_rebuild(self) -> str:
        return f"kill -9 of {self._rebuilding.kill()}"

    def _kill_server(self) -> str:
        """Kill the embedded server under `serve`: our processes start it again, the drill does not."""
        return f"kill -9 of {self._house.cluster.kill_server(self._luck)}"

    def _kill_backend(self) -> str:
        return f"kill -9 of {self._house.cluster.kill_backend(self._luck)}"

    def _stop_server(self) -> str:
        """Stop every process of PostgreSQL for a while; the probes must report it."""
        with self._house.cluster.stopped():
            time.sleep(STOPPED_FOR / 2)
            self._wrong += [
                f"{probe} says {status} while PostgreSQL is stopped"
                for probe in ("/readyz", "/healthz")
                if (status := probed(self._house.port, probe)) != UNAVAILABLE
            ]
            time.sleep(STOPPED_FOR / 2)
        return f"PostgreSQL stopped for {STOPPED_FOR:.0f} s"

    def _fill_disk(self) -> str:
        before = len(self._book.acknowledged)
        with self._house.cluster.full():
            time.sleep(self._luck.uniform(*FULL_FOR))
            running, done = condition(self._house.cluster.data), len(self._book.acknowledged) - before
        return f"a full disk, freed (meanwhile {done} commands acknowledged, PostgreSQL {running})"

    def _step_clock(self) -> str:
        if self._house.clock is None:
            return "no clock step"
        stepped = self._house.clock.step(self._luck)
        time.sleep(BELIEVED_FOR)
        return stepped


def probed(port: int, path: str) -> int:
    """Return the status that a probe gets; 0 if there is none in ten seconds."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request("GET", path)
        return client.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        client.close()
