"""A temporal property has a value as of any time, in whatever order its values were learned."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

from domain.temporal_property import TemporalProperty
from tests.given import DAY, START


def test_the_order_of_learning_does_not_matter() -> None:
    for order in permutations([(1, "a"), (2, "b"), (3, "a")]):
        course: TemporalProperty[str] = TemporalProperty()
        for day, value in order:
            course = course.turned(START + day * DAY, value)
        assert [course.at(START + day * DAY) for day in range(5)] == [None, "a", "b", "a", "a"]
        assert course.at(START + 2 * DAY - timedelta(microseconds=1)) == "a"


def test_of_two_at_one_moment_the_one_learned_later_holds() -> None:
    course: TemporalProperty[str] = TemporalProperty()
    course = course.turned(START, "a").turned(START, "b")
    assert course.at(START) == "b"


def test_a_turn_to_nothing_is_a_turn() -> None:
    course: TemporalProperty[str | None] = TemporalProperty()
    course = course.turned(START, "a").turned(START + DAY, None)
    turn = course.dated_value_at(START + 2 * DAY)
    assert turn is not None
    assert (turn.at, turn.value) == (START + DAY, None)
    assert course.dated_value_at(START - DAY) is None
