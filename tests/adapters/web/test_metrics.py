"""Questions over HTTP: each answer names its definition and where it stands, now and as of any earlier moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from anyio import to_thread

from tests.adapters.web.conftest import Post, problem

PERIOD = {"from": "2026-01-01", "to": "2026-07-01"}
MARCH = "2026-03-02T09:00:00Z"
METRICS = ("pipeline-growth", "engagement", "time-to-fill", "touchpoints")
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(client: httpx.Client) -> Ask:
    def ask(metric: str, **more: str | int) -> dict[str, Any]:
        answer = client.get(f"/v1/metrics/{metric}", params={**PERIOD, **more})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    return ask


@pytest.fixture
def replied(post: Post, candidate: UUID) -> int:
    """The position after a mail was sent to the candidate in March, and answered."""
    message = {"message": "0198f3a0-7c1e-7000-8000-00000000a001"}
    path = f"/v1/candidates/{candidate}/touchpoints"
    post(path, kind="email-sent", occurred_at="2026-03-02T09:00:00Z", **message)
    position: int = post(path, kind="email-replied", occurred_at="2026-03-04T09:00:00Z", **message)["position"]
    return position


@pytest.mark.parametrize("metric", METRICS)
def test_every_answer_says_what_it_is_and_where_it_stands(
    ask: Ask, metric: str, replied: int, fold: Callable[[], int]
) -> None:
    fold()
    answer = ask(metric, source="career-site")
    assert {"definition", "version", "n", "position", "as_of", "period", "segment"} <= set(answer)
    assert answer["position"] == replied
    assert answer["period"] == PERIOD
    assert answer["segment"] == {"source": "career-site", "role": None, "location": None}


def test_a_question_is_answered_in_one_turn_of_a_thread(
    ask: Ask, replied: int, fold: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fold()
    turns: list[str] = []
    run_sync = to_thread.run_sync

    async def counted(work: Callable[..., Any], *given: Any, **options: Any) -> Any:
        turns.append(getattr(work, "__qualname__", repr(work)))
        return await run_sync(work, *given, **options)

    monkeypatch.setattr(to_thread, "run_sync", counted)
    for moment in ({}, {"as_of": f"position:{replied}"}, {"min_position": replied}):
        turns.clear()
        ask("touchpoints", **moment)
        assert len(turns) == 1


def test_the_answers_count_what_happened(ask: Ask, replied: int, fold: Callable[[], int]) -> None:
    fold()
    growth = ask("pipeline-growth", granularity="day")
    assert (growth["total"]["new"], growth["total"]["closing"], len(growth["buckets"])) == (1, 1, 181)
    rates = ask("engagement", window=7)
    assert rates["total"]["reply"] == {"n": 1, "of": 1, "rate": 1.0}
    assert [count["kind"] for count in ask("touchpoints")["counts"]] == ["email-replied", "email-sent"]


def test_the_past_is_asked_by_position_by_time_or_by_day(
    ask: Ask, client: httpx.Client, replied: int, fold: Callable[[], int]
) -> None:
    fold()
    assert ask("touchpoints", as_of=f"position:{replied - 1}")["n"] == 1
    assert ask("touchpoints", as_of="2020-01-01")["position"] == 0
    moment = ask("touchpoints")["as_of"]
    before = ask("touchpoints", as_of=moment)
    assert (before["n"], before["as_of"]) == (2, moment)
    unescaped = moment.replace("Z", "+00:00")
    again = client.get(f"/v1/metrics/touchpoints?from=2026-01-01&to=2026-07-01&as_of={unescaped}")
    assert again.json() == before
    assert ask("touchpoints", as_of="2025-12-31")["as_of"] == "2025-12-31T22:59:59.999999Z"  # the day ends in Berlin


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"as_of": "yesterday"}, "as-of-cannot-be-read"),
        ({"sauce": "fair"}, "request-is-malformed"),
        ({"role": ["a", "b"]}, "request-is-malformed"),
        ({"as_of": "2026-01-01T09:00:00"}, "as-of-cannot-be-read"),
        ({"as_of": "9999-12-31"}, "as-of-cannot-be-read"),
        ({"as_of": "2199-01-01"}, "moment-lies-ahead"),
        ({"as_of": "2026-02-30"}, "as-of-cannot-be-read"),
        ({"as_of": "2024-W01-1"}, "as-of-cannot-be-read"),
        ({"as_of": "2024-09"}, "as-of-cannot-be-read"),
        ({"as_of": "2024-01-01T00:00:00+99:00"}, "as-of-cannot-be-read"),
        ({"as_of": "2024-01-01T00:00:00+16:00"}, "as-of-cannot-be-read"),
        ({"as_of": "2024"}, "as-of-number-is-bare"),
        ({"as_of": "0"}, "as-of-number-is-bare"),
        ({"as_of": "20240930"}, "as-of-number-is-bare"),
        ({"as_of": "-1"}, "as-of-number-is-bare"),
        ({"as_of": "1e3"}, "as-of-cannot-be-read"),
        ({"as_of": "position:"}, "as-of-cannot-be-read"),
        ({"as_of": "position:-1"}, "as-of-cannot-be-read"),
        ({"as_of": "position: 1"}, "as-of-cannot-be-read"),
        ({"as_of": "position:\u0661"}, "as-of-cannot-be-read"),
        ({"as_of": "position:1000"}, "position-lies-ahead"),
        ({"as_of": "position:" + "9" * 30}, "position-lies-ahead"),
        ({"to": "2026-01-01"}, "period-is-empty"),
        ({"to": "soon"}, "request-is-malformed"),
        ({"source": "Career Site"}, "request-is-malformed"),
        ({"min_position": "-1"}, "request-is-malformed"),
    ],
)
def test_what_cannot_be_asked_is_refused(client: httpx.Client, parameters: dict[str, str], name: str) -> None:
    assert problem(client.get("/v1/metrics/pipeline-growth", params=PERIOD | parameters)) == (422, name)


def test_todays_date_means_now(ask: Ask, replied: int, fold: Callable[[], int]) -> None:
    fold()
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    assert ask("touchpoints", as_of=today.isoformat())["n"] == ask("touchpoints")["n"] == 2


def test_an_offset_that_a_clock_may_have_is_taken_and_the_answer_is_in_utc(
    ask: Ask, replied: int, fold: Callable[[], int]
) -> None:
    fold()
    assert ask("touchpoints", as_of="2024-01-01T00:00:00+15:59")["as_of"] == "2023-12-31T08:01:00Z"


@pytest.mark.parametrize(
    ("metric", "parameters", "name"),
    [
        ("engagement", {"window": "8"}, "window-is-unknown"),
        ("time-to-fill", {"definition": "by-feel"}, "definition-is-unknown"),
        ("time-to-fill", {"horizon": "0"}, "request-is-malformed"),
        ("touchpoints", {"granularity": "hour"}, "request-is-malformed"),
    ],
)
def test_a_metric_has_its_own_choices(client: httpx.Client, metric: str, parameters: dict[str, str], name: str) -> None:
    assert problem(client.get(f"/v1/metrics/{metric}", params=PERIOD | parameters)) == (422, name)


def test_a_question_waits_until_its_read_model_knows(
    ask: Ask, post: Post, candidate: UUID, fold: Callable[[], int]
) -> None:
    fold()
    position = post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered", occurred_at=MARCH)["position"]
    assert ask("touchpoints")["n"] == 0  # asks for nothing in particular, so waits for nothing
    folding = threading.Timer(0.3, fold)
    folding.start()
    assert ask("touchpoints", min_position=position)["n"] == 1
    folding.join()


def test_a_question_to_a_read_model_that_was_never_folded_is_refused(client: httpx.Client, candidate: UUID) -> None:
    assert problem(client.get("/v1/metrics/touchpoints", params=PERIOD)) == (504, "read-model-is-behind")


def test_a_question_does_not_wait_for_ever(
    client: httpx.Client,
    post: Post,
    candidate: UUID,
    replied: int,
    fold: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fold()
    monkeypatch.setattr("adapters.web.framework.query_runner.PATIENCE_SECONDS", 0.1)
    position = post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered", occurred_at=MARCH)["position"]
    behind = client.get("/v1/metrics/touchpoints", params=PERIOD | {"min_position": str(position)})
    assert problem(behind) == (504, "read-model-is-behind")
    assert behind.headers["retry-after"]


def test_no_request_waits_for_a_position_that_is_not_in_the_log(client: httpx.Client, replied: int) -> None:
    ahead = client.get("/v1/metrics/touchpoints", params=PERIOD | {"min_position": str(replied + 1)})
    assert problem(ahead) == (422, "position-lies-ahead")
