"""The metrics of applications over HTTP: each with its own choices, and a clear answer to a choice that is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.adapters.web.conftest import Post, problem

PERIOD = {"from": "2026-01-01", "to": "2026-07-01"}
METRICS = ("stage-conversion", "time-in-stage", "time-to-hire", "source-of-hire")
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(client: httpx.Client) -> Ask:
    def ask(metric: str, **more: str) -> dict[str, Any]:
        answer = client.get(f"/v1/metrics/{metric}", params={**PERIOD, **more})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    return ask


@pytest.fixture
def hired(post: Post, candidate: UUID, fold: Callable[[], int]) -> int:
    """The position after the candidate applied on a Monday, was screened on the Thursday and hired the Monday after."""
    job = post("/v1/requisitions", role="gardener", occurred_at="2026-03-01T09:00:00Z")["stream"]
    body = {"candidate": str(candidate), "requisition": job, "source": "job-board"}
    application = post("/v1/applications", **body, occurred_at="2026-03-02T09:00:00Z")["stream"]
    post(f"/v1/applications/{application}/stage", stage="phone-screen", occurred_at="2026-03-05T09:00:00Z")
    hire = post(f"/v1/applications/{application}/hire", occurred_at="2026-03-09T09:00:00Z")
    fold()
    position: int = hire["position"]
    return position


@pytest.mark.parametrize("metric", METRICS)
def test_every_answer_says_what_it_is_and_where_it_stands(ask: Ask, metric: str, hired: int) -> None:
    answer = ask(metric, source="career-site")
    assert {"definition", "version", "n", "position", "as_of", "period", "segment"} <= set(answer)
    assert (answer["position"], answer["period"]) == (hired, PERIOD)
    assert answer["n"] > 0
    assert ask(metric, source="agency")["n"] == 0


def test_the_answers_count_what_happened(ask: Ask, hired: int) -> None:
    applied = ask("stage-conversion")["cohorts"][0]
    assert (applied["stage"], applied["n"]) == ("applied", 1)
    assert [(conversion["to"], conversion["share"]) for conversion in applied["conversions"]] == [
        ("screen", 1.0), ("interview", 1.0), ("offer", 1.0), ("hired", 1.0),
    ]  # fmt: skip
    assert applied["conversions"][0]["within"][0].keys() == {"days", "n", "reached", "share"}
    assert [(stage["code"], stage["median"]) for stage in ask("time-in-stage")["stages"]] == [
        ("applied", 3),
        ("phone-screen", 4),
    ]
    assert (ask("time-to-hire")["mean"], ask("time-to-hire")["median"]) == (7, 7)
    assert ask("source-of-hire")["sources"] == [{"source": "career-site", "n": 1, "share": 1.0}]


def test_each_metric_has_its_own_choices(ask: Ask, hired: int) -> None:
    activity = ask("stage-conversion", view="activity")
    assert [(count["step"], count["code"]) for count in activity["counts"]] == [
        ("entered", "applied"), ("entered", "phone-screen"), ("hired", None),
    ]  # fmt: skip
    assert ask("stage-conversion", stages="phone-screen,hired")["stages"] == ["phone-screen", "hired"]
    assert ask("source-of-hire", attribution="last-touch")["sources"][0]["source"] == "job-board"
    assert ask("source-of-hire", as_of=f"position:{hired - 1}")["n"] == 0


@pytest.mark.parametrize(
    ("metric", "parameters", "name"),
    [
        ("stage-conversion", {"view": "funnel"}, "request-is-malformed"),
        ("stage-conversion", {"stages": "applied"}, "stages-cannot-be-read"),
        ("stage-conversion", {"stages": "applied,Phone Screen"}, "stages-cannot-be-read"),
        ("stage-conversion", {"stages": "a," * 700}, "request-is-malformed"),
        ("time-in-stage", {"view": "cohort"}, "request-is-malformed"),
        ("time-to-hire", {"definition": "fastest"}, "request-is-malformed"),
        ("source-of-hire", {"attribution": "mine"}, "request-is-malformed"),
    ],
)
def test_a_choice_that_is_none_is_refused(
    client: httpx.Client, metric: str, parameters: dict[str, str], name: str
) -> None:
    assert problem(client.get(f"/v1/metrics/{metric}", params=PERIOD | parameters)) == (422, name)
