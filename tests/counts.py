"""Counts what a run of the tests tries: the cases, and the examples that hypothesis makes for some of them.

`pytest --collect-only` says how many of each there are, without a run. docs/tests.md keeps the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import settings

PROPERTY = "examples"
PASSED = re.compile(r"(\d+) passing")


@dataclass(frozen=True, slots=True)
class Counts:
    """Cases, those of them that hypothesis makes examples for, and the examples."""

    cases: int
    with_examples: int
    examples: int

    def __str__(self) -> str:
        return (
            f"{self.cases:,} test cases, {self.with_examples:,} of them with {self.examples:,} examples by hypothesis"
        )


def most_examples(item: pytest.Item) -> int | None:
    """Return how many examples are asked for; None where the test is none of hypothesis."""
    test = getattr(item, "obj", None)
    if not getattr(test, "is_hypothesis_test", False):
        return None
    of_a_machine = getattr(getattr(test, "__self__", None), "settings", None)
    used = of_a_machine or getattr(test, "_hypothesis_internal_use_settings", None) or settings.default
    return used.max_examples if isinstance(used, settings) else None


def counted(examples: Iterable[int | None]) -> Counts:
    """Return the counts of cases, by the examples of each."""
    each = list(examples)
    made = [number for number in each if number is not None]
    return Counts(len(each), len(made), sum(made))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say what was collected, where nothing else is asked for."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if session.config.option.collectonly and reporter is not None:
        reporter.write_line(f"\n{counted(most_examples(item) for item in session.items)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how many examples passed; a worker's reports go to the process that sums them up."""
    report = yield
    stated = getattr(item, "hypothesis_statistics", None)
    if call.when == "teardown" and stated is not None:
        report.user_properties.append((PROPERTY, sum(map(int, PASSED.findall(stated)))))
    return report


def ended(reports: Iterable[object]) -> Iterator[int | None]:
    """Yield the examples of each case that came to its end."""
    for report in reports:
        if isinstance(report, pytest.TestReport) and report.when == "teardown":
            yield next((number for name, number in report.user_properties if name == PROPERTY), None)  # type: ignore[misc]  # the value is what was put there


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was tried."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    counts = counted(ended(reports))
    if counts.cases:
        terminalreporter.write_line(f"tried: {counts}")
