"""Proposals to erase people over HTTP: nothing is hidden before a privacy officer decides, and then all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adapters import bootstrap
from adapters.access.policy import Role
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.projector.runner import no_progress
from adapters.settings import Settings
from adapters.web.services import Services
from tests.adapters.intake.integrations.bodies import ANONYMISED, DELETED, NEW, signed
from tests.adapters.web.conftest import SECRETS, ClientAs, Post, problem

Fold = Callable[[], int]
Deliver = Callable[..., None]
PERSONAL = ("Rosa", "Lind", "lind.example", "Arborist")


@pytest.fixture
def deliver(client: httpx.Client) -> Deliver:
    def deliver(*bodies: bytes) -> None:
        for body in bodies:
            answer = client.post("/v1/inbound/greenhouse", content=body, headers=signed(body, SECRETS[0], str(uuid4())))
            assert answer.json()["outcome"] == "applied", answer.text

    return deliver


@pytest.fixture
def rosa(key_file: KeyFile) -> str:
    return str(key_file.stream_of("greenhouse", "candidate", "501"))


def listed(client: httpx.Client, **parameters: object) -> dict[str, Any]:
    answer = client.get("/v1/erasure-proposals", params={name: str(value) for name, value in parameters.items()})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def decide(client: httpx.Client, proposal: dict[str, Any], how: str, **body: Any) -> httpx.Response:
    path = f"/v1/candidates/{proposal['candidate']}/erasure-proposals/{proposal['proposal']}/{how}"
    return client.post(path, json=body)


def test_before_the_decision_everything_is_as_it_was(
    client: httpx.Client, deliver: Deliver, rosa: str, fold: Fold, services: Services
) -> None:
    deliver(NEW)
    fold()
    paths = [f"/v1/candidates/{rosa}", "/v1/candidates?q=Lind", f"/v1/candidates/{rosa}/consents"]
    before = [client.get(path).json() for path in paths]
    deliver(ANONYMISED, DELETED)
    assert list(services.erasing.resume()) == [], "what the worker finds"
    fold()
    after = [client.get(path).json() for path in paths]
    for answer in (*before, *after):
        for passing in ("version", "position", "as_of", "valid_at"):
            answer.pop(passing, None)
    assert after == before
    assert after[0]["name"] == "Rosa Lind"
    assert problem(client.get(f"/v1/erasures/{rosa}")) == (404, "erasure-was-not-requested")
    touch = client.post(f"/v1/candidates/{rosa}/touchpoints", json={"kind": "call-received"})
    assert touch.status_code == 201


def test_open_proposals_are_listed_with_their_age_and_nothing_personal(
    client: httpx.Client, deliver: Deliver, rosa: str, fold: Fold
) -> None:
    deliver(NEW, ANONYMISED, DELETED)
    fold()
    answer = client.get("/v1/erasure-proposals")
    content = answer.json()
    assert (content["n"], content["next"], content["definition"]) == (2, None, "erasure-proposals")
    first, second = content["proposals"]
    assert (first["kind"], first["fields"]) == ("anonymise", ["email_addresses", "full_name"])
    assert (second["kind"], second["fields"]) == ("delete", [])
    for proposal in (first, second):
        assert (proposal["candidate"], proposal["record"], proposal["source"], proposal["state"]) == (
            rosa,
            rosa,
            "greenhouse",
            "open",
        )
        assert 0 <= proposal["age_seconds"] < 3600
    assert [value for value in PERSONAL if value in answer.text] == []
    page = listed(client, limit=1)
    following = listed(client, limit=1, cursor=page["next"])
    assert [page["proposals"][0]["proposal"], following["proposals"][0]["proposal"]] == [
        first["proposal"], second["proposal"],
    ]  # fmt: skip
    wrong = client.get("/v1/erasure-proposals", params={"cursor": page["next"], "state": "declined"})
    assert problem(wrong) == (422, "cursor-cannot-be-read")


def test_an_accepted_proposal_erases_the_person(
    client: httpx.Client, deliver: Deliver, rosa: str, fold: Fold, services: Services
) -> None:
    deliver(NEW, ANONYMISED, DELETED)
    fold()
    first, second = listed(client)["proposals"]
    answer = decide(client, first, "accept", by="retention", ground="retention-period-over")
    assert answer.status_code == 200, answer.text
    erasure = answer.json()
    assert (erasure["state"], erasure["by"], erasure["ground"]) == ("completed", "retention", "retention-period-over")
    fold()
    assert listed(client)["proposals"] == []
    (accepted,) = listed(client, state="accepted")["proposals"]
    assert (accepted["proposal"], accepted["decided_by"]) == (first["proposal"], "user:tester")
    (closed,) = listed(client, state="closed")["proposals"]
    assert closed["proposal"] == second["proposal"]
    for proposal in (first, second):
        assert problem(decide(client, proposal, "accept")) == (409, "candidate-is-erased")
        assert problem(decide(client, proposal, "decline", ground="other")) == (409, "candidate-is-erased")
    assert client.get(f"/v1/candidates/{rosa}").json()["name"] is None
    decisions = [
        event.event.stored_name
        for event in services.log.history(services.key_file.stream_of("greenhouse", "candidate", "501"))
    ]
    assert decisions.index("erasure-proposal-accepted.v1") + 1 == decisions.index("erasure-requested.v1")


def test_a_declined_proposal_keeps_the_person_and_its_note_is_sealed(
    client: httpx.Client, client_as: ClientAs, deliver: Deliver, rosa: str, fold: Fold
) -> None:
    deliver(NEW, DELETED)
    fold()
    (proposal,) = listed(client)["proposals"]
    answer = decide(client, proposal, "decline", ground="merged-there", note="Rosa is 640 there")
    assert answer.status_code == 200, answer.text
    fold()
    assert listed(client)["n"] == 0
    (declined,) = listed(client, state="declined")["proposals"]
    assert (declined["ground"], declined["decided_by"]) == ("merged-there", "user:tester")
    assert "Rosa" not in client.get("/v1/erasure-proposals", params={"state": "declined"}).text
    for how, more in (("accept", {}), ("decline", {"ground": "other"})):
        again = decide(client, proposal, how, **more)
        assert problem(again) == (409, "erasure-proposal-is-decided")
        assert "already declined" in again.json()["detail"]
    assert client.get(f"/v1/candidates/{rosa}").json()["name"] == "Rosa Lind"
    events = client_as(Role.ANALYST).get(f"/v1/candidates/{rosa}/timeline").json()["events"]
    (event_of_decline,) = [event for event in events if event["type"] == "erasure-proposal-declined.v1"]
    assert (event_of_decline["withheld"], event_of_decline["data"].get("note")) == (["note"], None)


def test_a_legal_hold_refuses_the_acceptance_and_records_no_decision(
    client: httpx.Client, deliver: Deliver, rosa: str, fold: Fold, post: Post
) -> None:
    deliver(NEW, DELETED)
    post(f"/v1/candidates/{rosa}/legal-holds", matter="case-7")
    fold()
    (proposal,) = listed(client)["proposals"]
    assert problem(decide(client, proposal, "accept")) == (409, "legal-hold-stands")
    fold()
    assert listed(client)["n"] == 1
    post(f"/v1/candidates/{rosa}/legal-holds/case-7/lift")
    assert decide(client, proposal, "accept").json()["state"] == "completed"


def test_of_a_merged_person_the_record_that_speaks_is_listed_and_all_are_erased(
    client: httpx.Client, deliver: Deliver, rosa: str, fold: Fold, post: Post
) -> None:
    deliver(NEW, DELETED)
    survivor = post("/v1/candidates", name="Rosa Lind-Berg")["stream"]
    post(f"/v1/candidates/{survivor}/merge", absorbed=rosa, evidence=["stated"])
    fold()
    (proposal,) = listed(client)["proposals"]
    assert (proposal["candidate"], proposal["record"]) == (survivor, rosa)
    assert set(decide(client, proposal, "accept").json()["records"]) == {survivor, rosa}


def test_an_erasure_that_was_requested_otherwise_closes_a_proposal(
    client: httpx.Client, deliver: Deliver, rosa: str, fold: Fold, post: Post
) -> None:
    deliver(NEW, DELETED)
    post(f"/v1/candidates/{rosa}/erase")
    fold()
    assert listed(client)["n"] == 0
    assert [proposal["record"] for proposal in listed(client, state="closed")["proposals"]] == [rosa]


def test_proposals_are_listed_alike_after_a_rebuild_and_as_of_then(
    client: httpx.Client, deliver: Deliver, fold: Fold, database: str, settings: Settings
) -> None:
    deliver(NEW, ANONYMISED)
    position = fold()
    (proposal,) = listed(client)["proposals"]
    decide(client, proposal, "decline", ground="other")
    deliver(DELETED)
    fold()
    questions = [{"state": state} for state in ("open", "declined")] + [{"as_of": f"position:{position}"}]

    def answers() -> list[Any]:
        pages = [listed(client, **question)["proposals"] for question in questions]
        return [[{**line, "age_seconds": None} for line in page] for page in pages]

    before = answers()
    assert [len(page) for page in before] == [1, 1, 1]
    with bootstrap.projector(database) as datastore:
        bootstrap.rebuild(datastore, settings, "erasure_proposals", no_progress).rebuild()
    assert answers() == before


def test_what_there_is_not_is_not_decided(client: httpx.Client, deliver: Deliver, rosa: str) -> None:
    deliver(NEW)
    unknown = {"candidate": rosa, "proposal": str(uuid4())}
    for how, more in (("accept", {}), ("decline", {"ground": "other"})):
        assert problem(decide(client, unknown, how, **more)) == (404, "erasure-proposal-does-not-exist")
        unknown_candidate = {"candidate": str(uuid4()), "proposal": str(uuid4())}
        assert problem(decide(client, unknown_candidate, how, **more)) == (404, "candidate-does-not-exist")
    assert problem(decide(client, unknown, "decline"))[0] == 422, "a ground is needed"
    assert problem(decide(client, unknown, "decline", ground="because Rosa asked"))[0] == 422


@pytest.mark.parametrize("role", [Role.RECRUITER, Role.ANALYST, Role.AUDITOR, Role.ADMIN])
def test_only_a_privacy_officer_sees_and_decides(client_as: ClientAs, rosa: str, role: Role) -> None:
    someone, proposal = client_as(role), {"candidate": rosa, "proposal": str(uuid4())}
    assert problem(someone.get("/v1/erasure-proposals")) == (403, "role-may-not")
    assert problem(decide(someone, proposal, "accept")) == (403, "role-may-not")
    assert problem(decide(someone, proposal, "decline", ground="other")) == (403, "role-may-not")
