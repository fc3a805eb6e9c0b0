"""Offsets move together, only from where the caller saw them, and never fall."""

from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.offsets import Offsets

NAMES = ("a", "b", "c")
OFFSETS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), min_size=1)


@pytest.fixture
def offsets(log: EventLog) -> Offsets:
    return Offsets(log.recorder.datastore)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(OFFSETS, st.integers(0, 2)), max_size=4))
def test_they_move_as_a_dictionary_would(offsets: Offsets, moves: list[tuple[dict[str, int], int]]) -> None:
    for before, by in moves:
        stood = {name: offsets.reached(name) for name in NAMES}
        reached = {name: offset + by for name, offset in before.items()}
        moved = offsets.advance(before, reached)
        assert moved == all(stood[name] == offset for name, offset in before.items())
        assert {name: offsets.reached(name) for name in NAMES} == (stood | reached if moved else stood)


def test_an_offset_that_would_fall_is_refused(offsets: Offsets) -> None:
    assert offsets.advance({"a": 0, "b": 0}, {"a": 2, "b": 1})
    with pytest.raises(ValueError, match="never falls"):
        offsets.advance({"a": 2, "b": 1}, {"a": 3, "b": 0})
    assert (offsets.reached("a"), offsets.reached("b")) == (2, 1)


def test_of_several_at_once_one_moves_them(offsets: Offsets) -> None:
    moved: list[bool] = []
    steps = [{"a": 1, "b": 9}, {"b": 8, "a": 2}, {"a": 3, "b": 7}]
    threads = [Thread(target=lambda step=step: moved.append(offsets.advance({"a": 0, "b": 0}, step))) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [False, False, True]
    assert {"a": offsets.reached("a"), "b": offsets.reached("b")} in steps
