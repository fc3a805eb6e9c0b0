"""The counts of what was tried are those of the tests that came to their end."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.counts import PROPERTY, Counts, counted, ended, most_examples


def report(when: Literal["setup", "call", "teardown"], **properties: object) -> pytest.TestReport:
    location = ("a file", 1, "a test")
    return pytest.TestReport("a test", location, {}, "passed", None, when, user_properties=[*properties.items()])


def test_each_case_is_counted_once_with_the_examples_that_passed() -> None:
    reports = [report("setup"), report("call"), report("teardown", **{PROPERTY: 40}), report("teardown"), "collected"]
    assert counted(ended(reports)) == Counts(cases=2, with_examples=1, examples=40)


@settings(max_examples=7)
@given(st.booleans())
def test_the_examples_asked_for_are_those_of_the_settings(request: pytest.FixtureRequest, made: bool) -> None:
    assert most_examples(request.node) == 7, made
