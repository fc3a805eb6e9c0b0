"""Waiting ends when every read model is there, and names the one that is not in time."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.projector.waiting import Behind, wait_until_folded

POSITIONS = st.dictionaries(st.sampled_from(["directory", "pipeline", "tally"]), st.integers(0, 5), min_size=1)


@given(POSITIONS, st.integers(0, 5))
def test_without_time_the_answer_is_who_is_behind_now(positions: dict[str, int], wanted: int) -> None:
    behind = wait_until_folded(positions.__getitem__, positions, wanted, -1.0)
    first = next((name for name, position in positions.items() if position < wanted), None)
    assert behind == (None if first is None else Behind(first, positions[first]))


def test_it_looks_again_until_each_is_there() -> None:
    looks: Counter[str] = Counter()

    def rises(name: str) -> int:
        looks[name] += 1
        return looks[name]

    assert wait_until_folded(rises, ["directory", "tally"], 3, 60.0) is None
    assert looks == {"directory": 3, "tally": 3}
