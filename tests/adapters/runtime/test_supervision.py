"""A supervised worker outlives whatever its work raises, and its state can be read meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg_pool import PoolClosed

from adapters.runtime.supervision import LONGEST_DELAY, Supervision

ERRORS = st.sampled_from(
    [psycopg.OperationalError("gone\nDETAIL: a value"), RuntimeError("out of paper"), OSError("full")]
)


class Stop(threading.Event):
    """Counts how long the supervision waits, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        return self.is_set()


def supervised(raised: list[Exception]) -> tuple[Supervision, Stop]:
    """A worker that fails so often, and then works until it is to stop."""
    stop, errors = Stop(), iter(raised)

    def work(_: threading.Event) -> None:
        for error in errors:
            raise error
        stop.set()

    supervision = Supervision("paper", work)
    supervision.run(stop)
    return supervision, stop


@given(st.lists(ERRORS, max_size=8))
def test_it_is_started_again_after_each_error_and_later_each_time(raised: list[Exception]) -> None:
    supervision, stop = supervised(raised)
    assert supervision.state.restarts == len(raised)
    delays = stop.waited[: len(raised)]
    assert delays == sorted(delays)
    assert all(0 < delay <= LONGEST_DELAY for delay in delays)
    if raised:
        assert supervision.state.last_error == f"{type(raised[-1]).__name__}: {str(raised[-1]).splitlines()[0]}"
        assert supervision.state.last_error_at is not None
    assert not supervision.state.failing


def test_work_that_ends_unasked_is_begun_again() -> None:
    stop, runs = Stop(), iter(range(3))

    def work(_: threading.Event) -> None:
        if next(runs) == 2:
            stop.set()

    Supervision("paper", work).run(stop)
    assert list(runs) == []


def test_a_closed_pool_ends_it() -> None:
    def work(_: threading.Event) -> None:
        raise PoolClosed

    Supervision("paper", work).run(threading.Event())


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.ERROR):
        yield caplog


def test_one_error_again_and_again_is_logged_once_and_an_unexpected_one_with_its_place(
    errors: pytest.LogCaptureFixture,
) -> None:
    supervised([psycopg.OperationalError("gone")] * 5 + [RuntimeError("out of paper")] * 5)
    assert [(record.getMessage().split(": ")[-1], bool(record.exc_info)) for record in errors.records] == [
        ("gone", False), ("out of paper", True),
    ]  # fmt: skip
