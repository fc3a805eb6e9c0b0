"""A segment that is unknown is completed over HTTP, and every answer counts the person there from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.adapters.web.conftest import Post, problem

PERIOD = {"from": "2026-01-01", "to": "2026-07-01"}
MARCH = "2026-03-02T09:00:00Z"


@pytest.fixture
def unsorted(post: Post) -> UUID:
    """A candidate of whom the source is known alone."""
    return UUID(post("/v1/candidates", source="career-site", name="Ines Prado", occurred_at=MARCH)["stream"])


def complete(client: httpx.Client, candidate: UUID, **stated: str) -> httpx.Response:
    return client.post(f"/v1/candidates/{candidate}/segments/complete", json=stated)


def test_an_unknown_segment_is_completed_once(client: httpx.Client, unsorted: UUID) -> None:
    completed = complete(client, unsorted, role="gardener")
    assert completed.status_code == 200
    assert [event["type"] for event in completed.json()["events"]] == ["segments-completed.v1"]
    answer = client.get(f"/v1/candidates/{unsorted}").json()
    assert (answer["source"], answer["role"], answer["location"]) == ("career-site", "gardener", "unknown")
    again = complete(client, unsorted, role="gardener")
    assert (again.is_success, again.json()["events"]) == (True, [])


def test_a_known_segment_is_not_changed(client: httpx.Client, unsorted: UUID) -> None:
    refused = complete(client, unsorted, source="job-board", role="gardener")
    assert problem(refused) == (409, "segment-is-known")
    assert "'career-site'" in refused.json()["detail"]
    assert client.get(f"/v1/candidates/{unsorted}").json()["role"] == "unknown"
    assert problem(complete(client, unsorted)) == (422, "no-segment-is-stated")


def test_answers_of_before_and_after_count_the_person_in_their_segment_of_then(
    client: httpx.Client, unsorted: UUID, fold: Callable[[], int]
) -> None:
    before = client.get(f"/v1/candidates/{unsorted}/timeline").json()["events"][-1]["position"]
    after = complete(client, unsorted, role="gardener").json()["position"]
    fold()

    def new(role: str, position: int) -> Any:
        parameters = {**PERIOD, "role": role, "as_of": f"position:{position}"}
        return client.get("/v1/metrics/pipeline-growth", params=parameters).json()["total"]["new"]

    assert [new("unknown", before), new("gardener", before)] == [1, 0]
    assert [new("unknown", after), new("gardener", after)] == [0, 1]
    then = client.get(f"/v1/candidates/{unsorted}/summary", params={"as_of": f"position:{before}"})
    assert then.json()["role"] == "unknown"
    assert client.get(f"/v1/candidates/{unsorted}/summary").json()["role"] == "gardener"
