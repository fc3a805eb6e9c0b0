"""Strangers flood the product, one flood after the other and all at once, beside a client who behaves well."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from adapters.lab.bench.figure import percentile
from adapters.lab.drill.checks import as_signed, caught_up, once_only, signed
from adapters.lab.drill.clients import NAME, Acknowledged
from adapters.lab.drill.cluster import Cluster
from adapters.lab.drill.floods import FLOODS, WITHOUT_SECRET, Flood
from adapters.lab.drill.house import (
    Watched,
    environment_with,
    free_port,
    made_key,
    perennial,
    settings,
    until_listening,
)
from adapters.lab.drill.judging import MB, NORMAL_WITHIN, Calm, Held, MeasuredRequest, Seen, judged, seconds_of
from adapters.lab.drill.well_behaved import EVERY, KINDS

CLIENT = "127.0.0.2"
WARMS_UP = 10.0
CALM_FOR = 15.0
LOOKS_EVERY = 0.1
AFTERWARDS = NORMAL_WITHIN + 3
GIVES_UP_AFTER = 60.0
NICE = 10
ALL = "all at once"
SECRETS = {"PERENNIAL_INBOUND_SECRETS": '{"greenhouse": ["a secret of the drill"]}'}

Say = Callable[[object], object]


@dataclass(slots=True)
class Notes:
    """What the client did and what the process held, as it comes in."""

    requests: list[MeasuredRequest] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Take a line of the client's output."""
        document = json.loads(line)
        self.requests.append(MeasuredRequest(**{**document["asked"], "refusals": tuple(document["asked"]["refusals"])}))
        if answer := document["told"]:
            events = tuple((event[0], event[1], event[2], event[3]) for event in answer["events"])
            self.acknowledged.append(Acknowledged(answer["key"], answer["position"], events, answer["tries"]))


@dataclass(frozen=True, slots=True)
class Served:
    """A running `perennial serve`: everything in one process but PostgreSQL."""

    port: int
    process: Watched
    keys: Mapping[str, str]
    notes: Notes

    def processor_seconds(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in tree_of(self.process.pid))


class Strangers:
    """The floods over a house; `seconds`: how long each lasts."""

    def __init__(self, cluster: Cluster, seconds: float, say: Say) -> None:
        self._cluster, self._seconds, self._say = cluster, seconds, say
        self._rows: list[tuple[Seen, Calm, Flood | None, float]] = []
        self._acknowledged: list[Acknowledged] = []

    def rounds(self, chosen: Sequence[Flood], *, each: bool = True) -> Iterator[str]:
        """Yield every violation. `each`: one flood after the other comes before all at once."""
        for secret in (False, True):
            floods = [flood for flood in chosen if flood.secret is secret]
            if floods if each else len(floods) > 1:
                yield from self._flooded(floods, secret=secret, each=each)
        self._say(self._report())
        self._say(f"{len(self._acknowledged)} commands of the client acknowledged")
        yield from once_only(self._cluster.conninfo, self._acknowledged)

    def _flooded(self, floods: Sequence[Flood], *, secret: bool, each: bool) -> Iterator[str]:
        with serving(self._cluster, SECRETS if secret else {}) as served:
            with client(served, self._cluster):
                calm = self._calm(served)
                for flood in floods if each else ():
                    yield from self._one(served, calm, flood.name, [flood])
                if len(floods) > 1:
                    yield from self._one(served, calm, ALL, floods)
            self._acknowledged += served.notes.acknowledged
            yield from (*caught_up(self._cluster.conninfo), *signed(self._cluster.conninfo), *as_signed(self._cluster))
            yield from (f"serve ended after {ran:.0f} s with exit code {code}" for code, ran in served.process.ends)

    def _calm(self, served: Served) -> Calm:
        time.sleep(WARMS_UP)
        began = time.monotonic()
        time.sleep(CALM_FOR)
        requests = [request for request in served.notes.requests if request.due >= began]
        calm = Calm(requests, max(memory.size for memory in served.notes.held if memory.at >= began))
        tail = percentile(seconds_of(requests), 0.99)
        self._say(f"calm: {len(requests)} requests, p99 {tail * 1000:.0f} ms, {calm.memory / MB:.0f} MB")
        return calm

    def _one(self, served: Served, calm: Calm, name: str, floods: Sequence[Flood]) -> Iterator[str]:
        began, used = time.monotonic(), served.processor_seconds()
        came = self._came(served, floods, began + self._seconds)
        used = (served.processor_seconds() - used) / (time.monotonic() - began)
        ended = time.monotonic()
        time.sleep(AFTERWARDS)
        self._wait_for_the_client(served.notes, ended)
        notes = served.notes
        seen = Seen(
            name,
            began,
            ended,
            [request for request in notes.requests if request.due >= began],
            [memory for memory in notes.held if memory.at >= began],
            came,
            due=int(KINDS * (ended - began) / EVERY),
        )
        self._rows.append((seen, calm, floods[0] if len(floods) == 1 else None, used))
        self._say(line_of(seen, calm, used))
        yield from judged(seen, calm)

    def _came(self, served: Served, floods: Sequence[Flood], ends: float) -> Counter[str]:
        given = [
            {
                "name": flood.name,
                "port": served.port,
                "addresses": addresses_of(flood, number),
                "key": served.keys.get(flood.key, ""),
                "ends": ends,
            }
            for number, flood in enumerate(floods)
        ]
        crowd = python("adapters.lab.drill.floods", given)
        give_way(crowd.pid)
        output, _ = crowd.communicate(timeout=self._seconds + GIVES_UP_AFTER)
        return Counter(json.loads(output))

    def _wait_for_the_client(self, notes: Notes, ended: float) -> None:
        """Until what was due during the flood is answered, or it is plain that it will not be."""
        give_up = time.monotonic() + GIVES_UP_AFTER
        while (
            time.monotonic() < give_up
            and len({request.kind for request in notes.requests if request.due > ended}) < KINDS
        ):
            time.sleep(LOOKS_EVERY)

    def _report(self) -> str:
        rows = [COLUMNS, ("---",) * len(COLUMNS), *(cells_of(*row) for row in self._rows)]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)


