"""Deliveries that were not applied are listed with their reasons and ages, and with nothing of what was in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from adapters.access.policy import Role
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.keys.key_file import KeyFile
from tests.adapters.intake.integrations.bodies import MERGED, NEW, ROSA, UNREJECTED, delivery, offer, signed
from tests.adapters.web.conftest import SECRETS, ClientAs, Post, problem

GREENHOUSE = INTEGRATIONS["greenhouse"].name
DRAFT = delivery("job_created", job={"id": 78, "name": "Rosa's Gardener", "status": "draft"})
NOT_SENT = offer("offer_created", "Created", None)
PERSONAL = ("Rosa", "Lind", "lind.example", "Gardener", "Trial")
Deliver = Callable[..., dict[str, Any]]


@pytest.fixture
def deliver(client: httpx.Client) -> Deliver:
    def deliver(body: bytes, event: str) -> dict[str, Any]:
        answer = client.post("/v1/inbound/greenhouse", content=body, headers=signed(body, SECRETS[0], event))
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    return deliver


@pytest.fixture
def rosa(key_file: KeyFile) -> str:
    return str(key_file.stream_of(GREENHOUSE, "candidate", "501"))


def listed(client: httpx.Client, **parameters: object) -> dict[str, Any]:
    answer = client.get("/v1/deliveries", params={name: str(value) for name, value in parameters.items()})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_what_was_not_applied_is_listed_the_oldest_first_with_reason_and_age(
    client: httpx.Client, deliver: Deliver, rosa: str, key_file: KeyFile
) -> None:
    for number, body in enumerate((NEW, UNREJECTED, DRAFT, delivery("interview_deleted"))):
        deliver(body, f"e{number}")
    page = listed(client)
    assert [(delivery["id"], delivery["state"], delivery["reason"]) for delivery in page["deliveries"]] == [
        ("e1", "waiting", "application-is-not-rejected"),
        ("e2", "kept", "job-is-a-draft"),
        ("e3", "kept", "not-part-of-a-history"),
    ]
    application_ = str(key_file.stream_of(GREENHOUSE, "application", "9001"))
    first, second, third = page["deliveries"]
    assert (first["record"], first["subject"], first["waits_for"]) == (rosa, application_, application_)
    assert second["record"] == str(key_file.stream_of(GREENHOUSE, "requisition", "78"))
    assert (third["record"], third["subject"], third["waits_for"]) == (None, None, None), (
        "nothing says what it is about"
    )
    for line in page["deliveries"]:
        assert 0 <= line["age_seconds"] < 3600
        assert line["detail"].endswith(".")
        assert line["what_to_do"].endswith(".")
        assert (line["integration"], "{" in line["what_to_do"]) == (GREENHOUSE, False)
    assert {(reason["reason"], reason["n"]) for reason in page["reasons"]} == {
        (delivery["reason"], 1) for delivery in page["deliveries"]
    }
    assert (page["exact"], page["next"]) == (True, None)


def test_what_a_rule_refused_is_refused(client: httpx.Client, deliver: Deliver, post: Post, rosa: str) -> None:
    deliver(NEW, "e1")
    body = delivery("update_candidate", candidate=ROSA | {"title": "x" * 20_001})
    kept = deliver(body, "e2")
    assert (kept["outcome"], kept["reason"]) == ("kept", "text-is-too-long")
    (listed_delivery,) = listed(client, state="refused")["deliveries"]
    assert (listed_delivery["id"], listed_delivery["reason"], listed_delivery["record"]) == (
        "e2",
        "text-is-too-long",
        rosa,
    )
    assert "/problems/text-is-too-long" in listed_delivery["what_to_do"]
    assert listed(client, state="kept")["deliveries"] == []


@pytest.mark.parametrize("value", PERSONAL)
def test_the_list_has_no_personal_value(client: httpx.Client, deliver: Deliver, value: str) -> None:
    for number, body in enumerate((UNREJECTED, DRAFT, NOT_SENT, MERGED, NEW)):
        deliver(body, f"e{number}")
    deliver(UNREJECTED + b" ", "Rosa Lind <rosa@lind.example>")  # a repetition, kept nowhere
    deliver(delivery("interview_deleted", note="Rosa"), "Rosa Lind <rosa@lind.example>")
    answer = client.get("/v1/deliveries")
    assert len(answer.json()["deliveries"]) >= 4
    assert value not in answer.text
    assert [delivery["id"] for delivery in answer.json()["deliveries"]][-1] is None, "what is no id is not shown"


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ({"state": "waiting"}, ["e1"]),
        ({"state": "kept"}, ["e2", "e3"]),
        ({"action": "job_created"}, ["e2"]),
        ({"integration": "greenhouse"}, ["e1", "e2", "e3"]),
        ({"integration": "lever"}, []),
        ({"state": "waiting", "action": "job_created"}, []),
    ],
)
def test_the_list_is_narrowed(
    client: httpx.Client, deliver: Deliver, parameters: dict[str, str], ids: list[str]
) -> None:
    for number, body in enumerate((NEW, UNREJECTED, DRAFT, delivery("interview_deleted"))):
        deliver(body, f"e{number}")
    page = listed(client, **parameters)
    assert [delivery["id"] for delivery in page["deliveries"]] == ids
    assert sum(reason["n"] for reason in page["reasons"]) == len(ids)


def test_older_ones_are_asked_for_by_the_time_before_which_they_came(
    client: httpx.Client, deliver: Deliver, database: str
) -> None:
    deliver(DRAFT, "old")
    deliver(delivery("interview_deleted"), "new")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("update delivery set received_at = received_at - interval '8 days' where delivery_id = 'old'")
    (listed_delivery,) = listed(client, received_before=(datetime.now(UTC) - timedelta(days=7)).isoformat())[
        "deliveries"
    ]
    assert (listed_delivery["id"], listed_delivery["age_seconds"] // 86_400) == ("old", 8)
    assert problem(client.get("/v1/deliveries", params={"received_before": "yesterday"}))[0] == 422


def test_pages_lead_on_to_the_end_though_many_came_at_one_moment(
    client: httpx.Client, deliver: Deliver, database: str
) -> None:
    for number in range(7):
        deliver(delivery("interview_deleted", number=number), f"e{number}")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("update delivery set received_at = '2026-05-04T09:30:00.000001Z' where delivery_id <> 'e6'")
    ids: list[str] = []
    parameters: dict[str, object] = {"limit": 2}
    while True:
        page = listed(client, **parameters)
        ids += [delivery["id"] for delivery in page["deliveries"]]
        assert page["reasons"] == [{"state": "kept", "reason": "not-part-of-a-history", "n": 7}]
        if page["next"] is None:
            break
        parameters["cursor"] = page["next"]
    assert ids == [f"e{number}" for number in range(7)]
    other = client.get("/v1/deliveries", params={"cursor": str(parameters["cursor"]), "state": "kept"})
    assert problem(other) == (422, "cursor-cannot-be-read")


def test_of_an_erased_person_nothing_is_shown_from_the_request_on(
    client: httpx.Client, deliver: Deliver, post: Post, rosa: str, database: str
) -> None:
    deliver(NEW, "e1")
    deliver(UNREJECTED, "e2")
    assert listed(client)["deliveries"][0]["record"] == rosa
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("create function hold_back() returns trigger language plpgsql as 'begin return null; end'")
        owner.execute("create trigger hold_back before update on delivery for each row execute function hold_back()")
    post(f"/v1/candidates/{rosa}/erase")
    (early,) = listed(client)["deliveries"]
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("drop trigger hold_back on delivery")
        owner.execute("select erase_deliveries(%s)", (UUID(rosa),))
    (late,) = listed(client)["deliveries"]
    for record in (early, late):
        assert (record["state"], record["reason"], record["record"], record["subject"], record["waits_for"]) == (
            "kept", "erased", None, None, None,
        )  # fmt: skip


def test_who_may_not_read_pseudonyms_sees_codes_alone_and_who_sees_records_leaves_a_trace(
    client_as: ClientAs, deliver: Deliver, rosa: str, client: httpx.Client, fold: Callable[[], int]
) -> None:
    deliver(NEW, "e1")
    deliver(UNREJECTED, "e2")
    (delivery,) = listed(client_as(Role.ADMIN))["deliveries"]
    assert (delivery["reason"], delivery["record"], delivery["subject"], delivery["waits_for"]) == (
        "application-is-not-rejected", None, None, None,
    )  # fmt: skip
    (delivery,) = listed(client_as(Role.PRIVACY_OFFICER))["deliveries"]
    assert delivery["record"] == rosa
    assert problem(client_as(Role.RECRUITER).get("/v1/deliveries")) == (403, "role-may-not")
    fold()
    seen = client.get("/v1/audit/accesses", params={"candidate": rosa}).json()["accesses"]
    assert [(look["reader"], look["page"]) for look in seen] == [("user:one-privacy-officer", "deliveries")]


def test_counts_are_bounded_and_say_so(client: httpx.Client, deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        deliver(delivery("interview_deleted", number=number), f"e{number}")
    monkeypatch.setattr("queries.deliveries.MOST_COUNTED", 2)
    page = listed(client)
    assert (page["exact"], page["reasons"][0]["n"], len(page["deliveries"])) == (False, 2, 3)
