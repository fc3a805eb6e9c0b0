"""Questions take turns: one reader's never hold up another's. No answer is written on the event loop."""

from __future__ import annotations

import ast
import asyncio
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapters.web
from adapters.web.framework import question_queue
from adapters.web.framework.metric_routes import is_heavy
from adapters.web.framework.question_queue import Lane, QuestionQueue, usable_processors
from adapters.web.framework.refusals import TooManyQuestionsWait
from queries.counts import MOST_BUCKETS, By, PeriodHasTooManyBuckets, bucket_count, first_of_month, require_few_buckets
from queries.question import Period
from tests.adapters.web.conftest import problem

DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
WRITES_JSON = {"answered", "written", "as_json", "plain", "dumps"}


class Work:
    """Questions that go on until they are released, and how many went on at once."""

    def __init__(self) -> None:
        self.release, self.lock = threading.Event(), threading.Lock()
        self.now, self.most = Counter[str](), Counter[str]()

    def __call__(self, reader: str) -> str:
        with self.lock:
            self.now.update([reader, "all"])
            self.most |= self.now
        self.release.wait()
        with self.lock:
            self.now.subtract([reader, "all"])
        return reader


async def until(lane: Lane, work: Work, at_once: int) -> None:
    while work.now["all"] < at_once:
        await asyncio.sleep(0.001)


def test_no_more_work_at_once_than_the_lane_has_places_nor_of_one_reader_than_it_may() -> None:
    async def outcome() -> Work:
        lane, work = Lane(at_once=3, of_one=2), Work()
        readers = [*["ana"] * 8, *["ben"] * 8]
        tasks = [asyncio.create_task(lane.run(reader, partial(work, reader))) for reader in readers]
        await until(lane, work, 3)
        work.release.set()
        assert await asyncio.gather(*tasks) == readers
        assert lane.queues == {}
        return work

    work = asyncio.run(outcome())
    assert work.most["all"] <= 3
    assert max(work.most["ana"], work.most["ben"]) <= 2


def test_a_reader_with_many_questions_does_not_hold_up_another() -> None:
    async def outcome() -> None:
        lane, work = Lane(at_once=2, of_one=1), Work()
        many = [asyncio.create_task(lane.run("ana", partial(work, "ana"))) for _ in range(20)]
        await until(lane, work, 1)
        assert await lane.run("ben", lambda: 7) == 7
        work.release.set()
        assert len(await asyncio.gather(*many)) == 20

    asyncio.run(outcome())


def test_too_many_are_refused_at_once_and_none_waits_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question_queue, "MOST_WAITING", 2)

    async def outcome() -> None:
        lane, work = Lane(at_once=1, of_one=1, patience_seconds=0.01), Work()
        first = asyncio.create_task(lane.run("ana", partial(work, "ana")))
        await until(lane, work, 1)
        second = asyncio.create_task(lane.run("ana", partial(work, "ana")))
        await asyncio.sleep(0)
        with pytest.raises(TooManyQuestionsWait):
            await lane.run("ana", partial(work, "ana"))
        with pytest.raises(TooManyQuestionsWait):
            await second
        with pytest.raises(TooManyQuestionsWait):  # of another reader, for whom no place is free
            await lane.run("ben", partial(work, "ben"))
        work.release.set()
        assert await first == "ana"
        assert await lane.run("ben", lambda: 7) == 7

    asyncio.run(outcome())


def test_a_question_that_fails_gives_its_place_back() -> None:
    async def outcome() -> None:
        lane = Lane(at_once=1, of_one=1)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await lane.run("ana", lambda: 1 / 0)
        assert await lane.run("ana", lambda: 7) == 7

    asyncio.run(outcome())


