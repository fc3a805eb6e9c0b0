"""Rebuilds while others work: killed, they go on where they were; undisturbed, no query notices them."""

from __future__ import annotations

import http.client
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.rows import dict_row

from adapters.lab.drill.checks import caught_up, equal_to_a_rebuild, once_only
from adapters.lab.drill.clients import Book, Clients, Connection
from adapters.lab.drill.house import ZONE, House, environment_with, perennial
from adapters.postgres.projector import folds
from projections.index import READ_MODELS
from projections.read_model import ReadModel

QUERIERS, WRITERS = 8, 4
TRIES_BETWEEN = 0.2
PATIENCE = 120.0
WAITS_FOR_A_REBUILD = 10.0


class Rebuilding:
    """One rebuild after the other in processes of their own; a killed one is begun again and must go on."""

    def __init__(self, house: House, luck: random.Random) -> None:
        self._house, self._luck = house, luck
        self._go, self._over = threading.Event(), threading.Event()
        self._resting, self._killed = threading.Event(), threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._reached = 0
        self._thread = threading.Thread(target=self._work, name="rebuilding")
        self.finished = self.resumed = 0
        self.wrong: list[str] = []

    @property
    def told(self) -> str:
        return f"{self.finished} rebuilds done, {self.resumed} of them taken up again"

    def start(self) -> None:
        self._go.set()
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._go.set()
        self._thread.join()

    def kill(self) -> str:
        """kill -9 of the rebuild that is under way."""
        give_up = time.monotonic() + WAITS_FOR_A_REBUILD
        while not self._reached and time.monotonic() < give_up:
            time.sleep(0.01)
        process, reached = self._process, self._reached
        if process is None:
            return "no rebuild, as none was under way"
        process.kill()
        return f"a rebuild at position {reached}"

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold the rebuilds: the present one ends, and none begins."""
        self._go.clear()
        self._resting.wait(PATIENCE)
        yield
        self._go.set()

    def _work(self) -> None:
        while not self._over.is_set():
            if not self._go.is_set():
                self._resting.set()
                self._go.wait()
                self._resting.clear()
                continue
            self._rebuild(self._luck.choice(READ_MODELS))

    def _rebuild(self, model: ReadModel) -> None:
        """Until it is done, however often it is killed meanwhile."""
        give_up = time.monotonic() + PATIENCE
        while not self._over.is_set():
            self._process = rebuild_process(self._house, model)
            self._watch(self._process, model)
            if self._process.returncode == 0:
                self.finished += 1
                break
            if time.monotonic() > give_up:
                self.wrong.append(f"the rebuild of {model.name} is not done after {PATIENCE:.0f} s")
                break
            time.sleep(TRIES_BETWEEN)
        self._process, self._reached = None, 0

    def _watch(self, process: subprocess.Popen[bytes], model: ReadModel) -> None:
        """Follows the rebuild to its end, and where it comes to. One that was begun again never falls back."""
        before = self._reached
        while process.poll() is None:
            position = position_of(self._house, model.next_schema)
            if 0 < position < before:
                self.wrong.append(f"the rebuild of {model.name} fell back from {before} to {position}")
            if 0 < before <= position:
                self.resumed += 1
                before = 0
            self._reached = max(self._reached, position)
            time.sleep(0.02)


def rebuild_process(house: House, model: ReadModel) -> subprocess.Popen[bytes]:
    with (house.cluster.logs / "rebuild.log").open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own command line
            perennial("rebuild", model.name), env=environment_with(house.environment), stdout=output, stderr=output
        )


def position_of(house: House, schema: str) -> int:
    """Return the position of a fold; 0 if it has not begun, or is unknown because the server is down."""
    try:
        with psycopg.connect(house.cluster.conninfo, row_factory=dict_row) as connection:
            return folds.position_of(connection, schema)
    except psycopg.OperationalError:
        return 0


@dataclass(slots=True)
class QueriesSeen:
    """What the clients that only query saw."""

    answers: int = 0
    longest: float = 0.0
    failed: list[str] = field(default_factory=list)


def rebuild_under_load(house: House, seed: int, say: Callable[[str], object]) -> Iterator[str]:
    """Rebuilds every read model while 8 clients query and 4 write; every violation found."""
    yield from caught_up(house.cluster.conninfo)
    book, queries, over = Book(), QueriesSeen(), threading.Event()
    clients = Clients(house.port, house.key, book, seed, WRITERS)
    clients.start()
    queriers = [threading.Thread(target=query, args=(house, queries, book, over, seed + n)) for n in range(QUERIERS)]
    for querier in queriers:
        querier.start()
    time.sleep(2)
    try:
        for model in READ_MODELS:
            yield from rebuilt(house, model, queries, say)
    finally:
        over.set()
        for querier in queriers:
            querier.join()
        clients.stop()
    say(
        f"{queries.answers} queries answered, the longest in {queries.longest:.2f} s; {len(book.acknowledged)} commands"
    )
    yield from (*queries.failed, *book.refused, *caught_up(house.cluster.conninfo))
    yield from once_only(house.cluster.conninfo, book.acknowledged)
    yield from equal_to_a_rebuild(house.cluster, ZONE, random.Random(seed))  # noqa: S311 - a drill


def rebuilt(house: House, model: ReadModel, queries: QueriesSeen, say: Callable[[str], object]) -> Iterator[str]:
    began, answers = time.monotonic(), queries.answers
    code = rebuild_process(house, model).wait()
    taken = time.monotonic() - began
    say(f"{model.name} rebuilt in {taken:.1f} s; {queries.answers - answers} queries answered meanwhile")
    if code != 0:
        yield f"perennial rebuild {model.name} ended with exit code {code}"


def query(house: House, queries: QueriesSeen, book: Book, over: threading.Event, seed: int) -> None:
    """Asks one question after the other; whatever is not a 200 has failed."""
    luck, connection = random.Random(seed), Connection(house.port, house.key)  # noqa: S311 - a drill
    while not over.is_set():
        path = question(luck, book)
        began = time.monotonic()
        try:
            status, answer = connection.ask("GET", path, None, {})
        except (OSError, http.client.HTTPException) as error:
            queries.failed.append(f"{path}: {error!r}")
            continue
        queries.answers += 1
        queries.longest = max(queries.longest, time.monotonic() - began)
        if status != 200:
            queries.failed.append(f"{path}: {status} {answer.decode()[:300]}")


PERIOD: Mapping[str, str] = {"from": "2025-01-01", "to": "2026-01-01"}
METRICS = ("pipeline-growth", "engagement", "time-to-fill", "touchpoints")


def question(luck: random.Random, book: Book) -> str:
    """Return a metric now or as of the past, or a page about a candidate of a client."""
    if book.acknowledged and luck.random() < 0.4:
        acknowledged = luck.choice(book.acknowledged)
        stream = acknowledged.key.split(".")[0]
        page = luck.choice(("", "/summary", "/timeline", "/consents"))
        return f"/v1/candidates/{stream}{page}?min_position={acknowledged.position}"
    past = luck.randrange(1, book.acknowledged[0].position) if book.acknowledged else 1
    as_of = luck.choice(("", "&as_of=2025-06-30", f"&as_of=position:{past}", "&source=referral"))
    return f"/v1/metrics/{luck.choice(METRICS)}?from={PERIOD['from']}&to={PERIOD['to']}{as_of}"
