"""Every background worker, one line each: `perennial work` runs those that are named, `perennial serve` all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Event

from adapters.runtime.background import beside
from adapters.runtime.reporter import Reporter
from adapters.runtime.supervision import Supervision
from adapters.runtime.worker import Host, Worker
from adapters.runtime.workers import (
    consent_expiry,
    delivery_fetching,
    erasures,
    imports,
    key_rotation,
    projector,
    sequencer,
    waiting_deliveries,
)
from domain.errors import ExplainedError

WORKERS: tuple[Worker, ...] = (
    projector.WORKER,
    sequencer.WORKER,
    consent_expiry.WORKER,
    erasures.WORKER,
    key_rotation.WORKER,
    imports.WORKER,
    waiting_deliveries.WORKER,
    delivery_fetching.WORKER,
)


class WorkerIsUnknown(ExplainedError):
    """Unknown worker

    There is no worker named {name}.

    Use one of: {known}.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name, known=", ".join(worker.name for worker in WORKERS))


def named(names: Iterable[str]) -> list[Worker]:
    """Return the workers of these names, each once. Errors: WorkerIsUnknown."""
    by_name = {worker.name: worker for worker in WORKERS}
    for name in names:
        if name not in by_name:
            raise WorkerIsUnknown(name)
    return [worker for name, worker in by_name.items() if name in set(names)]


@contextmanager
def running(workers: Sequence[Worker], host: Host) -> Iterator[list[Supervision]]:
    """Run the workers within the block, each supervised in a thread of its own, and report their state."""
    supervised = [
        Supervision(worker.name, worker.start(host), worker.expected, longest_delay=worker.longest_delay)
        for worker in workers
    ]
    over = Event()  # shared, so that all workers finish what they are doing at the same time
    with ExitStack() as threads:
        for supervision in supervised:
            threads.enter_context(beside(supervision.run, supervision.name, over))
        if supervised:
            threads.enter_context(beside(Reporter(host.conninfo, supervised).run, "worker-reports", over))
        yield supervised
