"""A PostgreSQL that can be killed: its own data folder, started and started again like any other."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.data_folder import programs
from adapters.postgres.embedded import DATABASE, SETTINGS, embedded_server
from adapters.postgres.postmaster import postmaster_of

PATIENCE = 60.0


class ServerDoesNotStart(Exception):
    """PostgreSQL in {folder} did not come back within {seconds} s. The end of its log: {log}"""

    def __init__(self, folder: Path, seconds: float, log: str) -> None:
        super().__init__((self.__doc__ or "").format(folder=folder, seconds=seconds, log=log))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server over `folder`/data; `conninfo` names its database, which is there again after each start."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def conninfo(self) -> str:
        return make_conninfo(host=str(self.data), port=5432, user="postgres", dbname=DATABASE)

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"

    @property
    def signing(self) -> Path:
        return self.folder / "signing"

    @property
    def log(self) -> Path:
        return self.data / "drill.log"

    def start(self) -> float:
        """Seconds until it answers. What is left of a killed server may stand in its way for a moment."""
        began = time.monotonic()
        while not self._started():
            if time.monotonic() > began + PATIENCE:
                raise ServerDoesNotStart(self.data, PATIENCE, self.log.read_text()[-2000:])
            time.sleep(0.1)
        return time.monotonic() - began

    def stop(self) -> None:
        self._control("stop", "-m", "fast")

    def kill_server(self, random_: random.Random) -> str:
        """kill -9 of the postmaster: alone, or with everything that it had started."""
        pids = [self.postmaster()]
        if random_.random() < 0.5:
            pids += self._pids("true")
        kill(pids)
        return f"the postmaster and {len(pids) - 1} of its processes" if len(pids) > 1 else "the postmaster"

    def kill_backend(self, random_: random.Random) -> str:
        """kill -9 of one connection's process, upon which PostgreSQL throws out all the others and recovers."""
        pids = self._pids("backend_type = 'client backend' and pid <> pg_backend_pid()")
        kill([random_.choice(pids)] if pids else [])
        return "a backend"

    def postmaster(self) -> int:
        running = postmaster_of(self.data)
        if running is None:
            raise ServerDoesNotStart(self.data, 0, "it does not run")
        return int(running.pid)

    def _pids(self, which: str) -> list[int]:
        with psycopg.connect(self.conninfo) as connection:
            return [pid for (pid,) in connection.execute(f"select pid from pg_stat_activity where {which}".encode())]

    def _started(self) -> bool:
        if not self._control("start", "-w", "-l", str(self.log), "-o", f"-c listen_addresses='' -k {self.data}"):
            return False
        try:
            psycopg.connect(self.conninfo).close()
        except psycopg.OperationalError:
            return False
        return True

    def _control(self, *arguments: str) -> bool:
        owner = self.data.owner() if os.geteuid() == 0 else None  # as root the server runs as a user of its own
        done = subprocess.run(  # noqa: S603 - the wheel's own program on our own folder
            [str(programs() / "pg_ctl"), "-D", str(self.data), *arguments],
            user=owner, cwd=self.data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return done.returncode == 0


def kill(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it went by itself


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """A server in a folder of its own under the temporary folder; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-drill-"))
    folder.chmod(0o755)  # as root the server runs as a user of its own, who must get at its data
    cluster = Cluster(folder)
    try:
        with embedded_server(cluster.data, {**SETTINGS, "shared_buffers": "256MB"}):
            pass  # the wheel knows how to make the data folder, and the user who owns it
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
