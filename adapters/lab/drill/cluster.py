"""The embedded PostgreSQL of the house and what happens to it: processes killed or stopped, its disk full."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.embedded.data_folder import SUPERUSER
from adapters.postgres.embedded.postmaster import PORT, postmaster_of, processes_of, send
from adapters.postgres.embedded.server import DATABASE, embedded_server
from domain.errors import ExplainedError

PATIENCE = 60.0
DISK = 8 * 2**30
"""Bytes of the file system that a drill makes for itself, in memory, and takes no more of than it writes."""


class ServerDoesNotStart(ExplainedError):
    """PostgreSQL not back

    PostgreSQL in {folder} did not come back within {seconds} s. The end of its log: {log}

    Keep the folder, and look at the log.
    """

    def __init__(self, folder: Path, seconds: float, log: str) -> None:
        super().__init__(folder=folder, seconds=seconds, log=log)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The data folder of a house, whose processes run the server in it. `has_disk`: it is a file system of its own."""

    folder: Path
    logs: Path
    has_disk: bool

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def conninfo(self) -> str:
        return make_conninfo(host=str(self.data), port=PORT, user=SUPERUSER, dbname=DATABASE, connect_timeout=10)

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"

    @property
    def signing(self) -> Path:
        return self.folder / "signing"

    @property
    def log(self) -> Path:
        return self.data / "log"

    def wait(self) -> None:
        """Returns when the server answers: the house starts it, not the drill. Errors: ServerDoesNotStart."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.conninfo).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > give_up:
                    raise ServerDoesNotStart(self.data, PATIENCE, self.log.read_text()[-2000:]) from error
                time.sleep(0.1)
            else:
                return

    def kill_server(self, random_: random.Random) -> str:
        """kill -9 of the postmaster: alone, or with everything that it had started."""
        killed = processes_of(self.data) if random_.random() < 0.5 else []
        main = postmaster_of(self.data)
        for process in [main, *killed] if main is not None else killed:
            send(process, signal.SIGKILL)
        return f"the postmaster and {len(killed) - 1} of its processes" if killed else "the postmaster"

    def kill_backend(self, random_: random.Random) -> str:
        """kill -9 of one connection's process, upon which PostgreSQL throws out all the others and recovers."""
        with psycopg.connect(self.conninfo) as connection:
            pids = [pid for (pid,) in connection.execute(BACKENDS)]
        backends = [process for process in processes_of(self.data) if process.pid in pids]
        if backends:
            send(random_.choice(backends), signal.SIGKILL)
        return "a backend"

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Hold every process of the server stopped: it lives and does nothing."""
        processes = processes_of(self.data)
        try:
            for process in processes:
                send(process, signal.SIGSTOP)
            yield
        finally:
            for process in processes:
                send(process, signal.SIGCONT)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Hold the disk of the database, the keys and the signing folder full.

        The write-ahead log begins a new file then, as it would soon: one that exists takes 16 MB before it is full.
        """
        while not self._resize(used(self.folder)):
            continue  # something was written between the look and the resizing
        try:
            with suppress(psycopg.Error), psycopg.connect(self.conninfo, autocommit=True) as connection:
                for _ in range(3):
                    connection.execute("select pg_switch_wal()")
                    time.sleep(1)
            yield
        finally:
            self._resize(DISK)

    def _resize(self, size: int) -> bool:
        """Resize the file system. Return whether it has that size now: it takes none that is less than it holds."""
        command = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own mount


def used(folder: Path) -> int:
    """Bytes that the file system of the folder holds."""
    usage = os.statvfs(folder)
    return (usage.f_blocks - usage.f_bfree) * usage.f_frsize


BACKENDS = "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """Open a data folder under the temporary folder, on its own file system if possible; it is gone afterwards."""
    above = Path(tempfile.mkdtemp(prefix="perennial-drill-"))
    folder, logs = above / "data", above / "logs"
    for made in (above, folder, logs):
        made.mkdir(exist_ok=True)
        made.chmod(0o755)  # as root the server runs as a user of its own, who must get at its data
    mounted = mount(folder)
    try:
        yield Cluster(folder, logs, mounted)
    finally:
        with embedded_server(folder / "postgres"):
            pass  # its last user stops it
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)  # noqa: S603, S607 - our own mount
        shutil.rmtree(above, ignore_errors=True)


def mount(folder: Path) -> bool:
    """Puts a file system of its own on the folder. Returns whether this user may."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "perennial-drill", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own folder
    except FileNotFoundError:
        return False
    return done.returncode == 0
