"""Erasure, legal hold and restriction over HTTP; and every page about an erased person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from adapters import bootstrap
from adapters.access.policy import Role
from adapters.postgres.log.event_log import EventLog
from adapters.settings import Settings
from adapters.web.services import Services
from commands.workflows.erase_person import Eraser, EraserMustWait
from domain.candidate import CandidateErased
from tests.adapters.web.conftest import ClientAs, Post, problem

Fold = Callable[[], int]


@pytest.fixture
def lena(post: Post) -> UUID:
    """Return the stream of a candidate with an address, a skill, a note and a consent."""
    person = UUID(
        post("/v1/candidates", source="career-site", role="gardener", name="Lena Canary", emails=["lena@canary.org"])[
            "stream"
        ]
    )
    post(f"/v1/candidates/{person}/profile-facts", fact="skill", learned_from="self", value="Canary breeding")
    post(f"/v1/candidates/{person}/touchpoints", kind="note-written", note="sings like a canary")
    post(f"/v1/candidates/{person}/consents", purpose="talent_pool", channels=["email"])
    return person


def erase(client: httpx.Client, person: UUID, **parameters: str) -> dict[str, Any]:
    answer = client.post(f"/v1/candidates/{person}/erase", json=parameters)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_an_erasure_answers_what_was_done_and_what_it_does_not_reach(
    client: httpx.Client, post: Post, lena: UUID, log: EventLog
) -> None:
    answer = erase(client, lena, by="self", ground="consent-withdrawn")
    assert (answer["state"], answer["by"], answer["ground"]) == ("completed", "self", "consent-withdrawn")
    assert answer["records"] == [str(lena)]
    erased = {eraser["name"]: eraser["erased"] for eraser in answer["erasers"]}
    assert {"deliveries", "idempotency", "searches", "keyring"} <= erased.keys()
    assert datetime.fromisoformat(answer["erasure_effective_by"]) > datetime.now(UTC)
    (completed,) = [recorded for recorded in log.history(lena) if isinstance(recorded.event, CandidateErased)]
    assert answer["position"] == log.known([completed.id])[completed.id]
    again = client.get(f"/v1/erasures/{lena}").json()
    assert {eraser["name"] for eraser in again["erasers"]} == erased.keys()
    assert {**again, "erasers": None} == {**answer, "erasers": None}
    assert problem(client.post(f"/v1/candidates/{lena}/erase", json={})) == (409, "candidate-is-erased")


def test_an_unknown_candidate_and_one_without_a_request_have_no_erasure(client: httpx.Client, lena: UUID) -> None:
    assert problem(client.get(f"/v1/erasures/{lena}")) == (404, "erasure-was-not-requested")
    for unknown in (uuid4(),):
        assert problem(client.get(f"/v1/erasures/{unknown}")) == (404, "candidate-does-not-exist")
        refused = client.post(f"/v1/candidates/{unknown}/erase", json={})
        assert problem(refused) == (404, "candidate-does-not-exist")
    refused = client.post(f"/v1/candidates/{lena}/erase", json={"ground": "Lena asked"})
    assert problem(refused) == (422, "request-is-malformed")
    refused = client.post(f"/v1/candidates/{lena}/erase", json={"by": "neighbour"})
    assert problem(refused) == (422, "erasure-is-asked-by-nobody")
    assert problem(client.get(f"/v1/erasures/{lena}")) == (404, "erasure-was-not-requested")


def test_every_page_about_an_erased_person_answers(client: httpx.Client, post: Post, lena: UUID, fold: Fold) -> None:
    other = UUID(post("/v1/candidates", source="import", name="L. Canary")["stream"])
    post(f"/v1/candidates/{lena}/merge", absorbed=str(other), evidence=["stated"])
    fold()
    assert client.get("/v1/candidates", params={"q": "canary"}).json()["n"] == 1
    erase(client, other)
    position = fold()
    for record in (lena, other):
        answer = client.get(f"/v1/candidates/{record}").json()
        assert (answer["erased"], answer["name"], answer["emails"], answer["source"]) == (
            True,
            None,
            None,
            "career-site",
        )
        events = client.get(f"/v1/candidates/{record}/timeline").json()["events"]
        assert {"erasure-requested.v1", "candidate-erased.v1"} <= {event["type"] for event in events}
        assert any(event["erased"] for event in events)
        assert "anary" not in str([answer, events])
        consents = client.get(f"/v1/candidates/{record}/consents", params={"min_position": position})
        assert {state["status"] for state in consents.json()["states"]} == {"withdrawn"}
        assert client.get(f"/v1/candidates/{record}/summary").status_code == 200
        assert client.get(f"/v1/candidates/{record}/communities").status_code == 200
        assert client.get(f"/v1/referrers/{record}/referrals").status_code == 200
    for parameters in ({"q": "canary"}, {"skill": "canary breeding"}, {}):
        answer = client.get("/v1/candidates", params=parameters).json()
        assert answer["people"] == [], parameters
    looked = client.post("/v1/addresses/find", json={"kind": "email", "address": "lena@canary.org"})
    assert looked.json()["people"] == []


def test_a_person_without_personal_data_is_shown_as_erased_too(client: httpx.Client, post: Post) -> None:
    unknown = UUID(post("/v1/candidates", source="import", name="Nora Blum")["stream"])
    assert client.get(f"/v1/candidates/{unknown}").json()["erased"] is False
    erase(client, unknown)
    assert client.get(f"/v1/candidates/{unknown}").json()["erased"] is True


def test_a_hold_stands_until_it_is_lifted(client: httpx.Client, post: Post, lena: UUID) -> None:
    path = f"/v1/candidates/{lena}/legal-holds"
    post(path, matter="case-7", note="Canary v. Acme")
    assert post(path, matter="case-7")["events"] == []
    assert problem(client.post(f"/v1/candidates/{lena}/erase", json={})) == (409, "legal-hold-stands")
    assert problem(client.post(f"{path}/case-8/lift", json={})) == (409, "legal-hold-is-not-set")
    post(f"{path}/case-7/lift")
    assert erase(client, lena)["state"] == "completed"


def test_a_restriction_stops_sends(client: httpx.Client, post: Post, lena: UUID) -> None:
    path = f"/v1/candidates/{lena}"
    send = {"kind": "email-sent"}
    post(f"/v1/candidates/{lena}/sends", **send)
    post(f"{path}/restrict", ground="accuracy-contested")
    assert problem(client.post(f"/v1/candidates/{lena}/sends", json=send)) == (409, "processing-is-restricted")
    post(f"{path}/unrestrict")
    post(f"/v1/candidates/{lena}/sends", **send)
    assert problem(client.post(f"{path}/unrestrict", json={})) == (409, "processing-is-not-restricted")


@pytest.mark.parametrize("role", [Role.RECRUITER, Role.ANALYST, Role.AUDITOR, Role.ADMIN])
def test_only_who_may_erases_holds_and_restricts(client_as: ClientAs, lena: UUID, role: Role) -> None:
    mine = client_as(role)
    for path, body in (
        ("erase", {}),
        ("legal-holds", {"matter": "case-7"}),
        ("legal-holds/case-7/lift", {}),
        ("restrict", {"ground": "objection"}),
        ("unrestrict", {}),
    ):
        assert problem(mine.post(f"/v1/candidates/{lena}/{path}", json=body)) == (403, "role-may-not")
    assert problem(mine.get(f"/v1/erasures/{lena}")) == (403, "role-may-not")


def test_the_feed_of_changes_goes_on_through_an_erasure(client: httpx.Client, post: Post, lena: UUID) -> None:
    answer = erase(client, lena)
    last = post("/v1/candidates", source="import", name="Nora Blum")["position"]
    leaks: list[str] = []
    with client.stream("GET", "/v1/changes", params={"from_position": 0}) as stream:
        for line in stream.iter_lines():
            leaks.append(line)
            if line == f"id: {last}":
                break
    assert "event: erasure-requested.v1" in leaks
    assert any(answer["request"] in line for line in leaks)
    assert "anary" not in "".join(leaks)


def waits(services: Services, person: UUID) -> None:
    """The person's erasure is asked for and has to wait; none of the keys is destroyed."""

    def wait(*_: object) -> int:
        raise EraserMustWait("uploads", "an import is at work")

    before = (*services.erasing.before, Eraser("uploads", wait))
    erasing = replace(services.erasing, before=before)
    assert erasing.erase(person, by="self", ground="art-17", actor="user:priya").state == "in-progress"


