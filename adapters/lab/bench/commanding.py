"""Whether a long history makes a command slower: a touchpoint for a candidate with ten thousand events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from adapters.bootstrap import VERB_OF
from adapters.lab.bench.appending import touchpoint
from adapters.lab.bench.figure import Figure, compared, milliseconds, percentile
from adapters.lab.bench.ground import Ground, analyze, opened
from adapters.postgres.log.bulk import BulkAppend
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.migrate import SERVICE
from commands.handle import Occasion, handle
from commands.record_touchpoint import RecordTouchpoint
from commands.source_candidate import SourceCandidate
from domain.event import Event, Recorded

LONG, SHORT = 10_000, 10
LONG_STREAMS, SHORT_STREAMS = 4, 40


def long_stream(ground: Ground, *, calls: int) -> Figure:
    """Return the figure of a touchpoint on streams of 10,000 events beside one on streams of 10, alternating."""
    conninfo = ground.empty_log("long")
    with opened(ground, conninfo) as log:
        streams = {
            f"{LONG:,} events": [grown(log, LONG) for _ in range(LONG_STREAMS)],
            f"{SHORT} events": [grown(log, SHORT) for _ in range(SHORT_STREAMS)],
        }
    analyze(conninfo)
    ground.settle()
    with opened(ground, conninfo, SERVICE) as log:
        times = measured(log, streams, calls)
    notes = {f"p95 ms, {length}": percentile(taken, 0.95) for length, taken in times.items()}
    return compared("long-stream", "a touchpoint on a long stream", "ms", times, "at most", 1.5, notes)


def grown(log: EventLog, events: int) -> UUID:
    """Return a new candidate's stream with that many events."""
    candidate = uuid4()
    command = SourceCandidate(candidate=candidate, source="bench", name="Lena Grün", now=datetime.now(UTC))
    handle(log, VERB_OF, Occasion(uuid4(), "bench", command.now), lambda: (command,))
    for _ in BulkAppend(log.store).append(touchpoints(candidate, events)):
        pass
    return candidate


def touchpoints(candidate: UUID, upto: int) -> Iterator[Recorded[Event]]:
    return (touchpoint(candidate, version) for version in range(2, upto + 1))


def measured(log: EventLog, streams: Mapping[str, Sequence[UUID]], calls: int) -> dict[str, list[float]]:
    """Milliseconds of each command, the contestants taking turns; each stream is warmed up first."""
    times: dict[str, list[float]] = {length: [] for length in streams}
    for stream in [stream for some in streams.values() for stream in some] * 2:
        record(log, stream)
    for turn in range(calls):
        for length, some in streams.items():
            times[length].append(record(log, some[turn % len(some)]))
    return times


def record(log: EventLog, candidate: UUID) -> float:
    """Milliseconds for one touchpoint, from the command to the acknowledged commit."""
    began = time.perf_counter()
    now = datetime.now(UTC)
    command = RecordTouchpoint(
        candidate=candidate, touchpoint=uuid4(), kind="call-answered", note="next spring", now=now
    )
    handle(log, VERB_OF, Occasion(uuid4(), "bench", now), lambda: (command,))
    return milliseconds(time.perf_counter() - began)
