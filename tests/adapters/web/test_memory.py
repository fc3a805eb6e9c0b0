"""Free memory goes back once the process has grown, now and then, and never on the event loop."""

from __future__ import annotations

import threading

import pytest

from adapters.web.framework import memory
from adapters.web.framework.memory import (
    AGAIN_AFTER_SECONDS,
    TRIM_EVERY_SECONDS,
    WORTH_A_TRIM,
    WORTH_SOMETHING,
    Trimmer,
)


class Process:
    """A process whose memory is what a test says; `frees` is what a trim gives back."""

    def __init__(self) -> None:
        self.bytes, self.frees, self.threads = 100, 0, list[str]()

    def trim(self, _: int) -> None:
        self.threads.append(threading.current_thread().name)
        self.bytes -= self.frees


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    process = Process()
    monkeypatch.setattr(memory, "resident", lambda: process.bytes)
    return process


@pytest.fixture
def trimmer(process: Process) -> Trimmer:
    trimmer = Trimmer()
    trimmer._trim = process.trim
    return trimmer


def look(trimmer: Trimmer, now: float) -> None:
    trimmer.look(now)
    if trimmer._thread is not None:
        trimmer._thread.join()


def test_a_process_that_has_not_grown_is_left_alone(trimmer: Trimmer, process: Process) -> None:
    process.bytes += WORTH_A_TRIM
    look(trimmer, 1.0)
    assert process.threads == []


def test_what_a_flood_took_is_given_back_in_a_thread(trimmer: Trimmer, process: Process) -> None:
    process.bytes, process.frees = 10 * WORTH_A_TRIM, 9 * WORTH_A_TRIM
    look(trimmer, 1.0)
    assert process.threads == ["trimmer"]
    assert process.bytes == WORTH_A_TRIM


@pytest.mark.parametrize(("frees", "after"), [(2 * WORTH_SOMETHING, TRIM_EVERY_SECONDS), (0, AGAIN_AFTER_SECONDS)])
def test_the_next_trim_waits_longer_where_one_was_worth_nothing(
    trimmer: Trimmer, process: Process, frees: int, after: float
) -> None:
    process.bytes, process.frees = 10 * WORTH_A_TRIM, frees
    look(trimmer, 1.0)
    look(trimmer, 1.0 + AGAIN_AFTER_SECONDS)
    begun = 1.0 + AGAIN_AFTER_SECONDS
    count = len(process.threads)
    look(trimmer, begun + after - 0.1)
    assert len(process.threads) == count
    look(trimmer, begun + after)
    assert len(process.threads) == count + 1


def test_a_system_without_a_trim_is_left_alone(trimmer: Trimmer, process: Process) -> None:
    trimmer._trim = None
    process.bytes = 10 * WORTH_A_TRIM
    look(trimmer, 1.0)
    assert trimmer._thread is None


def test_the_memory_of_this_process_is_read() -> None:
    assert memory.resident() > memory.PAGE
