"""A subject access report has all data about a person and none about others, and it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from adapters import bootstrap
from adapters.access.policy import Role
from adapters.access.principal import OF_OURS
from adapters.exports import subject_access
from adapters.postgres.log.event_log import EventLog
from adapters.settings import Settings
from adapters.web.services import Services
from queries.retention import Sought
from queries.subject_access import source_of
from tests.adapters.intake.integrations.bodies import ROSA, application, delivery, signed
from tests.adapters.web.conftest import SECRETS, ClientAs, Post, problem

HOSTILE = "<script>document.title = 'taken over'</script>"
WORDS = "we were at school together"


def of(client: httpx.Client, candidate: UUID | str) -> dict[str, Any]:
    answer = client.post(f"/v1/candidates/{candidate}/subject-access-report")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def data_of(report: dict[str, Any], kind: str, where: str = "events") -> list[dict[str, Any]]:
    return [event["data"] for event in report[where] if event["type"] == kind]


def test_everything_of_every_record_is_in_it(
    client: httpx.Client, post: Post, candidate: UUID, fold: Callable[[], int], services: Services
) -> None:
    path = f"/v1/candidates/{candidate}"
    post(f"{path}/profile-facts", fact="skill", value="pruning", learned_from="interview")
    post(f"{path}/touchpoints", kind="call-received", note="asked about roses")
    post(f"{path}/consents", purpose="talent_pool", channels=["email"], notice="n", notice_version="1",
         jurisdiction="fr", evidence="form 7")  # fmt: skip
    other = post("/v1/candidates", source="fair", name="Ines P.", emails=["ines@example.org"])["stream"]
    post(f"{path}/merge", absorbed=other, evidence=["same-name"])
    job = post("/v1/requisitions", title="Gardener", role="gardener")["stream"]
    applied = post("/v1/applications", candidate=str(candidate), requisition=job, outside_id="A-1")["stream"]
    client.get(path)
    fold()
    report = of(client, other)
    assert (report["candidate"], set(report["records"])) == (str(candidate), {str(candidate), other})
    assert report["profile"]["name"] == "Ines P.", "the newest word of two that are trusted alike"
    assert data_of(report, "touchpoint-recorded.v1")[0]["note"] == "asked about roses"
    assert data_of(report, "consent-given.v1")[0]["evidence"] == "form 7"
    assert {event["data"]["name"] for event in report["events"] if "name" in event["data"]} == {"Ines Prado", "Ines P."}
    assert [(event["stream"], event["data"]["outside_id"]) for event in report["named_in"]] == [(applied, "A-1")]
    assert report["events"][0]["means"].startswith("We found this person")
    assert {event["told_by"] for event in report["events"]} == {"one of us"}, "colleagues are not named"
    assert {source_of(f"{kind}:ana", OF_OURS) for kind in ("user", "operator", "oidc")} == {"one of us"}
    assert [(permission["purpose"], permission["status"]) for permission in report["permissions"]] == [
        ("talent_pool", "given")
    ]
    assert [access["page"] for access in report["seen"]] == ["profile"]
    kept = report["kept_until"]
    assert (kept["jurisdiction"], kept["months"]) == ("fr", 24)
    assert kept["ends_on"][:4] == str(services.now().year + 2)
    assert len(report["places"]) > 5


def test_how_long_they_are_kept_is_counted_as_retention_counts(
    client: httpx.Client, post: Post, fold: Callable[[], int], services: Services, log: EventLog, settings: Settings
) -> None:
    came, called, applied = (datetime(year, 2, 28, 12, tzinfo=UTC).isoformat() for year in (2020, 2021, 2022))
    person = post("/v1/candidates", source="fair", occurred_at=came, name="Nora Blum")["stream"]
    post(f"/v1/candidates/{person}/touchpoints", kind="call-received", occurred_at=called)
    job = post("/v1/requisitions", role="gardener", occurred_at=came)["stream"]
    post("/v1/applications", candidate=person, requisition=job, occurred_at=applied)
    fold()
    (listed,) = bootstrap.overdue(log, settings).page(None, Sought(candidate=UUID(person))).people
    kept = of(client, person)["kept_until"]
    assert (kept["ends_on"], kept["counted_from"][:10]) == (str(listed.ends_on), "2022-02-28")


def test_other_peoples_words_are_left_out_and_the_persons_own_are_in(
    client: httpx.Client, post: Post, candidate: UUID, fold: Callable[[], int]
) -> None:
    referred = post("/v1/referrals", referrer=str(candidate), name="Bo Bystander", referrer_words=WORDS)["stream"]
    fold()
    bo = of(client, referred)
    (entry,) = bo["events"]
    assert set(entry["withheld"]) == {"referrer_name", "referrer_words"}
    assert entry["data"]["name"] == "Bo Bystander"
    assert WORDS not in str(bo)
    fold()
    ines = of(client, candidate)
    (named,) = ines["named_in"]
    assert named["data"]["referrer_words"] == WORDS
    assert "Bystander" not in str(ines)
    assert {"name", "emails", "phones"} <= set(named["withheld"])


def test_what_other_systems_sent_is_opened(client: httpx.Client, services: Services, fold: Callable[[], int]) -> None:
    body = delivery("new_candidate_application", application=application(candidate=ROSA))
    assert (
        client.post("/v1/inbound/greenhouse", content=body, headers=signed(body, SECRETS[0], "e1")).status_code == 200
    )
    fold()
    rosa = services.key_file.stream_of("greenhouse", "candidate", "501")
    report = of(client, rosa)
    (sent,) = report["deliveries"]
    assert (sent["source"], sent["delivery_id"], sent["body"]) == ("greenhouse", "e1", body.decode())
    assert {event["told_by"] for event in report["events"]} == {"integration:greenhouse"}


def test_it_is_recorded_as_an_export_before_it_is_answered(
    client: httpx.Client, candidate: UUID, fold: Callable[[], int]
) -> None:
    fold()
    first = of(client, candidate)
    fold()
    (seen,) = of(client, candidate)["seen"]
    assert (seen["kind"], seen["page"], seen["export"]) == ("exported", "subject-access", first["export"])
    assert "personal" in seen["holds"]


def test_after_an_erasure_it_tells_what_is_left_and_the_erasure_names_the_export(
    client: httpx.Client, post: Post, candidate: UUID, fold: Callable[[], int]
) -> None:
    fold()
    export = of(client, candidate)["export"]
    erasure = client.post(f"/v1/candidates/{candidate}/erase", json={}).json()
    assert [(export["export"], export["page"]) for export in erasure["exports"]] == [(export, "subject-access")]
    fold()
    report = of(client, candidate)
    assert (report["profile"]["name"], report["profile"]["erased"]) == (None, True)
    assert report["events"][0]["erased"]
    assert "Ines" not in str(report)


def test_the_page_says_the_same_and_runs_nothing(
    client: httpx.Client, post: Post, candidate: UUID, fold: Callable[[], int]
) -> None:
    post(f"/v1/candidates/{candidate}/touchpoints", kind="call-received", note=HOSTILE)
    fold()
    page = client.post(f"/v1/candidates/{candidate}/subject-access-report.html")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Ines Prado" in page.text
    assert "[&#34;" not in page.text, "lists are spelled as people do"
    assert HOSTILE not in page.text
    assert "&lt;script&gt;" in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for outside in ("http://", "https://", "src="):
        assert outside not in page.text.replace("https://w3id.org", "")


def test_only_who_may_export_gets_it(client: httpx.Client, client_as: ClientAs, candidate: UUID) -> None:
    for role in Role:
        if role in (Role.PRIVACY_OFFICER, Role.INTEGRATION):
            continue
        answer = client_as(role).post(f"/v1/candidates/{candidate}/subject-access-report")
        assert problem(answer) == (403, "role-may-not"), role
    assert problem(client.post(f"/v1/candidates/{uuid4()}/subject-access-report")) == (404, "candidate-does-not-exist")


def test_before_everything_was_folded_it_has_to_be_waited_for(
    client: httpx.Client, candidate: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject_access, "PATIENCE_SECONDS", 0.1)
    answer = client.post(f"/v1/candidates/{candidate}/subject-access-report")
    assert problem(answer) == (504, "read-model-is-behind")


def test_nothing_is_given_out_that_cannot_be_recorded(
    client: httpx.Client, candidate: UUID, fold: Callable[[], int], database: str
) -> None:
    fold()
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("revoke insert on event from perennial_service")
    answer = client.post(f"/v1/candidates/{candidate}/subject-access-report")
    assert answer.status_code >= 500
    assert "Ines" not in answer.text