PERSONAL = ("Lena Canary", "lena@canary.org", "Canary breeding", "sings like a canary", "L. Canary", "a canary too",
        "canary card", "a fellow canary", "canary-1")  # fmt: skip


def opened_by(client: httpx.Client, pages: list[str]) -> dict[str, set[str]]:
    """Return the personal texts that each page shows, without the pages that show none."""
    leaks = {}
    for page in pages:
        answer = client.request("POST" if page.endswith("/subject-access-report") else "GET", page)
        assert answer.status_code == 200, (page, answer.text)
        leaks[page] = {value for value in PERSONAL if value in answer.text}
    return {page: values for page, values in leaks.items() if values}


def test_while_an_erasure_waits_no_page_shows_the_person(
    client: httpx.Client, post: Post, lena: UUID, services: Services, fold: Fold, database: str, settings: Settings
) -> None:
    path = f"/v1/candidates/{lena}"
    other = post("/v1/candidates", source="import", name="L. Canary")["stream"]
    post(f"{path}/merge", absorbed=other, evidence=["stated"], reason="a canary too")
    consent = post(f"{path}/consents", purpose="events", channels=["email"], evidence="canary card")
    given = consent["events"][0]["id"]
    referred = post("/v1/referrals", referrer=str(lena), name="Bo", referrer_words="a fellow canary")["stream"]
    job = post("/v1/requisitions", role="gardener")["stream"]
    application = post("/v1/applications", candidate=str(lena), requisition=job, outside_id="canary-1")
    applied, submitted = application["stream"], application["events"][0]["id"]
    fold()
    assert client.get("/v1/candidates", params={"q": "canary"}).json()["people"]
    with bootstrap.sequencer(database, settings) as sequencer:
        sequencer.catch_up()
    pages = [
        *(f"/v1/candidates/{record}{page}" for record in (lena, other) for page in ("", "/timeline", "/consents")),
        f"/v1/candidates/{referred}/timeline", f"/v1/applications/{applied}", f"/v1/events/{submitted}/content",
        f"/v1/events/{given}/content", f"/v1/consents/{given}/receipt", f"/v1/consents/{given}/receipt.html",
        f"/v1/candidates?min_position={fold()}", "/v1/duplicates", "/v1/audit/accesses",
    ]  # fmt: skip
    before = opened_by(client, pages)
    assert set().union(*before.values()) == set(PERSONAL)
    assert len(before) > 8, before.keys()
    waits(services, UUID(other))
    assert opened_by(client, pages) == {}
    assert client.get(path).json()["erased"] is True

    fold()
    taken = client.post(f"{path}/subject-access-report").json()
    assert taken["profile"]["name"] == "L. Canary", "the person's own export tells what is still held"
    assert [event["data"]["outside_id"] for event in taken["named_in"] if event["stream"] == applied] == ["canary-1"]
    assert services.erasing.carry_out(lena).state == "completed"
    fold()
    assert opened_by(client, [f"{path}/subject-access-report"]) == {}


def test_the_directory_forgets_whom_it_still_holds_as_soon_as_the_erasure_is_asked_for(
    client: httpx.Client, lena: UUID, services: Services, fold: Fold
) -> None:
    fold()
    waits(services, lena)
    search = client.get("/v1/candidates", params={"q": "canary"})
    assert search.json()["people"] == []
    assert "anary" not in client.get("/v1/audit/accesses", params={"min_position": fold()}).text