COLUMNS = ("flood", "sent", "came of it", "client: requests", "p50, p99, max ms", "peak MB", "cores", "normal after s")


def cells_of(seen: Seen, calm: Calm, flood: Flood | None, used: float) -> tuple[str, ...]:
    milliseconds = [seconds * 1000 for seconds in seconds_of(seen.meanwhile)] or [0.0]
    refused = sum(1 for request in seen.requests if request.refusals)
    return (
        seen.name,
        "all of the above" if flood is None else f"{flood.connections:,} x {flood.sends}",
        came_of(seen.came),
        f"{len(seen.meanwhile)}" + (f", {refused} refused" if refused else ""),
        ", ".join(f"{percentile(milliseconds, share):.0f}" for share in (0.5, 0.99, 1.0)),
        f"{seen.peak / MB:.0f}",
        f"{used:.2f}",
        f"{seen.quick_after(calm):.1f}, {seen.small_after(calm):.1f}",
    )


def came_of(came: Mapping[str, int]) -> str:
    sizes = {"bytes sent": "MB sent", "bytes heard": "MB heard"}
    return ", ".join(
        f"{count / MB:,.1f} {sizes[what]}" if what in sizes else f"{count:,} {what}"
        for what, count in sorted(came.items())
    )


def line_of(seen: Seen, calm: Calm, used: float) -> str:
    cells = dict(zip(COLUMNS, cells_of(seen, calm, None, used), strict=True))
    return f"{cells.pop('flood')}: " + "; ".join(f"{name} {cell}" for name, cell in cells.items() if name != "sent")


@contextmanager
def serving(cluster: Cluster, more: Mapping[str, str]) -> Iterator[Served]:
    """`perennial serve` and what it holds, from when it listens and has folded the log."""
    port = free_port()
    environment = settings(cluster, port) | dict(more)
    del environment["PERENNIAL_RATE_LIMIT"]  # as it is delivered
    process = Watched("serve", perennial("serve"), environment, cluster.logs / "serve.log")
    process.start()
    try:
        until_listening(port)
        cluster.wait()
        for complaint in caught_up(cluster.conninfo):
            raise RuntimeError(complaint)
        keys = {"client": made_key(environment, NAME, "recruiter")}
        keys |= {role: made_key(environment, f"stranger-{role}", role) for role in ("recruiter", "analyst")}
        served = Served(port, process, keys, Notes())
        with watched(served):
            yield served
    finally:
        process.stop()


@contextmanager
def watched(served: Served) -> Iterator[None]:
    """Record the memory of `serve` and of what it started, without PostgreSQL, ten times a second."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOKS_EVERY):
            size = sum(process.memory_info().rss for process in tree_of(served.process.pid))
            served.notes.held.append(Held(time.monotonic(), size))

    thread = threading.Thread(target=watch, name="memory")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def tree_of(pid: int) -> list[psutil.Process]:
    """Return the process and all that it started, except PostgreSQL's."""
    above = psutil.Process(pid)
    return [above, *(child for child in above.children(recursive=True) if child.name() != "postgres")]


@contextmanager
def client(served: Served, cluster: Cluster) -> Iterator[None]:
    """Run the well-behaved client meanwhile."""
    given = {"port": served.port, "key": served.keys["client"], "address": CLIENT, "position": head(cluster)}
    process = python("adapters.lab.drill.well_behaved", given, stdin=subprocess.PIPE)

    def read() -> None:
        for line in process.stdout or ():
            served.notes.take(line)

    reading = threading.Thread(target=read, name="client")
    reading.start()
    try:
        yield
    finally:
        if process.stdin is not None:
            process.stdin.close()
        reading.join(GIVES_UP_AFTER)
        process.wait(GIVES_UP_AFTER)


def addresses_of(flood: Flood, number: int) -> list[str]:
    """Of this flood's own; where it has none, the client's."""
    return [f"127.0.{number + 1}.{n + 1}" for n in range(flood.addresses)] or [CLIENT]


def python(module: str, given: object, stdin: int | None = None) -> subprocess.Popen[str]:
    command, environment = [sys.executable, "-m", module, json.dumps(given)], environment_with({})
    return subprocess.Popen(  # noqa: S603 - our own command line
        command, env=environment, stdin=stdin, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def give_way(process: int) -> None:
    """Give the strangers' processes together the share of one of ours, if all use one processor.

    Elsewhere they would be other machines. On Linux the processes of a session share one part of the processors.
    """
    if not Path(f"/proc/{process}/autogroup").exists():
        os.setpriority(os.PRIO_PROCESS, process, NICE)


def flood_under_eyes(cluster: Cluster, seconds: float, names: Sequence[str], say: Say) -> Iterator[str]:
    """Return every violation of the floods of these names, or of all."""
    floods = (WITHOUT_SECRET, *FLOODS)
    chosen = [flood for flood in floods if ALL in names or not names or flood.name in names]
    return Strangers(cluster, seconds, say).rounds(chosen, each=ALL not in names)


def head(cluster: Cluster) -> int:
    """Return the newest position of the log."""
    with psycopg.connect(cluster.conninfo) as connection:
        row = connection.execute("select max(position) from event").fetchone()
        return int(row[0]) if row else 0
