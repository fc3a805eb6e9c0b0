"""The processes of Perennial as an operator runs them, each watched, each started again when it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.lab.drill.clients import NAME
from adapters.lab.drill.clock import Clock, own_clock
from adapters.lab.drill.cluster import Cluster

STARTS_WITHIN = 10.0
OF_A_DATABASE = ("DATABASE_URL", "PERENNIAL_DATABASE_URL")
ZONE = "Europe/Berlin"
OTHERS = ("consent-expiry", "erasures", "imports", "waiting-deliveries", "delivery-fetching")


@dataclass(slots=True)
class Watched:
    """A process that is started again whenever it ends, as a container's restart policy would.

    `ends`: (exit code, seconds it had run) of each time that it ended without being killed.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    output: Path
    ends: list[tuple[int, float]] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _began: float = 0.0
    _wanted: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        self._wanted = True
        self._begin()
        threading.Thread(target=self._watch, name=f"watch-{self.name}", daemon=True).start()

    def kill(self) -> None:
        """kill -9; it is started again at once."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            self._begin()

    def stop(self) -> None:
        """SIGTERM, and the end of the watch."""
        with self._lock:
            self._wanted = False
            if self._process is not None:
                self._process.terminate()
                self._process.wait(30)

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ValueError(f"{self.name} was not started")
        return self._process.pid

    @property
    def died_at_work(self) -> list[tuple[int, float]]:
        """The ends that no missing database at its start explains."""
        return [(code, ran) for code, ran in self.ends if ran > STARTS_WITHIN]

    def _begin(self) -> None:
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                self.command, env=environment_with(self.environment), stdout=output, stderr=output
            )
        self._began = time.monotonic()

    def _watch(self) -> None:
        while self._wanted:
            with self._lock:
                code = self._process.poll() if self._process is not None else None
                if code is not None and self._wanted:
                    self.ends.append((code, time.monotonic() - self._began))
                    self._begin()
            time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class House:
    """The API and the background workers over one database, and an API key that may write and ask."""

    cluster: Cluster
    port: int
    key: str
    environment: Mapping[str, str]
    api: Watched
    projector: Watched
    sequencer: Watched
    others: Watched
    clock: Clock | None

    @property
    def processes(self) -> tuple[Watched, ...]:
        """Everything that runs, by process."""
        return self.api, self.projector, self.sequencer, self.others


def perennial(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "adapters.cli.main", *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment_with(more: Mapping[str, str]) -> dict[str, str]:
    """Ours without a database of yours: a drill kills its own alone."""
    return {name: value for name, value in os.environ.items() if name not in OF_A_DATABASE} | dict(more)


def settings(cluster: Cluster, port: int) -> dict[str, str]:
    return {
        "PERENNIAL_DATA_FOLDER": str(cluster.folder),
        "PERENNIAL_PORT": str(port),
        "PERENNIAL_ZONE": ZONE,
        "PERENNIAL_RATE_LIMIT": "1000000/second",  # one key asks here for all
    }


@contextmanager
def running_house(cluster: Cluster) -> Iterator[House]:
    """Run the API and all workers; enter once the API listens, and stop all at the end. They run the database."""
    port, clock = free_port(), own_clock(cluster.logs)
    environment = {**settings(cluster, port), **(clock.environment if clock else {})}
    api = Watched("api", perennial("serve", "--no-workers"), environment, cluster.logs / "api.log")
    projector = Watched(
        "projector", perennial("work", "projector", "key-rotation"), environment, cluster.logs / "projector.log"
    )
    sequencer = Watched("sequencer", perennial("work", "sequencer"), environment, cluster.logs / "sequencer.log")
    others = Watched("workers", perennial("work", *OTHERS), environment, cluster.logs / "workers.log")
    with ExitStack() as stack:
        for process in (api, projector, sequencer, others):
            process.start()
            stack.callback(process.stop)
        until_listening(port)
        key = made_key(environment, NAME, "recruiter")
        yield House(cluster, port, key, environment, api, projector, sequencer, others, clock)


def made_key(environment: Mapping[str, str], name: str, role: str) -> str:
    """Return an API key, made as an operator makes one."""
    command = perennial("api-keys", "add", "--name", name, "--role", role)
    made = subprocess.run(command, env=environment_with(environment), capture_output=True, text=True, check=True)  # noqa: S603 - our own command line
    return made.stdout.strip()


def until_listening(port: int) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")
