"""What proofs cost: appends beside a sequencer, the verification of a whole log, and a proof in a large log."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from adapters.lab.bench.appending import Write, our_sealed_writer, write_for
from adapters.lab.bench.figure import Figure, compared, milliseconds, percentile
from adapters.lab.bench.ground import Ground, analyze, load
from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.migrate import SEQUENCER
from adapters.postgres.proof import log_rows
from adapters.postgres.proof.log_verification import Held, verify_log
from adapters.postgres.proof.sequencer import Sequencer
from adapters.postgres.proof.tree_rows import Inclusion, Proofs, origin_of
from adapters.proof.leaf import leaf_bytes
from adapters.proof.note import read_verifier_key
from adapters.runtime.background import beside
from adapters.runtime.supervision import Supervision
from domain.errors import ExplainedError

LOOKS_EVERY = 0.25
LONGEST_DELAY, STARTS_WITHIN = 5.0, 30.0
SMALL = 10_000
WARMING_UP = 50


class EventWaitedTooLong(ExplainedError):
    """Checkpoint too late

    An event waited for its checkpoint for {seconds:.1f} s; five are allowed.

    Repeat the measurement on a quiet machine; if it stays, the sequencer is too slow.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds=seconds)


def sequence_until(conninfo: str, folder: Path, stop: Any) -> None:
    """Run the sequencer as its service runs it. `stop`: an event, of threads or of processes."""
    with open_datastore(conninfo, SEQUENCER, pool_size=2) as datastore:
        Supervision("sequencer", Sequencer(datastore, folder).run).run(stop)


@contextmanager
def in_a_process(conninfo: str, folder: Path) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    process = context.Process(target=sequence_until, args=(conninfo, folder, stop))
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join()


def in_a_thread(conninfo: str, folder: Path) -> AbstractContextManager[None]:
    return beside(partial(sequence_until, conninfo, folder), "sequencer")


ALONE = "alone"
SEQUENCED: Mapping[str, Callable[[str, Path], AbstractContextManager[None]]] = {
    "beside a sequencer": in_a_process,
    ALONE: lambda _, __: nullcontext(),
    "with a sequencer in the writers' own process": in_a_thread,
}


def sequenced_appends(ground: Ground, *, seconds: float, rounds: int) -> Figure:
    """Single appends of sealed domain events by 16 writers, with a sequencer running and without, by turns."""
    rates: dict[str, list[float]] = {name: [] for name in SEQUENCED}
    with ExitStack() as stack:
        writers = {name: stack.enter_context(sequenced_writer(ground, name)) for name in SEQUENCED}
        waits = stack.enter_context(watched([ground_of(ground, name) for name in SEQUENCED if name != ALONE]))
        for turn in range(rounds):
            for name in list(SEQUENCED)[:: 1 if turn % 2 else -1]:
                taken = write_for(seconds, writers[name]).latencies
                rates[name].append(len(taken) / seconds)
                if name != ALONE:
                    until_signed(ground_of(ground, name))  # or the next turn would pay for what this one left
    longest = max(waits)
    if longest > LONGEST_DELAY:
        raise EventWaitedTooLong(longest)
    notes = {
        "longest wait for a checkpoint, s": round(longest, 2),
        **{f"{name}, events/s": round(median(rates[name])) for name in list(SEQUENCED)[2:]},
        "ratios of the rounds": ", ".join(f"{a / b:.2f}" for a, b in zip(*list(rates.values())[:2], strict=True)),
    }
    what = "single appends beside the sequencer, and alone"
    return compared("sequenced", what, "events/s", rates, "at least", 0.9, notes)


def ground_of(ground: Ground, name: str) -> str:
    return psycopg.conninfo.make_conninfo(ground.server, dbname=f"turns_{list(SEQUENCED).index(name)}")


@contextmanager
def sequenced_writer(ground: Ground, name: str) -> Iterator[Write]:
    """Yield a writer into a log of its own, while the log's sequencer (if it has one) is at work."""
    database, conninfo = f"turns_{list(SEQUENCED).index(name)}", ground_of(ground, name)
    with (
        our_sealed_writer(ground, database) as write,
        SEQUENCED[name](conninfo, ground.folder / f"signing-{name}"),
    ):
        write_for(1.0, write)
        if name != ALONE:
            until_signed(conninfo)  # a process takes its time to start
        yield write
    ground.drop(database)


def until_signed(conninfo: str) -> None:
    """Wait until the sequencer has signed all that was written so far."""
    with open_datastore(conninfo, SEQUENCER, pool_size=1) as datastore:
        while (waited := Proofs(datastore).waits()) > 0:
            if waited > STARTS_WITHIN:
                raise EventWaitedTooLong(waited)
            time.sleep(0.05)


