"""`perennial serve` over its own PostgreSQL: what the probes say while it is gone, and its end in time."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from adapters.postgres.embedded.postmaster import processes_of
from adapters.postgres.embedded.server import embedded_server

PATIENCE = 240.0
ENDS = 25.0
SLACK = 35.0
"""Seconds more: the machine may be busy with other things."""


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


def until(port: int, path: str, wanted: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while status(port, path) != wanted:
        assert time.monotonic() < give_up, f"{path} never said {wanted}"
        time.sleep(0.2)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def serving(open_path: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with subprocess.Popen(
        [sys.executable, "-m", "adapters.cli.main", "serve"],
        env={**environment, "PERENNIAL_DATA_FOLDER": str(open_path), "PERENNIAL_PORT": str(port)},
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until(port, "/readyz", 200)
            yield process
        finally:
            process.kill()
            process.wait()
            signal_all(open_path / "postgres", signal.SIGCONT)
            with embedded_server(open_path / "postgres"):
                pass  # its last user stops it


def signal_all(folder: Path, number: signal.Signals) -> None:
    for process in processes_of(folder):
        with contextlib.suppress(psutil.NoSuchProcess):  # ended since it was listed
            process.send_signal(number)


def ends(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(ENDS + SLACK)


def test_a_killed_database_comes_back(serving: subprocess.Popen[bytes], open_path: Path, port: int) -> None:
    before = {process.pid for process in processes_of(open_path / "postgres")}
    signal_all(open_path / "postgres", signal.SIGKILL)
    until(port, "/readyz", 200)
    until(port, "/healthz", 200)
    assert not before & {process.pid for process in processes_of(open_path / "postgres")}
    ends(serving)
    assert processes_of(open_path / "postgres") == []


def kept_from_starting(folder: Path) -> None:
    control = folder / "global" / "pg_control"
    control.rename(control.with_name("away"))
    signal_all(folder, signal.SIGKILL)


def stopped(folder: Path) -> None:
    signal_all(folder, signal.SIGSTOP)


@pytest.mark.parametrize("broken", [kept_from_starting, stopped])
def test_without_its_database_the_probes_tell_the_truth_and_it_ends_in_time(
    serving: subprocess.Popen[bytes], open_path: Path, port: int, broken: Callable[[Path], None]
) -> None:
    broken(open_path / "postgres")
    until(port, "/healthz", 503)
    until(port, "/readyz", 503)
    assert serving.poll() is None
    ends(serving)
    away = open_path / "postgres" / "global" / "away"
    if away.exists():
        away.rename(away.with_name("pg_control"))