@pytest.mark.parametrize("processors", [1, 2, 3, 4, 8, 64])
def test_with_few_processors_few_questions_run_at_once_and_never_more_than_the_pool_holds(processors: int) -> None:
    queue = QuestionQueue(processors)
    lanes = (queue.light, queue.heavy, queue.pages)
    assert all(1 <= lane.of_one <= lane.at_once for lane in lanes)
    assert queue.heavy.at_once <= max(1, processors // 2)
    assert queue.light.at_once <= processors + 1
    assert sum(lane.at_once for lane in lanes) <= 13


def test_a_process_counts_the_processors_that_it_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
        assert usable_processors() == 2
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert usable_processors() == 7


@given(begins=DAYS, ends=DAYS)
def test_buckets_are_counted_as_a_calendar_counts_them(begins: date, ends: date) -> None:
    if begins >= ends:
        return
    period = Period(begins, ends)
    days = [date.fromordinal(number) for number in range(begins.toordinal(), ends.toordinal())]
    assert bucket_count(period, "day") == len(days)
    assert bucket_count(period, "month") == len({first_of_month(day) for day in days})


@pytest.mark.parametrize("by", ["day", "month"])
def test_a_period_has_so_many_buckets_and_no_more(by: By) -> None:
    begins = date(1990, 1, 1)
    longest = date(2090, 1, 1) if by == "month" else date.fromordinal(begins.toordinal() + MOST_BUCKETS)
    require_few_buckets(Period(begins, longest), by)
    with pytest.raises(PeriodHasTooManyBuckets, match="1,201 buckets"):
        require_few_buckets(Period(begins, date.fromordinal(longest.toordinal() + 1)), by)


def test_what_a_dashboard_asks_is_light_and_what_costs_more_is_heavy() -> None:
    year, decade = Period(date(2025, 1, 1), date(2026, 1, 1)), Period(date(2016, 1, 1), date(2026, 1, 1))
    assert [is_heavy(year, "month"), is_heavy(year, "day"), is_heavy(decade, "month")] == [False, True, True]


@pytest.mark.parametrize("metric", ["pipeline-growth", "touchpoints"])
def test_too_many_buckets_are_refused_before_they_cost_anything(client: httpx.Client, metric: str) -> None:
    parameters = {"from": "1900-01-01", "to": "2199-12-31", "granularity": "day"}
    answer = client.get(f"/v1/metrics/{metric}", params=parameters)
    assert problem(answer) == (422, "period-has-too-many-buckets")
    assert "109,572 buckets" in answer.json()["detail"]


def coroutines() -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    """Every coroutine of the HTTP layer, with the name of its module."""
    for path in sorted(Path(adapters.web.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AsyncFunctionDef):
                yield path.stem, node


def steps_of(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in it but what stands in a function of its own, which a thread may run."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield child
            yield from steps_of(child)


def test_no_coroutine_writes_an_answer_itself() -> None:
    writing = {
        (module, called.func.attr if isinstance(called.func, ast.Attribute) else getattr(called.func, "id", ""))
        for module, coroutine in coroutines()
        for called in steps_of(coroutine)
        if isinstance(called, ast.Call)
    }
    short = {
        ("rates", "dumps"),
        ("limits", "dumps"),
        ("who", "dumps"),
        ("directory", "dumps"),
        ("operations", "answered"),
        ("imports", "written"),
    }
    # Problems of a few lines, what was typed in a search, and whether the process is healthy: that must not wait for
    # a thread, all of which may be waiting for the database.
    assert {frame for frame in writing if frame[1] in WRITES_JSON} <= short
    assert ("candidates", "rendered") in writing


def test_searches_take_turns_by_who_asks(
    client: httpx.Client, fold: Callable[[], int], candidate: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold()
    turns: list[str] = []
    run = Lane.run

    async def noted(lane: Lane, reader: str, work: Callable[[], object]) -> object:
        turns.append(reader)
        return await run(lane, reader, work)

    monkeypatch.setattr(Lane, "run", noted)
    assert client.get("/v1/candidates?q=ines").status_code == 200
    assert client.get(f"/v1/candidates/{candidate}/summary").status_code == 200
    assert turns == ["user tester"] * 2
