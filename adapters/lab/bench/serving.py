"""What the whole way from a request to a kept event costs, beside a bare route with one INSERT."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import psycopg

from adapters.access.keys import Wanted
from adapters.access.policy import Role
from adapters.bootstrap import VERB_OF
from adapters.lab.bench.bare import TABLE
from adapters.lab.bench.figure import Figure, compared, milliseconds, percentile
from adapters.lab.bench.ground import Ground, opened
from adapters.postgres.tables.api_keys import ApiKeys
from commands.handle import Occasion, handle
from commands.source_candidate import SourceCandidate
from domain.errors import ExplainedError

CONNECTIONS = 16
UNLIMITED = "1000000/second"
"""One key asks here for all who would have their own."""
CANDIDATES = 200
BODY = {"kind": "call-answered", "reported_by": "recruiter", "note": "wants to hear from us again in the spring"}


class ServiceAnswersWrongly(ExplainedError):
    """Unexpected responses

    {service} answered {statuses}: only 201 was expected.

    Look at the log of the service, and repeat the measurement.
    """

    def __init__(self, service: str, statuses: Mapping[str, int]) -> None:
        super().__init__(service=service, statuses=statuses)


def http_command(ground: Ground, *, seconds: float, rounds: int) -> Figure:
    """Touchpoints a second over HTTP, beside the faster of two bare routes (a plain function, and on the loop)."""
    candidates, key = prepared(ground)
    rates: dict[str, list[float]] = {}
    latencies: dict[str, list[float]] = {}
    with ExitStack() as stack:
        services = {
            "ours": (stack.enter_context(our_service(ground)), "/v1/candidates/{}/touchpoints"),
            "bare": (stack.enter_context(bare_service(ground, "threaded")), "/candidates/{}/touchpoints"),
            "bare, async": (stack.enter_context(bare_service(ground, "async")), "/candidates/{}/touchpoints"),
        }
        for turn in range(rounds + 1):
            for name, (port, path) in services.items():
                paths = [path.format(candidate) for candidate in candidates]
                taken = pressed(name, port, paths, seconds if turn else 1.0, key)
                if turn:  # the first turn warms up
                    rates.setdefault(name, []).append(len(taken) / seconds)
                    latencies.setdefault(name, []).extend(taken)
    notes = {
        f"{name}: {share} ms": milliseconds(percentile(taken, at))
        for name, taken in latencies.items()
        for share, at in (("p50", 0.5), ("p99", 0.99))
    }
    ordered = {"ours": rates.pop("ours")} | dict(sorted(rates.items(), key=lambda item: -sum(item[1])))
    return compared("http", "one HTTP command, beside one INSERT", "requests/s", ordered, "at least", 0.6, notes)


def prepared(ground: Ground) -> tuple[list[UUID], str]:
    """Candidates to record touchpoints for and a key to do it with; and the bare route's table."""
    with psycopg.connect(ground.plain("bare")) as connection:
        connection.execute(TABLE)
    candidates = [uuid4() for _ in range(CANDIDATES)]
    with opened(ground, ground.empty_log("served")) as log:
        for candidate in candidates:
            command = SourceCandidate(candidate=candidate, source="bench", name="Lena Grün", now=datetime.now(UTC))
            handle(log, VERB_OF, Occasion(uuid4(), "bench", command.now), partial(tuple, [command]))
        wanted = Wanted("bench", frozenset({Role.RECRUITER}))
        key = ApiKeys(log.recorder.datastore).make(wanted, "operator:bench", datetime.now(UTC)).text
    return candidates, key


@contextmanager
def our_service(ground: Ground) -> Iterator[int]:
    port = free_port()
    environment = {
        "DATABASE_URL": psycopg.conninfo.make_conninfo(ground.server, dbname="served"),
        "PERENNIAL_KEY_FILE": str(ground.key_path),
        "PERENNIAL_DATA_FOLDER": str(ground.folder),
        "PERENNIAL_PORT": str(port),
        "PERENNIAL_RATE_LIMIT": UNLIMITED,
    }
    with serving([sys.executable, "-m", "adapters.cli.main", "serve", "--no-workers"], port, environment):
        yield port


@contextmanager
def bare_service(ground: Ground, kind: str) -> Iterator[int]:
    port = free_port()
    conninfo = psycopg.conninfo.make_conninfo(ground.server, dbname="bare")
    with serving([sys.executable, "-m", "adapters.lab.bench.bare", kind, conninfo, str(port)], port, {}):
        yield port


@contextmanager
def serving(command: list[str], port: int, environment: Mapping[str, str]) -> Iterator[None]:
    """Run a service in a process of its own; enter once it listens."""
    process = subprocess.Popen(command, env={**os.environ, **environment})  # noqa: S603 - our own programs
    try:
        until_listening(process, port)
        yield
    finally:
        process.terminate()
        process.wait()


def until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}: {process.args!r} ended with {process.poll()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pressed(name: str, port: int, paths: list[str], seconds: float, key: str) -> list[float]:
    """Seconds of each answer; the key is shown to every service alike. Errors: ServiceAnswersWrongly."""
    order = {
        "port": port, "paths": paths, "body": json.dumps(BODY), "connections": CONNECTIONS, "seconds": seconds,
        "key": key,
    }  # fmt: skip
    command = [sys.executable, "-m", "adapters.lab.bench.load"]
    done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, check=True)  # noqa: S603 - our own module
    report: dict[str, Any] = json.loads(done.stdout)
    if set(report["statuses"]) != {"201"}:
        raise ServiceAnswersWrongly(name, report["statuses"])
    latencies: list[float] = report["latencies"]
    return latencies
