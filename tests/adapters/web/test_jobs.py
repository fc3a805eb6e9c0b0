"""A job and an application over HTTP, through holds, offers and everything that is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.adapters.web.conftest import Post, problem

SEAT = "0198f3a0-7c1e-7000-8000-00000000b001"
PERIOD = {"from": "2026-01-01", "to": "2027-01-01"}


@pytest.fixture
def job(post: Post) -> str:
    opened = post("/v1/requisitions", role="gardener", title="Gardener", occurred_at="2026-01-05T09:00:00Z")
    requisition: str = opened["ids"]["requisition"]
    post(f"/v1/requisitions/{requisition}/openings", opening=SEAT, outside_id="17", occurred_at="2026-01-05T09:00:00Z")
    return f"/v1/requisitions/{requisition}"


@pytest.fixture
def application(post: Post, job: str, candidate: UUID) -> str:
    submitted = post("/v1/applications", candidate=str(candidate), requisition=job.split("/")[-1], source="referral",
                occurred_at="2026-02-01T09:00:00Z")  # fmt: skip
    return f"/v1/applications/{submitted['ids']['application']}"


def test_a_job_is_read_as_it_stands(client: httpx.Client, post: Post, job: str) -> None:
    post(f"{job}/hold", reason="budget", occurred_at="2026-03-01T09:00:00Z")
    post(f"{job}/target-date", target="2026-09-01")
    post(f"{job}/hiring-manager", user="mara")
    post(f"{job}/recruiter", user="otto")
    answer = client.get(job)
    body = answer.json()
    assert answer.headers["etag"] == f'"{body["version"]}"' == '"6"'
    assert (body["title"], body["role"], body["evergreen"]) == ("Gardener", "gardener", False)
    assert (body["held_since"], body["target"]) == ("2026-03-01T09:00:00Z", "2026-09-01")
    assert (body["hiring_manager"], body["recruiter"]) == ("mara", "otto")
    assert body["openings"] == [
        {"opening": SEAT, "state": "open", "since": "2026-01-05T09:00:00Z", "opened_at": "2026-01-05T09:00:00Z",
         "application": None, "outside_id": "17"}
    ]  # fmt: skip
    post(f"{job}/resume")
    post(f"{job}/openings/{SEAT}/cancel", occurred_at="2026-04-01T09:00:00Z")
    body = client.get(job).json()
    assert (body["held_since"], body["openings"][0]["state"]) == (None, "cancelled")
    assert body["openings"][0]["since"] == "2026-04-01T09:00:00Z"
    assert problem(client.get(f"/v1/requisitions/{uuid4()}")) == (404, "requisition-does-not-exist")


def test_an_application_is_read_as_it_stands(client: httpx.Client, post: Post, job: str, application: str) -> None:
    requisition = job.split("/")[-1]
    for stage in ("screen", "onsite"):
        post(f"{application}/stage", stage=stage)
    post(f"{application}/move-back", stage="screen", reason="wrong-button")
    post(f"{application}/offer", requisition=requisition, opening=SEAT)
    state = client.get(application).json()
    assert (state["state"], state["stage"], state["source"]) == ("submitted", "screen", "referral")
    assert [visit["stage"] for visit in state["stages"]] == ["screen", "onsite", "screen"]
    assert state["offer"] == {"state": "made", "requisition": requisition, "opening": SEAT, "accepted_at": None}
    post(f"{application}/offer/decline", reason="pay")
    post(f"{application}/reject", reason="pay")
    state = client.get(application).json()
    assert (state["state"], state["offer"]["state"]) == ("rejected", "declined")
    post(f"{application}/unreject", reason="mistake")
    other = post("/v1/requisitions", role="florist")["ids"]["requisition"]
    post(f"{application}/transfer", requisition=other, reason="better-fit")
    answer = client.get(application)
    state = answer.json()
    assert answer.headers["etag"] == f'"{state["version"]}"'
    assert (state["state"], state["requisition"], state["left"], state["stage"]) == (
        "submitted",
        other,
        [requisition],
        None,
    )
    assert problem(client.get(f"/v1/applications/{uuid4()}")) == (404, "application-does-not-exist")


def test_a_hire_that_falls_through_fills_nothing(
    client: httpx.Client, post: Post, job: str, application: str, fold: Callable[[], int]
) -> None:
    seat = {"requisition": job.split("/")[-1], "opening": SEAT}
    post(f"{application}/offer/accept", **seat, occurred_at="2026-03-01T09:00:00Z")
    post(f"{application}/hire", **seat, occurred_at="2026-03-15T09:00:00Z")
    state = client.get(application).json()
    assert (state["state"], state["opening"], state["offer"]["state"]) == ("hired", SEAT, "accepted")
    refused = client.post(f"{application}/offer/rescind", json={"by": "candidate"})
    assert problem(refused) == (409, "hire-stands-on-the-offer")
    reopened = client.post(f"{job}/openings/{SEAT}/reopen", json={"need": "same"})
    assert problem(reopened) == (409, "opening-is-taken")
    hired = client.get(job).json()
    assert (hired["openings"][0]["state"], hired["openings"][0]["application"]) == ("filled", state["application"])
    fold()
    undone = post(f"{application}/unhire", requisition=seat["requisition"], reason="no-show")
    assert [event["type"] for event in undone["events"]] == ["candidate-unhired.v1", "opening-reopened.v1"]
    post(f"{application}/offer/rescind", by="candidate", reason="counter-offer")
    assert client.get(application).json()["offer"]["state"] == "rescinded"
    assert client.get(job).json()["openings"][0]["state"] == "open"
    fold()

    def filled(**parameters: Any) -> tuple[int, int]:
        answer = client.get("/v1/metrics/time-to-fill", params={**PERIOD, **parameters}).json()
        return answer["n_filled"], answer["n_censored"]

    assert filled(as_of=f"position:{hired_position(undone)}") == (1, 0)
    assert filled() == (0, 1)


def hired_position(undone: dict[str, Any]) -> int:
    """The last position at which the hire stood."""
    position: int = undone["position"]
    return position - len(undone["events"])


def test_a_baseline_is_compared_with(
    client: httpx.Client, post: Post, job: str, application: str, fold: Callable[[], int]
) -> None:
    seat = {"requisition": job.split("/")[-1], "opening": SEAT}
    post(f"{job}/hold", occurred_at="2026-01-10T09:00:00Z")
    post(f"{job}/resume", occurred_at="2026-01-20T09:00:00Z")
    post(f"{application}/hire", **seat, occurred_at="2026-02-04T09:00:00Z")
    fold()
    parameters: dict[str, str] = {
        **PERIOD,
        "baseline_from": "2025-01-01",
        "baseline_to": "2026-01-01",
        "horizon": "365",
    }
    answer = client.get("/v1/metrics/time-to-fill", params=parameters).json()
    assert (answer["median"], answer["net_of_holds"]["median"]) == (30, 20)
    assert answer["incidence"][0] == {"day": 30, "filled": 1, "cancelled": 0}
    assert (answer["baseline"]["n"], answer["baseline"]["days_saved"], answer["baseline"]["p_value"]) == (0, None, None)
    role = {**PERIOD, "role": "gardener", "baseline_role": "florist"}
    answer = client.get("/v1/metrics/time-to-fill", params=role).json()["baseline"]
    assert answer["segment"] == {"source": None, "role": "florist", "location": None}
    for shared in ({"baseline_role": "florist"}, {"role": "florist", "baseline_role": "florist"}):
        refused = client.get("/v1/metrics/time-to-fill", params={**PERIOD, **shared})
        assert problem(refused) == (422, "baseline-is-not-apart")
    del parameters["baseline_to"]
    refused = client.get("/v1/metrics/time-to-fill", params=parameters)
    assert problem(refused) == (422, "baseline-needs-both-days")
    workable = client.get("/v1/metrics/time-to-fill", params={**PERIOD, "definition": "workable"}).json()
    assert (workable["n_filled"], workable["mean"], workable["net_of_holds"]) == (1, 15, None)
