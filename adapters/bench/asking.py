"""Whether ten times the people make an answer slower: the three metrics over a large and a small log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from adapters import bootstrap
from adapters.bench.figure import Figure, compared, milliseconds, percentile
from adapters.bench.ground import Ground, analyze, load
from adapters.postgres.barrier import Barrier
from adapters.postgres.runner import Runner
from projections.index import READ_MODELS
from queries.engagement import engagement
from queries.pipeline_growth import pipeline_growth
from queries.question import AsOf, Period
from queries.time_to_fill import time_to_fill

YEAR = Period(date(2025, 1, 1), date(2026, 1, 1))
"""Twelve months of the synthetic five years; known as of their middle (the end of 2023) they are still to come..."""
YEAR_BEFORE = Period(date(2022, 7, 1), date(2023, 7, 1))
"""...so that the question as of the middle asks about twelve months before it."""

Question = Callable[[psycopg.Connection[Any], Period, AsOf], object]
QUESTIONS: Mapping[str, Question] = {
    "pipeline-growth": pipeline_growth,
    "engagement": engagement,
    "time-to-fill": time_to_fill,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A loaded log to ask, and the two moments to ask as of."""

    connection: psycopg.Connection[Any]
    moments: Mapping[str, AsOf]


def queries(ground: Ground, *, events: int, calls: int) -> list[Figure]:
    """Each metric's time over `events` events beside a tenth of them, now and as of the middle; medians of many."""
    with ExitStack() as stack:
        large, small = (prepared(stack, ground, number) for number in (events, events // 10))
        return [
            compared_question(name, when, large, small, events, calls) for name in QUESTIONS for when in large.moments
        ]


def prepared(stack: ExitStack, ground: Ground, events: int) -> Asked:
    """A log of so many events, folded, and a connection to ask it by."""
    conninfo = ground.empty_log(f"asked_{events}")
    load(ground, conninfo, events)
    with bootstrap.projector(conninfo) as datastore:
        Runner(datastore, READ_MODELS, "UTC").catch_up()
        barrier = Barrier(datastore.pool.connection)
        middle, head = events // 2, barrier.head()
        moments = {
            "now": AsOf(head, barrier.time_of(head)),
            "middle": AsOf(middle, barrier.time_of(middle)),
        }
    analyze(conninfo)
    ground.settle()
    connection = stack.enter_context(psycopg.connect(conninfo, autocommit=True))
    return Asked(connection, moments)


def compared_question(name: str, when: str, large: Asked, small: Asked, events: int, calls: int) -> Figure:
    period = YEAR if when == "now" else YEAR_BEFORE
    times: dict[str, list[float]] = {f"{events} events": [], f"{events // 10} events": []}
    for asked in (large, small) * 10:
        ask(name, asked, when, period)
    for _ in range(calls):
        for taken, asked in zip(times.values(), (large, small), strict=True):
            taken.append(ask(name, asked, when, period))
    notes = {f"p95 ms, {size}": milliseconds(percentile(taken, 0.95)) for size, taken in times.items()}
    what = f"{name}, as of {'now' if when == 'now' else 'the middle'}, {events:,} events beside {events // 10:,}"
    in_ms = {size: [milliseconds(one) for one in taken] for size, taken in times.items()}
    return compared(f"query-{name}-{when}", what, "ms", in_ms, "at most", 1.5, notes)


def ask(name: str, asked: Asked, when: str, period: Period) -> float:
    """Seconds for one answer."""
    began = time.perf_counter()
    QUESTIONS[name](asked.connection, period, asked.moments[when])
    return time.perf_counter() - began
