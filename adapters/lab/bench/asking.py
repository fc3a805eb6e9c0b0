"""Whether ten times the people make an answer slower: the three metrics over a large and a small log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from adapters import bootstrap
from adapters.lab.bench.figure import Figure, compared, milliseconds, percentile
from adapters.lab.bench.ground import Ground, analyze, load
from adapters.postgres.log.barrier import Barrier
from adapters.postgres.projector.runner import Runner
from projections.index import READ_MODELS
from projections.tally import BLOCK_BITS
from queries.engagement import engagement
from queries.pipeline_growth import pipeline_growth
from queries.question import AsOf, Period
from queries.time_to_fill import time_to_fill

PERIODS: Mapping[str, Period] = {
    "now": Period(date(2025, 1, 1), date(2026, 1, 1)),
    "middle": Period(date(2022, 7, 1), date(2023, 7, 1)),
}
"""Twelve months that were over when they are asked about: the synthetic five years end in July 2026."""
MOMENTS_IN_THE_MIDDLE = 8
WARMING_UP = 16

Question = Callable[[psycopg.Connection[Any], Period, AsOf], object]
QUESTIONS: Mapping[str, Question] = {
    "pipeline-growth": pipeline_growth,
    "engagement": engagement,
    "time-to-fill": time_to_fill,
}


@dataclass(frozen=True, slots=True)
class LoadedLog:
    """A loaded log to ask, and the two moments to ask as of."""

    connection: psycopg.Connection[Any]
    moments: Mapping[str, Sequence[AsOf]]


def queries(ground: Ground, *, events: int, calls: int) -> list[Figure]:
    """Each metric's time over `events` events beside a tenth of them in the same years, as of now and of the middle."""
    with ExitStack() as stack:
        large, small = (prepared(stack, ground, number) for number in (events, events // 10))
        return [
            compared_question(name, when, large, small, events, calls) for name in QUESTIONS for when in large.moments
        ]


def prepared(stack: ExitStack, ground: Ground, events: int) -> LoadedLog:
    """Return a log of that many events, folded, with a connection for queries."""
    conninfo = ground.empty_log(f"asked_{events}")
    load(ground, conninfo, events)
    with bootstrap.projector(conninfo) as datastore:
        Runner(datastore, READ_MODELS, "UTC", ground.key_file).catch_up()
        barrier = Barrier(datastore.pool.connection)
        positions = {"now": [barrier.head()], "middle": around(events // 2)}
        moments = {when: [AsOf(at, barrier.time_of(at)) for at in some] for when, some in positions.items()}
    analyze(conninfo)
    ground.settle()
    connection = stack.enter_context(psycopg.connect(conninfo, autocommit=True))
    return LoadedLog(connection, moments)


def around(middle: int) -> list[int]:
    """Positions spread over one block of the sums: what an answer must add up one by one differs with each."""
    spread = min(1 << BLOCK_BITS, middle)
    return [middle + spread * number // MOMENTS_IN_THE_MIDDLE - spread // 2 for number in range(MOMENTS_IN_THE_MIDDLE)]


def compared_question(name: str, when: str, large: LoadedLog, small: LoadedLog, events: int, calls: int) -> Figure:
    times: dict[str, list[float]] = {f"{events} events": [], f"{events // 10} events": []}
    for turn in range(-WARMING_UP, calls):
        for taken, times_asked in zip(times.values(), (large, small), strict=True):
            seconds = ask(name, times_asked, when, turn)
            if turn >= 0:
                taken.append(seconds)
    notes = {f"p95 ms, {size}": milliseconds(percentile(taken, 0.95)) for size, taken in times.items()}
    what = f"{name}, as of {'now' if when == 'now' else 'the middle'}, {events:,} events beside {events // 10:,}"
    in_ms = {size: [milliseconds(duration) for duration in taken] for size, taken in times.items()}
    return compared(f"query-{name}-{when}", what, "ms", in_ms, "at most", 1.5, notes)


def ask(name: str, request: LoadedLog, when: str, turn: int) -> float:
    """Seconds for one answer."""
    moments = request.moments[when]
    began = time.perf_counter()
    QUESTIONS[name](request.connection, PERIODS[when], moments[turn % len(moments)])
    return time.perf_counter() - began
