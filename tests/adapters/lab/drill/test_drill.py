"""What the drill breaks, it breaks for its own processes alone, and says what it could not break."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.lab.drill import clock as clocks
from adapters.lab.drill.clock import own_clock

HOUR = 3600
SAYS = "import time, datetime; print(time.time(), time.monotonic(), datetime.datetime.now().timestamp()); time.sleep(0)"


def told(environment: dict[str, str]) -> list[float]:
    result = subprocess.run([sys.executable, "-c", SAYS], env=environment, capture_output=True, text=True, check=True)
    return [float(word) for word in result.stdout.split()]


@pytest.mark.parametrize("hours", [-9, 0, 9])
def test_a_process_believes_the_stepped_clock_and_no_other_does(tmp_path: Path, hours: int) -> None:
    clock = own_clock(tmp_path)
    assert clock is not None, "no C compiler is on the PATH: install gcc, the stepped clock is tested with a real one"
    clock.set(hours * HOUR)
    day, monotonic, now = told(clock.environment)
    assert abs(day - time.time() - hours * HOUR) < HOUR
    assert abs(now - day) < HOUR
    assert abs(monotonic - time.monotonic()) < HOUR
    assert abs(told({})[0] - time.time()) < HOUR


def test_steps_go_both_ways_and_never_as_far_as_a_receipt_is_kept(tmp_path: Path) -> None:
    (tmp_path / "clock").write_bytes(b"\0" * 8)
    clock, luck = clocks.Clock(tmp_path / "clock", tmp_path / "none.so"), random.Random(1)
    steps = [float(clock.step(luck).split()[4]) for _ in range(20)]
    assert [step > 0 for step in steps] == [True, False] * 10
    assert max(map(abs, steps)) < 24


def test_without_a_compiler_there_is_no_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert own_clock(tmp_path) is None
