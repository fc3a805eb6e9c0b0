"""Sixteen writers at once: how many single appends a second are kept, and whether a reader misses one."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder

from adapters.lab.bench.figure import Figure, Tail, compared, milliseconds, percentile
from adapters.lab.bench.ground import Ground, opened, stock_datastore
from adapters.postgres.keys.key_file import ensure_key_file
from adapters.postgres.log.event_log import EventLog
from commands.attached import Attached
from domain.event import Recorded
from domain.touchpoint import TouchpointRecorded

WRITERS = 16
STATE_BYTES = 330
PROCESSES = 4

Write = Callable[[UUID, int], int | Sequence[int] | None]
"""Appends one event to a stream at a version (from 1)."""


@dataclass(slots=True)
class Written:
    """What writers did: seconds an append took, and the positions they received."""

    latencies: list[float] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)


def write_for(seconds: float, write: Write, writers: int = WRITERS) -> Written:
    """Run that many threads, each of which appends single events to a stream of its own; return what they wrote."""
    ready, over = threading.Barrier(writers), threading.Event()
    each = [Written() for _ in range(writers)]
    failed: list[BaseException] = []

    def work(mine: Written) -> None:
        stream, version = uuid4(), 0
        try:
            ready.wait()
            while not over.is_set():
                version += 1
                began = time.perf_counter()
                written = write(stream, version)
                mine.latencies.append(time.perf_counter() - began)
                if written:
                    mine.positions.append(written if isinstance(written, int) else written[-1])
        except BaseException as error:  # noqa: BLE001 - a writer that fails must fail the run, whatever it was
            failed.append(error)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in each]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return Written(
        [latency for mine in each for latency in mine.latencies],
        [position for mine in each for position in mine.positions],
    )


def stored(stream: UUID, version: int) -> list[StoredEvent]:
    return [StoredEvent(stream, version, "bench-event.v1", os.urandom(STATE_BYTES))]


@contextmanager
def stock_writer(ground: Ground, name: str) -> Iterator[Write]:
    """Yield a writer with the library's recorder as it is shipped, over its own table."""
    with stock_datastore(ground.plain(name), WRITERS) as datastore:
        recorder = PostgresApplicationRecorder(datastore)
        recorder.create_table()
        yield lambda stream, version: recorder.insert_events(stored(stream, version))


@contextmanager
def our_writer(ground: Ground, name: str) -> Iterator[Write]:
    """Our recorder, given the same plain stored events."""
    with opened(ground, ground.empty_log(name)) as log:
        yield lambda stream, version: log.recorder.insert_events(stored(stream, version))


@contextmanager
def our_sealed_writer(ground: Ground, name: str) -> Iterator[Write]:
    """Yield a writer of domain events: each is mapped, its note sealed under its person's key, and appended."""
    with opened(ground, ground.empty_log(name)) as log:
        yield lambda stream, version: log.append([touchpoint(stream, version)], Attached())


def touchpoint(stream: UUID, version: int) -> Recorded[Any]:
    """Return a call with a note, as a person's event number `version`."""
    event = TouchpointRecorded(
        touchpoint=uuid4(), kind="call-answered", message=None, machine=False, purpose=None, authorised=None,
        consent=None, reported_by="recruiter", note="wants to hear from us again in the spring" * 2,
    )  # fmt: skip
    return Recorded(stream, version, event, uuid4(), datetime.now(UTC), None, "unknown", "bench")


def single_appends(ground: Ground, *, seconds: float, rounds: int) -> Figure:
    """Single appends a second by 16 writers: our recorder beside the library's stock one."""
    contestants = {"ours": our_writer, "stock": stock_writer, "ours, domain events sealed": our_sealed_writer}
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    latencies: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds):
        for name, contestant in contestants.items():
            ground.settle()
            with contestant(ground, f"single_{turn}") as write:
                write_for(0.3, write)
                taken = write_for(seconds, write).latencies
            ground.drop(f"single_{turn}")
            rates[name].append(len(taken) / seconds)
            latencies[name] += taken
    notes = {
        f"{name}: {share} ms": milliseconds(percentile(taken, at))
        for name, taken in latencies.items()
        for share, at in (("p50", 0.5), ("p99", 0.99))
    }
    return compared("single", "single appends, 16 writers", "events/s", rates, "at least", 5.0, notes)


def writing_process(conninfo: str, key_path: str, seconds: float, writers: int, value: Any) -> None:
    """Run some of the writers in a process of its own."""
    with EventLog(conninfo, ensure_key_file(Path(key_path))) as log:
        written = write_for(
            seconds, lambda stream, version: log.recorder.insert_events(stored(stream, version)), writers
        )
    value.put((written.latencies, written.positions))


def tail(ground: Ground, *, seconds: float) -> Tail:
    """16 writers in 4 processes against a reader that follows in a fifth: what it missed and how it read."""
    conninfo = ground.empty_log("tail")
    context = multiprocessing.get_context("spawn")
    value: Any = context.Queue()
    arguments = (conninfo, str(ground.key_path), seconds, WRITERS // PROCESSES, value)
    ensure_key_file(ground.key_path)
    processes = [context.Process(target=writing_process, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    with opened(ground, conninfo) as log:
        written, position, waiting = Written(), 0, PROCESSES
        read: list[int] = []
        while waiting:
            position = read_on(log, position, read)
            while not value.empty():
                latencies, positions = value.get()
                written.latencies += latencies
                written.positions += positions
                waiting -= 1
        log.recorder.barrier.head(at_least=max(written.positions))  # what is cached may be a moment old
        while (further := read_on(log, position, read)) > position:
            position = further
    for process in processes:
        process.join()
    return tail_told(written, read, seconds)


def read_on(log: EventLog, after: int, read: list[int]) -> int:
    """Read the events that settled after a position; return the newest position read."""
    notifications = log.recorder.select_notifications(after, 5_000, inclusive_of_start=False)
    read += [notification.id for notification in notifications]
    if not notifications:
        time.sleep(0.002)
    return notifications[-1].id if notifications else after


def tail_told(written: Written, read: Sequence[int], seconds: float) -> Tail:
    notes = {
        "events read": len(read),
        "positions strictly rising": all(first < second for first, second in pairwise(read)),
        "seconds": seconds,
        "events/s": round(len(written.positions) / seconds),
        "p50 ms": milliseconds(percentile(written.latencies, 0.5)),
        "p99 ms": milliseconds(percentile(written.latencies, 0.99)),
        "longest ms": milliseconds(max(written.latencies)),
    }
    positions = set(written.positions)
    return Tail(
        acknowledged=len(written.positions),
        missed=len(positions - set(read)),
        rising=all(first < second for first, second in pairwise(read)),
        doubled=len(written.positions) - len(positions),
        notes=notes,
    )
