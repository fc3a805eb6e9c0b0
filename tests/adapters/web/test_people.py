"""Communities and referrals over HTTP: joined and left, asked for and made, taken up and credited."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.adapters.web.conftest import Post, problem


def types(answer: dict[str, Any]) -> list[str]:
    return [event["type"] for event in answer["events"]]


def test_a_community_is_founded_joined_and_left(client: httpx.Client, post: Post, candidate: UUID) -> None:
    community = post("/v1/communities", around="skill", topic="grafting", title="The grafters")["stream"]
    path = f"/v1/candidates/{candidate}/communities/{community}"
    assert types(post(f"{path}/join", by="self")) == ["community-joined.v1", "touchpoint-recorded.v1"]
    assert types(post(f"{path}/join", by="recruiter")) == [], "who is in it already is no news"
    assert types(post(f"{path}/leave", by="self", reason="too much mail")) == ["community-left.v1"]
    assert problem(client.post(f"{path}/leave")) == (409, "candidate-is-not-in-community")
    elsewhere = f"/v1/candidates/{candidate}/communities/{{}}/join"
    assert problem(client.post(elsewhere.format(uuid4()))) == (404, "community-does-not-exist")
    assert problem(client.post(elsewhere.format(candidate))) == (422, "id-names-two-things")
    refused = client.post("/v1/communities", json={"around": "hobby", "topic": "chess"})
    assert problem(refused) == (422, "community-needs-skill-or-role")


@pytest.fixture
def referrer(post: Post) -> UUID:
    return UUID(post("/v1/candidates", source="event", name="Bob")["stream"])


def test_a_referral_from_asking_to_credit(client: httpx.Client, post: Post, candidate: UUID, referrer: UUID) -> None:
    refused = client.post("/v1/referral-requests", json={"referrer": str(referrer)})
    assert problem(refused) == (409, "consent-is-missing")
    post(f"/v1/candidates/{referrer}/consents", purpose="referral_contact", channels=["email"])
    request = post("/v1/referral-requests", referrer=str(referrer), note="whom do you know?")
    assert types(request) == ["referral-asked.v1", "touchpoint-recorded.v1"]
    referral = request["stream"]
    made = post(f"/v1/candidates/{candidate}/referrals", referral=referral, referrer=str(referrer), relation="friend")
    assert (types(made), made["stream"]) == (["referral-made.v1", "touchpoint-recorded.v1"], referral)
    accepted = post(f"/v1/referrals/{referral}/accept", candidate=str(candidate))
    assert [event["stream"] for event in accepted["events"]] == [referral, str(candidate)]
    job = post("/v1/requisitions")["stream"]
    application = post("/v1/applications", candidate=str(candidate), requisition=job)["stream"]
    linked = post(f"/v1/referrals/{referral}/link", application=application)
    assert types(linked) == ["referral-turned-into-application.v1", "application-referred.v1"]
    assert problem(client.post(f"/v1/referrals/{referral}/decline")) == (409, "referral-became-an-application")
    early = client.post(f"/v1/referrals/{referral}/credit", json={"application": application})
    assert problem(early) == (409, "candidate-is-not-hired")
    post(f"/v1/applications/{application}/hire")
    assert types(post(f"/v1/referrals/{referral}/credit", application=application)) == ["referral-credited.v1"]
    again = client.post(f"/v1/referrals/{referral}/credit", json={"application": application})
    assert problem(again) == (409, "referral-was-credited-already")


def test_what_is_too_long_or_holds_a_nul_changes_nothing(client: httpx.Client, candidate: UUID) -> None:
    path = f"/v1/candidates/{candidate}/touchpoints"
    assert problem(client.post(path, json={"kind": "note-written", "note": "x" * 20_001})) == (422, "text-is-too-long")
    refused = client.post(path, json={"kind": "note-written", "note": "a\0b"})
    assert problem(refused) == (422, "text-holds-nul")
    assert refused.json()["where"] == "note"
    assert client.get(f"/v1/candidates/{candidate}").json()["version"] == 1


def test_an_imported_consent_needs_its_evidence(client: httpx.Client, post: Post, candidate: UUID) -> None:
    path = f"/v1/candidates/{candidate}/consents"
    imported = {"purpose": "talent_pool", "channels": ["email"], "method": "import"}
    assert problem(client.post(path, json=imported)) == (422, "imported-consent-needs-its-evidence")
    post(path, **imported, evidence="sheet 12", occurred_at="2025-03-01T09:00:00Z")
