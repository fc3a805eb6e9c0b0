"""The endpoints about the service itself: health, readiness, metrics, read models, and the list of problems."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Annotated, ClassVar, Literal

import psycopg
from fastapi import Path, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from adapters.access.policy import Action
from adapters.exports.plain import as_json
from adapters.postgres.log.barrier import Barrier
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.openapi import LOG_CANNOT_BE_REACHED
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.problems import ProblemType, every_type
from adapters.web.framework.refusals import PartsDoNotRun, ProblemDoesNotExist
from adapters.web.services import ReadModelStatus, Services

ANSWERS_WITHIN = 3.0
"""Seconds that a readiness probe waits for the database."""


@dataclass(frozen=True, slots=True)
class Alive:
    """The process is alive, and all of its parts run."""

    status: Literal["alive"] = "alive"


@dataclass(frozen=True, slots=True)
class Ready:
    """The log can be read. `position`: its settled head."""

    position: int
    status: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True)
class ReadModels:
    """The progress of every read model."""

    projections: Sequence[ReadModelStatus]


@dataclass(frozen=True, slots=True)
class ProblemTypes:
    """Every problem type of the API."""

    problems: Sequence[ProblemType]


@dataclass(frozen=True, slots=True, eq=False)
class LogMetrics(Collector):
    """The Prometheus metrics of the log's head and of every read model's lag, read at each scrape."""

    services: Services

    def collect(self) -> Iterator[Metric]:
        head = GaugeMetricFamily("perennial_log_head", "The log's newest settled position")
        head.add_metric([], self.services.log.recorder.barrier.head())
        yield head
        position = GaugeMetricFamily("perennial_read_model_position", "Folded up to here", labels=["name"])
        events = GaugeMetricFamily("perennial_read_model_lag_events", "Events not folded yet", labels=["name"])
        seconds = GaugeMetricFamily("perennial_read_model_lag_seconds", "Age of the oldest of them", labels=["name"])
        parked = GaugeMetricFamily("perennial_read_model_parked", "Streams held back", labels=["name"])
        for status in self.services.projections():
            position.add_metric([status.name], status.position)
            events.add_metric([status.name], status.lag_events)
            seconds.add_metric([status.name], status.lag_seconds)
            parked.add_metric([status.name], status.parked)
        yield from (position, events, seconds, parked)

    def describe(self) -> Iterator[Metric]:
        """Return nothing: registration needs no metrics, and reading them needs the database."""
        return iter(())


@cache
def every_problem() -> Mapping[str, bytes]:
    """Return the answers about problems by slug, and that with all of them under ''.

    They are written once, because requests for them need no key.
    """
    kinds = every_type()
    return {"": as_json(ProblemTypes(kinds))} | {kind.slug: as_json(kind) for kind in kinds}


@dataclass(slots=True)
class Probe:
    """Checks whether the log can be read. Concurrent requests share one check, because they need no key.

    It has a thread of its own, because all others may be waiting for the database.
    """

    barrier: Barrier
    _thread: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1, "readiness"))
    _look: asyncio.Future[int] | None = None

    async def head(self) -> int:
        """Return the settled head. Errors: psycopg.OperationalError, also if the check takes too long."""
        if self._look is None or self._look.done():
            self._look = asyncio.get_running_loop().run_in_executor(self._thread, lambda: self.barrier.head())
            self._look.add_done_callback(lambda done: done.cancelled() or done.exception())  # no request may await it
        try:
            return await asyncio.wait_for(asyncio.shield(self._look), ANSWERS_WITHIN)
        except TimeoutError as error:
            raise psycopg.OperationalError("the database does not answer") from error


READ_MODEL = {
    "name": "pipeline",
    "version": 1,
    "position": 1204,
    "lag_events": 0,
    "lag_seconds": 0.0,
    "parked": 0,
    "state": "live",
}
PROBLEM = {
    "slug": "consent-is-missing",
    "title": "No consent",
    "status": 409,
    "type": "/problems/consent-is-missing",
}


@dataclass(frozen=True, slots=True)
class OperationEndpoints:
    """The endpoints about the service itself."""

    services: Services
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    probe: Probe = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "probe", Probe(self.services.log.recorder.barrier))

    async def healthz(self) -> Answered[Alive]:
        """Return 200 if the process is alive and its parts run: its threads, and an embedded database."""
        if failed := self.services.failed_parts():
            raise PartsDoNotRun(parts=", ".join(failed))
        return answered(Alive())

    async def readyz(self) -> Answered[Ready]:
        """Return 200 if the log can be read, so that commands and questions are answered, within three seconds."""
        return answered(Ready(await self.probe.head()))

    def metrics(self) -> Response:
        """Return the metrics for Prometheus: requests by route, the log's head, the lag of every read model."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    def projections(self) -> Answered[ReadModels]:
        """List the read models: version, position, lag in events and seconds, parked streams and state."""
        return answered(ReadModels(self.services.projections()))

    async def problems(self) -> Answered[ProblemTypes]:
        """List all problem types, with their statuses and what to do about them."""
        return Answered(every_problem()[""], media_type="application/json")

    async def problem(
        self, slug: Annotated[str, Path(description="The problem's name, as at the end of its `type`.")]
    ) -> Answered[ProblemType]:
        """Return the meaning of a problem's `type`."""
        content = every_problem().get(slug)
        if content is None:
            raise ProblemDoesNotExist
        return Answered(content, media_type="application/json")

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("GET", "/v1/projections", Action.OPERATE, projections, example={"projections": [READ_MODEL]}),
        Endpoint("GET", "/problems", Action.PUBLIC, problems, example={"problems": [PROBLEM]}),
        Endpoint("GET", "/problems/{slug}", Action.PUBLIC, problem, example=PROBLEM, raises=(ProblemDoesNotExist,)),
        Endpoint("GET", "/healthz", Action.PUBLIC, healthz, raises=(PartsDoNotRun,)),
        Endpoint("GET", "/readyz", Action.PUBLIC, readyz, raises=(LOG_CANNOT_BE_REACHED,)),
        Endpoint(
            "GET", "/metrics", Action.OPERATE, metrics, example="perennial_log_head 1204.0", media_type="text/plain"
        ),
    )