@contextmanager
def watched(conninfos: Sequence[str]) -> Iterator[list[float]]:
    """Yield a list of how long the oldest event of these logs waits for its checkpoint, measured repeatedly."""
    waits: list[float] = [0.0]
    over = threading.Event()

    def look(conninfo: str) -> None:
        with open_datastore(conninfo, SEQUENCER, pool_size=1) as datastore:
            while not over.wait(LOOKS_EVERY):
                waits.append(Proofs(datastore).waits())

    threads = [threading.Thread(target=look, args=(conninfo,)) for conninfo in conninfos]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        over.set()
        for thread in threads:
            thread.join()


def proving(ground: Ground, *, events: int, calls: int) -> list[Figure]:
    """Return the figures of verifying a log of that many events, and of its inclusion proofs beside a small log's."""
    large, rate = sequenced_log(ground, "proved", events)
    small, _ = sequenced_log(ground, "proved_small", min(SMALL, events // 10))
    figures = [whole_log(large, events, rate), inclusion_proofs(large, small, events, calls)]
    ground.drop("proved")
    ground.drop("proved_small")
    return figures


def sequenced_log(ground: Ground, name: str, events: int) -> tuple[str, float]:
    """Return the conninfo of a log of that many events, all in signed checkpoints, and the events sequenced a
    second."""
    conninfo = ground.empty_log(name)
    load(ground, conninfo, events)
    with open_datastore(conninfo, SEQUENCER, pool_size=2) as datastore:
        began = time.perf_counter()
        Sequencer(datastore, ground.folder / f"signing-{name}").catch_up()
        taken = time.perf_counter() - began
    analyze(conninfo, ("leaf", "tile", "checkpoint"))
    ground.settle()
    return conninfo, events / taken


def whole_log(conninfo: str, events: int, sequenced: float) -> Figure:
    """Events verified a second, beside SHA-256 of the same leaves alone."""
    with open_datastore(conninfo, SEQUENCER, pool_size=1) as datastore:
        key = read_verifier_key(Proofs(datastore).verifier_key() or "")
    began = time.perf_counter()
    verified = verify_log(conninfo, Held(key, {}), lambda _: None)
    ours = verified.leaves / (time.perf_counter() - began)
    if verified.findings or verified.leaves < events:
        raise AssertionError(f"{verified.leaves} leaves, {verified.findings[:3]}")
    theirs, size = hashing_alone(conninfo)
    notes = {
        "events": verified.leaves, "seconds": round(verified.leaves / ours, 1), "bytes a leaf": size,
        "sequenced events/s": round(sequenced), "checkpoints": verified.checkpoints,
    }  # fmt: skip
    rates = {"verify --log": [ours], "SHA-256 of the same leaves, one core": [theirs]}
    return compared("verify", "every event verified", "events/s", rates, "at least", 0.03, notes)


def hashing_alone(conninfo: str) -> tuple[float, int]:
    """(leaves hashed a second, their mean length): what no verifier on one core can go beyond."""
    with log_rows.reading(conninfo) as connection:
        origin = origin_of(connection)
        pairs = log_rows.chunk(connection, 0, 50_000)
        leaves = [b"\x00" + leaf_bytes(pair.row, origin) for pair in pairs if pair.row is not None]
    began = time.perf_counter()
    for leaf in leaves:
        hashlib.sha256(leaf).digest()
    taken = time.perf_counter() - began
    return len(leaves) / taken, sum(map(len, leaves)) // len(leaves)


def inclusion_proofs(large: str, small: str, events: int, calls: int) -> Figure:
    """Milliseconds for an event's inclusion proof in a large and in a small log: leaf, hashes and checkpoint."""
    taken = {f"{events:,} events": proof_times(large, calls), f"{SMALL:,} events": proof_times(small, calls)}
    notes = {
        f"{name}: {share} ms": milliseconds(percentile(times, at))
        for name, times in taken.items()
        for share, at in (("p50", 0.5), ("p95", 0.95))
    }
    rounds = {name: [seconds * 1000 for seconds in times] for name, times in taken.items()}
    figure = compared(
        "proof", "an inclusion proof in a large log, and in one of 10,000", "ms", rounds, "at most", 2.0, notes
    )
    return Figure(
        figure.name, figure.what, figure.unit, figure.ours, figure.theirs, figure.wanted, figure.target, {}, notes
    )


def proof_times(conninfo: str, calls: int) -> list[float]:
    """Seconds of each of so many proofs of events from anywhere in the log."""
    with psycopg.connect(conninfo, row_factory=tuple_row) as connection:
        rows = connection.execute("select event_id from event order by position").fetchall()
    chosen: list[UUID] = [chosen_event for (chosen_event,) in random.Random(7).choices(rows, k=calls + WARMING_UP)]  # noqa: S311 - no secret
    times = []
    with open_datastore(conninfo, SEQUENCER, pool_size=1) as datastore:
        proofs = Proofs(datastore)
        for event in chosen:
            began = time.perf_counter()
            inclusion = proofs.inclusion(event)
            times.append(time.perf_counter() - began)
            if not isinstance(inclusion, Inclusion):
                raise AssertionError(f"{event} is not proved: {inclusion}")
    return times[WARMING_UP:]
