"""Who is in a community, page by page, and what became of referrals: as it is and as it was, a merged person once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.adapters.web.conftest import Post, problem


def person(post: Post) -> str:
    stream: str = post("/v1/candidates", source="event", name="Nora Blum")["stream"]
    return stream


def pages(client: httpx.Client, path: str, listed: str, **parameters: Any) -> list[list[dict[str, Any]]]:
    """All pages that follow from the first."""
    listed_pages: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(path, params={**parameters, **cursor}).raise_for_status().json()
        listed_pages.append(answer[listed])
        if answer["next"] is None:
            return listed_pages
        cursor = {"cursor": answer["next"]}


def test_members_of_a_community_page_by_page_as_of_the_first_page(
    client: httpx.Client, post: Post, fold: Callable[[], int]
) -> None:
    community = post("/v1/communities", around="role", topic="gardener")["stream"]
    people = sorted(person(post) for _ in range(5))
    for member in people:
        post(f"/v1/candidates/{member}/communities/{community}/join", by="recruiter")
    fold()
    path = f"/v1/communities/{community}/members"
    first = client.get(path, params={"limit": 2}).json()
    assert (first["n"], first["around"], first["topic"]) == (5, "role", "gardener")
    post(f"/v1/candidates/{people[3]}/communities/{community}/leave")
    fold()
    second = client.get(path, params={"limit": 9, "cursor": first["next"]}).json()
    assert [member["candidate"] for page in (first, second) for member in page["members"]] == people
    assert {member["by"] for member in first["members"]} == {"recruiter"}
    assert [len(page) for page in pages(client, path, "members", limit=3)] == [3, 1]
    assert problem(client.get(path, params={"cursor": first["next"], "as_of": "position:3"})) == (
        422,
        "cursor-cannot-be-read",
    )
    assert problem(client.get(f"/v1/communities/{uuid4()}/members")) == (404, "community-does-not-exist")


def test_a_merged_person_is_in_a_community_once_and_twice_again_after_the_undoing(
    client: httpx.Client, post: Post, fold: Callable[[], int]
) -> None:
    community = post("/v1/communities", around="skill", topic="grafting")["stream"]
    ines, other = person(post), person(post)
    joined = [post(f"/v1/candidates/{each}/communities/{community}/join", by="self") for each in (ines, other)]
    post(f"/v1/candidates/{ines}/merge", absorbed=other, evidence=["same-address"])
    merged = fold()
    path = f"/v1/communities/{community}/members"
    assert [member["candidate"] for member in client.get(path).json()["members"]] == [ines]
    answer = client.get(f"/v1/candidates/{other}/communities").json()
    assert (answer["merged_into"], [held["community"] for held in answer["communities"]]) == (ines, [community])
    post(f"/v1/candidates/{ines}/unmerge", absorbed=str(other))
    fold()
    assert client.get(path).json()["n"] == 2
    assert client.get(path, params={"as_of": f"position:{merged}"}).json()["n"] == 1
    assert client.get(path, params={"as_of": f"position:{joined[-1]['position']}"}).json()["n"] == 2
    assert problem(client.get(f"/v1/candidates/{uuid4()}/communities")) == (404, "candidate-does-not-exist")


def test_a_referrer_sees_the_stage_of_their_referrals_and_nothing_else(
    client: httpx.Client, post: Post, candidate: UUID, fold: Callable[[], int]
) -> None:
    referrer, job = person(post), post("/v1/requisitions")["stream"]
    first, second = (
        post(f"/v1/candidates/{candidate}/referrals", referrer=referrer, relation="friend")["stream"] for _ in "12"
    )
    application = post("/v1/applications", candidate=str(candidate), requisition=job)["stream"]
    post(f"/v1/referrals/{first}/link", application=application)
    applied = fold()
    post(f"/v1/applications/{application}/stage", stage="technical-interview")
    post(f"/v1/referrals/{second}/decline", by="candidate")
    fold()
    path = f"/v1/referrers/{referrer}/referrals"
    answer = client.get(path).json()
    assert {field for referral in answer["referrals"] for field in referral} == {"referral", "made_at", "stage"}
    assert str(candidate) not in client.get(path).text
    assert [(referral["referral"], referral["stage"]) for referral in answer["referrals"]] == [
        (second, "declined"), (first, "interviewing"),
    ]  # fmt: skip
    before = client.get(path, params={"as_of": f"position:{applied}"}).json()["referrals"]
    assert [referral["stage"] for referral in before] == ["made", "applied"]
    assert [len(page) for page in pages(client, path, "referrals", limit=1)] == [1, 1]
    assert problem(client.get(path, params={"cursor": "far"})) == (422, "cursor-cannot-be-read")
    assert problem(client.get(f"/v1/referrers/{uuid4()}/referrals")) == (404, "candidate-does-not-exist")
