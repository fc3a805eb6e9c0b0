"""A request is a command: what is in its body, what is not, and what it is answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.access.policy import Role
from adapters.intake.imports.origin import Origin
from adapters.web.services import Services
from tests.adapters.web.conftest import ACTOR, ClientAs, Post, problem


def test_a_command_answers_where_its_events_stand_and_nothing_personal(client: httpx.Client) -> None:
    personal = {"name": "Ines Prado", "emails": ["ines@prado.example"]}
    answer = client.post("/v1/candidates", json={"source": "career-site", **personal})
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/candidates/{body['stream']}"
    assert answer.headers["etag"] == '"1"'
    assert list(body) == ["position", "stream", "version", "ids", "events"]
    assert (body["position"], body["version"]) == (1, 1)
    assert body["ids"] == {"candidate": body["stream"]}
    assert [event["type"] for event in body["events"]] == ["candidate-sourced.v1"]
    assert "Ines" not in answer.text


def test_a_new_id_may_be_brought_and_belongs_to_one_candidate(client: httpx.Client) -> None:
    mine = str(uuid4())
    assert client.post("/v1/candidates", json={"candidate": mine, "name": "Nora Blum"}).json()["stream"] == mine
    assert problem(client.post("/v1/candidates", json={"candidate": mine, "name": "Nora Blum"})) == (
        409,
        "candidate-exists-already",
    )


def test_what_another_system_knows_too_is_made_once_however_it_comes_to_us(
    client: httpx.Client, post: Post, services: Services
) -> None:
    outside: dict[str, Any] = {"outside_source": "old-crm", "outside_id": "4711"}
    zoe = post("/v1/candidates", name="Zoe Sahin", **outside)["stream"]
    again = client.post("/v1/candidates", json={"name": "Zoe S.", **outside})
    assert problem(again) == (409, "candidate-exists-already")
    assert zoe in again.json()["detail"]
    job = post("/v1/requisitions", role="gardener", **outside)["stream"]
    assert problem(client.post("/v1/requisitions", json={"role": "gardener", **outside}))[0] == 409
    way = post("/v1/prospects", candidate=zoe, **outside)["stream"]
    assert post("/v1/applications", candidate=zoe, requisition=job, **outside)["stream"] == way
    assert problem(client.post("/v1/applications", json={"candidate": zoe, "requisition": job, **outside}))[0] == 409
    imported = Origin("old-crm", services.key_file, services.now())
    kinds = ("candidate", "requisition", "application")
    assert [str(imported.stream(kind, "4711")) for kind in kinds] == [zoe, job, way]


def test_an_erased_person_who_returns_gets_a_new_record_by_any_id(client: httpx.Client, post: Post) -> None:
    outside: dict[str, Any] = {"outside_source": "old-crm", "outside_id": "4711"}
    gone = post("/v1/candidates", emails=["zoe@sahin.example"], **outside)["stream"]
    assert post(f"/v1/candidates/{gone}/erase")["state"] == "completed"
    assert problem(client.post("/v1/candidates", json=outside)) == (409, "candidate-is-erased")
    assert post("/v1/candidates", emails=["zoe@sahin.example"], returning=True, **outside)["stream"] != gone


@pytest.mark.parametrize(
    "half", [{"outside_id": "4711"}, {"outside_source": "old-crm"}, {"outside_source": "old-crm", "outside_id": ""}]
)
def test_half_of_an_outside_id_makes_a_new_record(post: Post, half: dict[str, str]) -> None:
    half = {**half, "name": "Nora Blum"}
    assert post("/v1/candidates", **half)["stream"] != post("/v1/candidates", **half)["stream"]


def test_a_person_without_anything_to_be_found_by_is_not_made(client: httpx.Client, candidate: UUID) -> None:
    for path, body in (("/v1/candidates", {"source": "fair"}), ("/v1/referrals", {"referrer": str(candidate)})):
        answer = client.post(path, json=body)
        assert problem(answer) == (422, "nothing-names-the-candidate")
        assert "outside_id" in answer.json()["what_to_do"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"sourse": "career-site"}, "body.sourse"),
        ({"source": "Career Site"}, "body.source"),
        ({"source": "career-site\n"}, "body.source"),
        ({"name": 7}, "body.name"),
        ({"emails": "i@p.example"}, "body.emails"),
        ({"occurred_at": "2026-01-01T09:00:00"}, "body.occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+09:00"}, "body.occurred_at"),
        ({"now": "2026-01-01T09:00:00Z"}, "body.now"),
        ({"candidate": "not-an-id"}, "body.candidate"),
    ],
)
def test_a_malformed_body_is_refused_and_says_where(client: httpx.Client, body: dict[str, object], where: str) -> None:
    answer = client.post("/v1/candidates", json=body)
    assert problem(answer) == (422, "request-is-malformed")
    assert [error["where"] for error in answer.json()["errors"]] == [where]


def test_a_field_that_must_be_given_is_missed(client: httpx.Client, candidate: UUID) -> None:
    answer = client.post(f"/v1/candidates/{candidate}/touchpoints", json={})
    assert [error["where"] for error in answer.json()["errors"]] == ["body.kind"]


@pytest.mark.parametrize("body", [b'{"source":', b"\xff\xfe", b"["])
def test_a_body_that_is_not_json_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/v1/candidates", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer) == (400, "body-is-not-json")


def test_a_body_must_be_declared_as_json(client: httpx.Client) -> None:
    answer = client.post("/v1/candidates", content=b"{}", headers={"Content-Type": "text/plain"})
    assert problem(answer) == (415, "body-is-not-declared-as-json")


def test_what_the_path_names_is_not_in_the_body(client: httpx.Client, candidate: UUID) -> None:
    answer = client.post(
        f"/v1/candidates/{candidate}/touchpoints", json={"kind": "email-replied", "candidate": str(candidate)}
    )
    assert problem(answer) == (422, "request-is-malformed")
    assert problem(client.post("/v1/candidates/no-id/touchpoints", json={"kind": "email-replied"}))[0] == 422


def test_an_unknown_candidate_is_not_found(client: httpx.Client) -> None:
    answer = client.post(f"/v1/candidates/{uuid4()}/touchpoints", json={"kind": "email-replied"})
    assert problem(answer) == (404, "candidate-does-not-exist")
    assert answer.json()["where"] == "candidate"
    assert answer.json()["what_to_do"]


def test_a_send_needs_consent_and_cites_it(client: httpx.Client, post: Post, candidate: UUID) -> None:
    sends = f"/v1/candidates/{candidate}/sends"
    assert problem(client.post(sends, json={"kind": "email-sent"})) == (409, "consent-is-missing")
    given = post(f"/v1/candidates/{candidate}/consents", purpose="talent_pool", channels=["email"])
    post(sends, kind="email-sent")
    sent = client.get(f"/v1/candidates/{candidate}/timeline").json()["events"][-1]
    assert sent["data"]["consent"] == given["events"][0]["id"]
    post(f"/v1/candidates/{candidate}/consents/talent_pool/withdraw")
    assert problem(client.post(sends, json={"kind": "email-sent"})) == (409, "consent-was-withdrawn")


def test_the_version_that_is_named_must_be_the_newest(client: httpx.Client, candidate: UUID) -> None:
    path, body = f"/v1/candidates/{candidate}/touchpoints", {"kind": "call-answered"}
    stale = client.post(path, json=body, headers={"If-Match": '"7"'})
    assert problem(stale) == (412, "version-is-not-the-expected-one")
    assert client.post(path, json=body, headers={"If-Match": '"1"'}).headers["etag"] == '"2"'
    assert problem(client.post(path, json=body, headers={"If-Match": "2"})) == (400, "precondition-cannot-be-read")
    assert client.post(path, json=body, headers={"If-Match": "*"}).status_code == 201


def test_who_asks_is_recorded(client: httpx.Client, client_as: ClientAs, candidate: UUID) -> None:
    path, body = f"/v1/candidates/{candidate}/touchpoints", {"kind": "call-answered"}
    client_as(Role.RECRUITER).post(path, json=body, headers={"Perennial-Actor": "user:other"})
    client_as(Role.INTEGRATION, source="career-site").post(path, json=body)
    events = client.get(f"/v1/candidates/{candidate}/timeline").json()["events"]
    assert [event["actor"] for event in events] == [ACTOR, "user:one-recruiter", "integration:career-site"]


def test_what_is_no_news_answers_the_version_and_no_event(client: httpx.Client, post: Post, candidate: UUID) -> None:
    fact = {"fact": "current-employer", "learned_from": "self", "value": "Botanical Gardens"}
    first = post(f"/v1/candidates/{candidate}/profile-facts", **fact)
    again = post(f"/v1/candidates/{candidate}/profile-facts", **fact)
    assert again["events"] == []
    assert (again["version"], again["position"]) == (first["version"], first["position"])


def test_a_hire_fills_the_opening_in_the_same_transaction(client: httpx.Client, post: Post, candidate: UUID) -> None:
    requisition = post("/v1/requisitions", role="gardener", title="Head gardener")["stream"]
    opening = post(f"/v1/requisitions/{requisition}/openings")["ids"]["opening"]
    application = post("/v1/applications", candidate=str(candidate), requisition=requisition)["stream"]
    post(f"/v1/applications/{application}/stage", stage="trial-day")
    named = {"requisition": requisition, "opening": opening}
    post(f"/v1/applications/{application}/offer/accept", **named)
    hired = post(f"/v1/applications/{application}/hire", **named)
    assert [(event["type"], event["stream"]) for event in hired["events"]] == [
        ("candidate-hired.v1", application),
        ("opening-filled.v1", requisition),
    ]
    refused = client.post(f"/v1/requisitions/{requisition}/openings/{opening}/cancel", json={})
    assert problem(refused) == (409, "opening-was-filled")


def test_a_referral_and_a_prospect_and_the_ways_out(client: httpx.Client, post: Post, candidate: UUID) -> None:
    words = "grows anything"
    friend = post("/v1/referrals", referrer=str(candidate), name="Tomas Reis", referrer_words=words)["stream"]
    for ending in ("reject", "withdraw"):
        application = post("/v1/prospects", candidate=friend)["stream"]
        post(f"/v1/applications/{application}/{ending}", reason="not-now")
        again = client.post(f"/v1/applications/{application}/{ending}", json={})
        assert problem(again) == (409, "application-has-ended")
    post(f"/v1/candidates/{friend}/consents/newsletter/refuse", channels=["email"])
    touchpoint = post(f"/v1/candidates/{friend}/touchpoints", kind="call-answered")["ids"]["touchpoint"]
    corrected = post(f"/v1/candidates/{friend}/touchpoints/{touchpoint}/correct", reason="it was another person")
    assert corrected["events"][0]["type"] == "touchpoint-corrected.v1"
