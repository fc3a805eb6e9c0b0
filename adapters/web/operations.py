"""How Perennial itself is doing: alive, ready, how far each read model has come, and every problem it may tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
from eventsourcing.persistence import PersistenceError
from fastapi import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout

from adapters.web.plain import answered
from adapters.web.problems import every_type
from adapters.web.refusals import ProblemDoesNotExist
from adapters.web.services import Services

UNREACHABLE = (psycopg.Error, PersistenceError, PoolTimeout)


@dataclass(frozen=True, slots=True, eq=False)
class LogMetrics(Collector):
    """The log's head and the lag of every read model, looked up when somebody scrapes."""

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
        """Nothing: it need not be known before the first look, and a look asks the database."""
        return iter(())


@dataclass(frozen=True, slots=True)
class OperationPages:
    """The endpoints about the service itself."""

    services: Services
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def healthz(self) -> Response:
        """The process is alive; says nothing of what it needs."""
        return answered({"status": "alive"})

    def readyz(self) -> Response:
        """The log can be read: commands and questions will be answered."""
        try:
            return answered({"status": "ready", "position": self.services.log.recorder.barrier.head()})
        except UNREACHABLE as error:
            return answered({"status": "not-ready", "because": type(error).__name__}, status=503)

    def metrics(self) -> Response:
        """The same and more for Prometheus: requests by route, the log's head, the lag of every read model."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    def projections(self) -> Response:
        """Every read model: its version, position, lag in events and seconds, parked streams and state."""
        return answered({"projections": self.services.projections()})

    def problems(self) -> Response:
        """Every problem that an answer may name, with its status and what to do about it."""
        return answered({"problems": every_type()})

    def problem(self, slug: str) -> Response:
        """What a problem's `type` means."""
        found = next((known for known in every_type() if known.slug == slug), None)
        if found is None:
            raise ProblemDoesNotExist
        return answered(found)
