"""An integration writes about records of its own source and in its own name; other records do not exist for it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.access.policy import Role
from adapters.postgres.log.event_log import EventLog
from adapters.web.services import Services
from tests.adapters.web.conftest import ClientAs, Post, bearing, key_of, problem

BULK = "/v1/touchpoints/bulk"


@pytest.fixture
def acorn(client_as: ClientAs) -> httpx.Client:
    return client_as(Role.INTEGRATION, source="acorn")


@pytest.fixture
def foreign(post: Post) -> str:
    """Return the stream of a candidate of another source."""
    return str(post("/v1/candidates", source="oak", outside_source="oak", outside_id="1", name="Nora Blum")["stream"])


def about(path: str, who: str, **body: Any) -> tuple[str, dict[str, Any]]:
    return path.format(candidate=who), {name: who if value == "{candidate}" else value for name, value in body.items()}


WRITES: list[tuple[str, dict[str, Any]]] = [
    ("/v1/candidates/{candidate}/touchpoints", {"kind": "call-answered"}),
    ("/v1/candidates/{candidate}/sends", {"kind": "email-sent"}),
    ("/v1/candidates/{candidate}/profile-facts", {"fact": "skill", "value": "roses", "learned_from": "acorn"}),
    ("/v1/candidates/{candidate}/segments/complete", {"role": "gardener"}),
    ("/v1/applications", {"candidate": "{candidate}", "requisition": str(UUID(int=5))}),
    ("/v1/prospects", {"candidate": "{candidate}"}),
    ("/v1/candidates/{candidate}/merge", {"absorbed": str(UUID(int=6)), "evidence": ["same-email"]}),
]


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_what_is_foreign_is_answered_as_what_is_missing(
    acorn: httpx.Client, foreign: str, path: str, body: dict[str, Any]
) -> None:
    missing = str(uuid4())
    (url, answer), (other_url, other) = about(path, foreign, **body), about(path, missing, **body)
    refused, unknown = acorn.post(url, json=answer), acorn.post(other_url, json=other)
    assert refused.status_code == unknown.status_code == 404
    assert refused.text.replace(foreign, missing) == unknown.text
    assert set(refused.headers) == set(unknown.headers)


def test_a_completion_that_names_no_source_states_none(acorn: httpx.Client, client: httpx.Client, post: Post) -> None:
    candidate = post("/v1/candidates", outside_source="acorn", outside_id="9", name="Nora Blum")["stream"]
    path = f"/v1/candidates/{candidate}/segments/complete"
    assert acorn.post(path, json={"role": "gardener"}).is_success
    assert client.get(f"/v1/candidates/{candidate}").json()["source"] == "unknown"
    assert problem(acorn.post(path, json={"source": "fair"}))[1] == "source-is-not-yours"
    assert acorn.post(path, json={"source": "acorn"}).is_success
    assert client.get(f"/v1/candidates/{candidate}").json()["source"] == "acorn"


def test_what_it_made_and_what_came_from_its_source_are_its_own(
    acorn: httpx.Client, client: httpx.Client, post: Post
) -> None:
    made = acorn.post("/v1/candidates", json={"name": "Zoe Sahin"}).json()["stream"]
    sourced = post("/v1/candidates", source="acorn", name="Nora Blum")["stream"]
    known_outside = post("/v1/candidates", source="fair", outside_source="acorn", outside_id="9", name="Nora Blum")[
        "stream"
    ]
    for candidate in (made, sourced, known_outside):
        answer = acorn.post(f"/v1/candidates/{candidate}/touchpoints", json={"kind": "call-answered"})
        assert answer.status_code == 201, answer.text
        events = client.get(f"/v1/candidates/{candidate}/timeline").json()["events"]
        assert events[-1]["data"]["reported_by"] == "acorn"
        assert events[-1]["actor"] == "integration:acorn"
    entry = client.get(f"/v1/candidates/{made}/timeline").json()["events"][0]["data"]
    assert (entry["source"], entry["outside_source"]) == ("acorn", "acorn")


@pytest.mark.parametrize(
    ("path", "field", "body"),
    [
        ("/v1/candidates", "source", {"source": "oak"}),
        ("/v1/candidates", "outside_source", {"outside_source": "oak"}),
        ("/v1/requisitions", "source", {"role": "gardener", "source": "oak"}),
        ("/v1/candidates/{candidate}/touchpoints", "reported_by", {"kind": "call-answered", "reported_by": "oak"}),
        (
            "/v1/candidates/{candidate}/profile-facts",
            "learned_from",
            {"fact": "skill", "value": "roses", "learned_from": "self"},
        ),
    ],
)
def test_it_speaks_in_its_own_name_alone(
    acorn: httpx.Client, log: EventLog, path: str, field: str, body: dict[str, Any]
) -> None:
    own = acorn.post("/v1/candidates", json={"name": "Nora Blum"}).json()["stream"]
    head = log.recorder.barrier.head()
    answer = acorn.post(path.format(candidate=own), json=body)
    assert problem(answer) == (403, "source-is-not-yours")
    assert answer.json()["where"] == field
    assert log.recorder.barrier.head() == head


def test_a_job_may_be_named_in_passing_but_none_of_its_openings(acorn: httpx.Client, post: Post) -> None:
    own = acorn.post("/v1/candidates", json={"name": "Nora Blum"}).json()["stream"]
    job = post("/v1/requisitions", role="gardener")["stream"]
    opening = post(f"/v1/requisitions/{job}/openings")["ids"]["opening"]
    applied = acorn.post("/v1/applications", json={"candidate": own, "requisition": job})
    assert applied.status_code == 201, applied.text
    application = applied.json()["stream"]
    hire = f"/v1/applications/{application}/hire"
    taken = acorn.post(hire, json={"requisition": job, "opening": opening})
    assert problem(taken)[0] == 404
    assert problem(acorn.post(f"/v1/requisitions/{job}/hold", json={"reason": "budget"})) == (
        404,
        "requisition-does-not-exist",
    )


def test_a_record_that_is_its_own_is_decided_with_all_of_its_person(
    acorn: httpx.Client, post: Post, foreign: str
) -> None:
    own = acorn.post("/v1/candidates", json={"name": "Nora Blum"}).json()["stream"]
    consent = {"purpose": "talent_pool", "channels": ["email"], "notice": "privacy", "notice_version": "3"}
    for record in (own, foreign):
        post(f"/v1/candidates/{record}/consents", **consent)
    send, email = f"/v1/candidates/{own}/sends", {"kind": "email-sent"}
    assert acorn.post(send, json=email).status_code == 201
    post(f"/v1/candidates/{own}/merge", absorbed=foreign, evidence=["same-email"])
    assert acorn.post(send, json=email).status_code == 201
    post(f"/v1/candidates/{own}/unmerge", absorbed=str(foreign))
    post(f"/v1/candidates/{foreign}/consents/talent_pool/withdraw", method="reply")
    post(f"/v1/candidates/{own}/merge", absorbed=foreign, evidence=["same-email"])
    assert problem(acorn.post(send, json=email))[0] == 409
    assert problem(acorn.post(f"/v1/candidates/{foreign}/sends", json=email)) == (404, "candidate-does-not-exist")


@pytest.mark.parametrize("mode", ["each", "all"])
def test_in_bulk_each_touchpoint_is_looked_at(acorn: httpx.Client, foreign: str, mode: str) -> None:
    own, missing = acorn.post("/v1/candidates", json={"name": "Nora Blum"}).json()["stream"], str(uuid4())
    touchpoints = [{"candidate": who, "kind": "call-answered"} for who in (own, foreign, missing)]
    touchpoints.append({"candidate": own, "kind": "call-answered", "reported_by": "oak"})
    answer = acorn.post(BULK, json={"touchpoints": touchpoints, "mode": mode})
    if mode == "all":
        assert problem(answer) == (409, "touchpoints-were-refused")
        named = {error["where"]: error["message"] for error in answer.json()["errors"]}
        assert set(named) == {"touchpoints.1.candidate", "touchpoints.2.candidate", "touchpoints.3.reported_by"}
        assert named["touchpoints.1.candidate"].replace(foreign, missing) == named["touchpoints.2.candidate"]
        return
    outcomes = answer.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 404, 404, 403]
    of_foreign, other = (outcomes[number]["problem"] for number in (1, 2))
    assert {**of_foreign, "instance": "", "detail": of_foreign["detail"].replace(foreign, missing)} == {
        **other,
        "instance": "",
    }


def test_an_id_that_is_taken_is_refused_without_further_details(
    acorn: httpx.Client, client: httpx.Client, post: Post, foreign: str
) -> None:
    gone = post("/v1/candidates", source="oak", name="Zoe Sahin")["stream"]
    assert client.post(f"/v1/candidates/{gone}/erase", json={}).json()["state"] == "completed"
    answers = {
        acorn.post("/v1/candidates", json={"candidate": taken, "name": "Nora Blum"}, headers=headers).text
        for taken in (foreign, gone)
        for headers in ({}, {"If-Match": '"7"'})
    }
    assert len(answers) == 1
    assert problem(acorn.post("/v1/candidates", json={"candidate": gone, "name": "Nora Blum"})) == (409, "id-is-taken")


def test_what_others_know_by_an_id_of_its_choice_is_nothing_to_it(acorn: httpx.Client, foreign: str) -> None:
    outside = {"outside_source": "oak", "outside_id": "1"}
    answers = {acorn.post("/v1/candidates", json={**outside, "outside_id": name}).text for name in ("1", "missing")}
    assert len(answers) == 1
    assert "source-is-not-yours" in answers.pop()
    own = [acorn.post("/v1/candidates", json={"outside_id": "1"}) for _ in range(2)]
    assert own[0].json()["stream"] != foreign
    assert problem(own[1]) == (409, "candidate-exists-already")


def test_an_application_of_others_is_taken_too(acorn: httpx.Client, post: Post, foreign: str) -> None:
    own = acorn.post("/v1/candidates", json={"name": "Nora Blum"}).json()["stream"]
    job = post("/v1/requisitions", role="gardener")["stream"]
    prospects = [post("/v1/prospects", candidate=who)["stream"] for who in (own, foreign)]
    for application in prospects:
        applied = acorn.post(
            "/v1/applications", json={"application": application, "candidate": own, "requisition": job}
        )
        assert problem(applied) == (409, "id-is-taken")


def test_an_integration_cannot_name_a_foreign_referrer(
    acorn: httpx.Client, client: httpx.Client, post: Post, foreign: str
) -> None:
    gone = post("/v1/candidates", source="oak", name="Zoe Sahin")["stream"]
    assert client.post(f"/v1/candidates/{gone}/erase", json={}).json()["state"] == "completed"
    values = {"name": "Bo", "referrer_words": "the best of gardeners", "source": "acorn"}
    refused = [acorn.post("/v1/referrals", json={**values, "referrer": who}) for who in (foreign, gone, str(uuid4()))]
    assert len({answer.text for answer in refused}) == 1
    assert problem(refused[0]) == (403, "person-is-not-yours")
    own = acorn.post("/v1/candidates", json={"name": "Nora Blum"}).json()["stream"]
    assert acorn.post("/v1/referrals", json={**values, "referrer": own}).status_code == 201


def test_an_import_is_there_for_its_uploader_and_for_those_who_answer_for_all(
    client: httpx.Client, services: Services
) -> None:
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "k-1"}
    parameters: dict[str, Any] = {
        "params": {"kind": "candidates", "system": "old-crm"},
        "content": b"candidate,name\n1,Zoe\n",
    }
    both = frozenset({Role.RECRUITER, Role.PRIVACY_OFFICER})
    ana, ben, officer = (
        bearing(key_of(services, *roles, name=name))
        for name, roles in (("ana", {Role.RECRUITER}), ("ben", {Role.RECRUITER}), ("carl", both))
    )
    uploaded = client.post("/v1/imports", headers={**headers, **ana}, **parameters).json()["id"]
    for method, path in (("GET", f"/v1/imports/{uploaded}"), ("POST", f"/v1/imports/{uploaded}/rejected-lines")):
        assert problem(client.request(method, path, headers=ben)) == (404, "import-does-not-exist")
    assert problem(client.delete(f"/v1/imports/{uploaded}", headers=ben)) == (404, "import-does-not-exist")
    assert client.get("/v1/imports", headers=ben).json()["imports"] == []
    for who in (ana, officer):
        assert client.get(f"/v1/imports/{uploaded}", headers=who).json()["id"] == uploaded
        assert [upload["id"] for upload in client.get("/v1/imports", headers=who).json()["imports"]] == [uploaded]
    assert client.post("/v1/imports", headers={**headers, **ben}, **parameters).json()["id"] != uploaded


def test_an_integration_follows_its_own_alone(acorn: httpx.Client, post: Post, foreign: str) -> None:
    own = acorn.post("/v1/candidates", json={"name": "Nora Blum"}).json()["stream"]
    sourced = post("/v1/candidates", source="acorn", name="Nora Blum")["stream"]
    for candidate in (own, sourced, foreign):
        last = post(f"/v1/candidates/{candidate}/touchpoints", kind="call-answered")["position"]
    lines, settled = [], f": settled {last}"
    with acorn.stream("GET", "/v1/changes") as stream:
        for line in stream.iter_lines():
            lines += [line] if line.startswith("data: ") else []
            if line == settled:
                break
    assert [json.loads(line[6:])["stream"] for line in lines] == [own, sourced, own, sourced]
    assert foreign not in "".join(lines)
