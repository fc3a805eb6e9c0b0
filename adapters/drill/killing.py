"""Round after round something is killed under load: a process of ours, PostgreSQL or a part of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from adapters.drill.checks import as_signed, caught_up, equal_to_a_rebuild, once_only, signed
from adapters.drill.clients import Book, Clients
from adapters.drill.house import ZONE, House
from adapters.drill.rebuilding import Rebuilding

WRITERS = 8
CHECK_EVERY = 10
ANSWERS_AGAIN_WITHIN = 60.0
ENOUGH_TO_BE_UP = 20

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
            "rebuild": self._rebuilding.kill,
            "PostgreSQL": self._kill_server,
            "backend": self._kill_backend,
        }

    def rounds(self, number: int) -> Iterator[str]:
        """Drills so many rounds; every violation found."""
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
        name = self._luck.choice(list(self._victims))
        time.sleep(self._luck.uniform(0.2, 1.5))
        before = len(self._book.acknowledged)
        began = time.monotonic()
        killed = self._victims[name]()
        while len(self._book.acknowledged) < before + ENOUGH_TO_BE_UP:
            if time.monotonic() > began + ANSWERS_AGAIN_WITHIN:
                yield f"round {turn}: nothing is acknowledged {ANSWERS_AGAIN_WITHIN:.0f} s after kill -9 of {killed}"
                break
            time.sleep(0.02)
        self._say(
            f"round {turn:3}: kill -9 of {killed}; {ENOUGH_TO_BE_UP} commands acknowledged after"
            f" {time.monotonic() - began:.2f} s; {len(self._book.acknowledged)} in all,"
            f" {self._book.repeated} of them after a repetition; {self._rebuilding.told}"
        )
        yield from (f"round {turn}: {one}" for one in as_signed(self._house.cluster))

    def _checked(self, turn: int) -> Iterator[str]:
        began = time.monotonic()
        with self._clients.paused(), self._rebuilding.paused():
            found = [*caught_up(self._house.cluster.conninfo), *signed(self._house.cluster.conninfo)]
            found += self._compared()
            found += self._book.refused + self._rebuilding.wrong
        self._book.refused.clear()
        self._rebuilding.wrong.clear()
        self._say(
            f"round {turn:3}: {len(self._book.acknowledged)} acknowledged commands, {len(found)} violations;"
            f" all rows compared in {time.monotonic() - began:.1f} s"
        )
        yield from (f"round {turn}: {one}" for one in found)

    def _compared(self) -> Iterator[str]:
        yield from once_only(self._house.cluster.conninfo, self._book.acknowledged)
        yield from as_signed(self._house.cluster)
        yield from equal_to_a_rebuild(self._house.cluster, ZONE, self._luck)

    def _died_at_work(self) -> Iterator[str]:
        for process in (self._house.api, self._house.projector, self._house.sequencer):
            for code, ran in process.ends:
                self._say(f"{process.name} ended by itself after {ran:.1f} s with exit code {code}")
            yield from (f"{process.name} died after {ran:.0f} s of work" for _, ran in process.died_at_work)

    def _kill_api(self) -> str:
        self._house.api.kill()
        return "the API"

    def _kill_projector(self) -> str:
        self._house.projector.kill()
        return "the projector"

    def _kill_sequencer(self) -> str:
        self._house.sequencer.kill()
        return "the sequencer"

    def _kill_server(self) -> str:
        killed = self._house.cluster.kill_server(self._luck)
        time.sleep(self._luck.uniform(0, 0.5))
        self._house.cluster.start()
        return killed

    def _kill_backend(self) -> str:
        return self._house.cluster.kill_backend(self._luck)
