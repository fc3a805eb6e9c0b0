"""Whatever Greenhouse sends, in whatever order and however often: the same people, jobs and hires."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from adapters.bootstrap import VERB_OF
from adapters.intake.integrations.inbound import (
    DeliveryCannotBeRead,
    Inbox,
    IntegrationHasNoSecret,
    Received,
    SignatureIsWrong,
)
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from domain.candidate import CandidateSourced, ProfileFactLearned
from domain.event import Event, Recorded
from domain.requisition import REQUISITION, OpeningFilled
from tests.adapters.intake.integrations.bodies import (
    HIRED,
    JOB,
    JOB_CREATED,
    NEW,
    PROSPECT,
    REJECTED,
    ROSA,
    SEATS,
    SECRET,
    STAGE,
    application,
    delivery,
    signed,
)

GREENHOUSE = INTEGRATIONS["greenhouse"]
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
Receive = Callable[..., Received]


@pytest.fixture
def inbox(log: EventLog, key_file: KeyFile) -> Inbox:
    return Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("Europe/Stockholm"))


@pytest.fixture
def receive(inbox: Inbox) -> Receive:
    def receive(body: bytes, event: str | None = None) -> Received:
        return inbox.receive(GREENHOUSE, [SECRET], signed(body, event=event), body, NOW)

    return receive


@pytest.fixture
def stream(key_file: KeyFile) -> Callable[[str, object], UUID]:
    return lambda kind, outside_id: key_file.stream_of("greenhouse", kind, str(outside_id))


def rows(database: str, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def kinds(log: EventLog, *streams: UUID) -> Counter[str]:
    return Counter(recorded.event.stored_name for stream in streams for recorded in log.history(stream))


def only(log: EventLog, stream: UUID, kind: type[Event]) -> Recorded[Any]:
    (only_one,) = [recorded for recorded in log.history(stream) if isinstance(recorded.event, kind)]
    return only_one


@pytest.mark.parametrize("order", list(itertools.permutations((JOB_CREATED, NEW, STAGE, HIRED))))
def test_in_any_order_there_is_one_person_one_job_and_one_hire(
    log: EventLog, receive: Receive, stream: Callable[[str, object], UUID], order: tuple[bytes, ...]
) -> None:
    for body in (*order, *order):
        assert receive(body, None).outcome in ("applied", "duplicate")
    counts = kinds(log, stream("candidate", 501), stream("requisition", 77), stream("application", 9001))
    stages = counts.pop("stage-entered.v1")
    assert counts.pop("profile-fact-learned.v1") >= 2
    assert counts == {
        "candidate-sourced.v1": 1,
        "requisition-opened.v1": 1,
        "opening-opened.v1": 2,
        "application-submitted.v1": 1,
        "offer-accepted.v1": 1,
        "candidate-hired.v1": 1,
        "opening-filled.v1": 1,
    }
    assert stages == 2
    filled = only(log, stream("requisition", 77), OpeningFilled)
    assert filled.event.opening == stream("opening", "77/G-2")
    assert filled.occurred_at == datetime(2026, 3, 2, 11, tzinfo=UTC)  # noon in Stockholm
    assert filled.occurred_how == "derived.offer.resolved_at"


def test_a_person_is_read_with_segments_contacts_and_how_we_know_when(
    log: EventLog, receive: Receive, stream: Callable[[str, object], UUID]
) -> None:
    assert receive(NEW) == Received("applied", None, 6, 6)
    sourced = only(log, stream("candidate", 501), CandidateSourced)
    assert sourced.event == CandidateSourced(
        source="word-of-mouth",
        role="head-gardener",
        location="malmo",
        outside_source="greenhouse",
        outside_id="501",
        name=None,
        emails=(),
        phones=(),
    )
    learned = {
        (recorded.event.fact, recorded.event.value, recorded.occurred_at)
        for recorded in log.history(stream("candidate", 501))
        if isinstance(recorded.event, ProfileFactLearned)
    }
    own_time = datetime(2026, 2, 9, 8, tzinfo=UTC)
    assert learned == {("name", "Rosa Lind", own_time), ("email", "rosa@lind.example", own_time)}
    assert (sourced.actor, sourced.occurred_how) == ("integration:greenhouse", "derived.candidate.created_at")
    assert sourced.occurred_at == datetime(2026, 2, 1, 8, tzinfo=UTC)


def test_a_prospect_becomes_an_applicant_and_is_rejected(
    log: EventLog, receive: Receive, stream: Callable[[str, object], UUID]
) -> None:
    for body in (PROSPECT, NEW, REJECTED):
        assert receive(body).outcome == "applied"
    assert kinds(log, stream("application", 9001)) == {
        "prospect-added.v1": 1,
        "application-submitted.v1": 1,
        "stage-entered.v1": 1,
        "application-rejected.v1": 1,
    }


def test_a_hire_without_a_named_opening_takes_the_only_one_that_its_body_lists(
    log: EventLog, receive: Receive, stream: Callable[[str, object], UUID]
) -> None:
    receive(delivery("job_created", job=JOB | {"openings": SEATS}))
    for number, listed in ((9001, SEATS[:1]), (9002, [])):
        hired = application(id=number, candidate=ROSA | {"id": number}, offer={"resolved_at": "2026-03-02T09:00:00Z"})
        hired["jobs"] = [JOB | {"openings": listed}]
        assert receive(delivery("hire_candidate", application=hired)).outcome == "applied"
    requisition = log.load(REQUISITION, stream("requisition", 77), frozenset((OpeningFilled,))).state
    assert requisition.openings == {stream("opening", "77/G-1"): OpeningFilled}
    assert kinds(log, stream("application", 9002))["candidate-hired.v1"] == 1


def test_times_ahead_of_us_and_strange_parts_do_no_harm(log: EventLog, receive: Receive) -> None:
    person = {"id": 502, "first_name": 7, "email_addresses": "none"}
    strange = application(
        applied_at="2031-01-01T00:00:00Z", source="none", jobs="none", current_stage=[], candidate=person
    )
    assert receive(delivery("new_candidate_application", application=strange)).outcome == "applied"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (delivery("ping"), "ping"),
        (delivery("merge_candidate", person={"id": 501}), "candidate-id-is-missing"),
        (delivery("delete_candidate", person={}), "candidate-id-is-missing"),
        (delivery("office_deleted", office={"id": 5}), "not-part-of-a-history"),
        (delivery("send_flowers"), "unknown-action"),
        (delivery("Rosa Lind said hello!"), "unknown-action"),
        (b"{}", "unknown-action"),
        (delivery("hire_candidate"), "application-id-is-missing"),
        (delivery("candidate_stage_change", application={"id": 1}), "candidate-id-is-missing"),
        (delivery("job_created", job={}), "requisition-id-is-missing"),
        (delivery("job_created", job=JOB | {"status": "draft"}), "job-is-a-draft"),
    ],
)
def test_what_is_not_used_is_kept_with_a_reason(
    log: EventLog, database: str, receive: Receive, body: bytes, reason: str
) -> None:
    assert replace(receive(body, "e1"), position=None) == Received("kept", reason)
    assert receive(body, "e1").outcome == "duplicate"
    (kept,) = rows(database, "select delivery_id, action, outcome, reason, assurance, body from delivery")
    assert (kept["delivery_id"], kept["outcome"], kept["reason"]) == ("e1", "kept", reason)
    assert kept["assurance"] == "body-signed"
    assert "Rosa" not in kept["action"]
    assert log.open_delivery("greenhouse", "e1", bytes(kept["body"])) == body


def test_what_a_rule_refuses_is_kept_whole(database: str, receive: Receive) -> None:
    receive(REJECTED)
    late = application(last_activity_at="2026-02-25T08:00:00Z", current_stage={"id": 2, "name": "Trial Day"})
    assert receive(delivery("candidate_stage_change", application=late), "e2").reason == "application-has-ended"
    assert len(rows(database, "select * from delivery")) == 2


def test_a_delivery_that_lacks_a_part_is_of_the_person_in_it_all_the_same(
    database: str, receive: Receive, stream: Callable[[str, object], UUID]
) -> None:
    nameless = {"candidate": {"id": 501, "first_name": "Rosa"}}
    assert receive(delivery("hire_candidate", application=nameless)).reason == "application-id-is-missing"
    (kept,) = rows(database, "select people from delivery")
    assert kept["people"] == [stream("candidate", 501)]


def test_every_delivery_is_kept_sealed_for_the_person_it_is_about(
    log: EventLog, database: str, receive: Receive, stream: Callable[[str, object], UUID]
) -> None:
    receive(NEW, "e1")
    (kept,) = rows(database, "select *, delivery::text as everything from delivery")
    assert (kept["action"], kept["outcome"], kept["position"]) == ("new_candidate_application", "applied", 6)
    assert kept["people"] == [stream("candidate", 501)]
    assert "Rosa" not in kept["everything"]
    assert log.open_delivery("greenhouse", "e1", bytes(kept["body"])) == NEW


def test_nothing_more_is_kept_of_an_erased_person(
    database: str, receive: Receive, stream: Callable[[str, object], UUID]
) -> None:
    receive(NEW)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select destroy_person_key(%s)", (stream("candidate", 501),))
    again = receive(delivery("new_candidate_application", application=application(id=9009)), "e2")
    assert (again.outcome, again.reason, again.events) == ("kept", "erased", 0)
    (kept,) = rows(database, "select body from delivery where delivery_id = 'e2'")
    assert bytes(kept["body"]) == b""


def test_a_replay_is_a_duplicate_also_when_both_come_at_once(database: str, receive: Receive) -> None:
    with ThreadPoolExecutor(8) as threads:
        outcomes = Counter(received.outcome for received in threads.map(lambda _: receive(NEW, "e1"), range(16)))
    assert outcomes == {"applied": 1, "duplicate": 15}
    assert len(rows(database, "select * from event")) == 6


def test_two_deliveries_at_once_do_not_make_two_people(database: str, receive: Receive) -> None:
    bodies = [
        delivery("new_candidate_application", application=application(id=number, jobs=[JOB | {"openings": SEATS}]))
        for number in range(16)
    ]
    with ThreadPoolExecutor(8) as threads:
        assert {received.outcome for received in threads.map(receive, bodies)} == {"applied"}
    counts = Counter(row["type"] for row in rows(database, "select type from event"))
    assert (counts["candidate-sourced.v1"], counts["requisition-opened.v1"], counts["opening-opened.v1"]) == (1, 1, 2)
    assert counts["application-submitted.v1"] == 16


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"signature": "sha256 00"},
        {"signature": signed(NEW)["signature"].removeprefix("sha256 ")},
        {"signature": signed(NEW)["signature"].replace("sha256 ", "sha256=")},
        signed(NEW + b" "),
        signed(NEW, secret="another"),
        {"signature": "sha256 \xe9"},
    ],
)
def test_a_wrong_signature_leaves_no_trace(inbox: Inbox, database: str, headers: dict[str, str]) -> None:
    with pytest.raises(SignatureIsWrong):
        inbox.receive(GREENHOUSE, [SECRET], headers, NEW, NOW)
    assert rows(database, "select from delivery") == []


def test_two_secrets_are_valid_while_one_is_replaced(inbox: Inbox) -> None:
    for secret, event in (("old", "e1"), ("new", "e2")):
        inbox.receive(GREENHOUSE, ["old", "new"], signed(NEW, secret, event), NEW, NOW)
    with pytest.raises(IntegrationHasNoSecret):
        inbox.receive(GREENHOUSE, [], signed(NEW), NEW, NOW)


@pytest.mark.parametrize("body", [NEW[: len(NEW) // 2], b"", b"[1]", b"\xff", b"[" * 100_000, b"7" * 5000])
def test_a_signed_body_that_cannot_be_read_is_kept_and_does_not_use_up_its_id(
    database: str, receive: Receive, body: bytes
) -> None:
    for _ in range(2):
        with pytest.raises(DeliveryCannotBeRead):
            receive(body, "e1")
    assert [row["reason"] for row in rows(database, "select reason from delivery")] == ["not-json"]
    assert receive(NEW, "e1").outcome == "applied"


def test_without_an_id_the_body_is_known_again(receive: Receive) -> None:
    assert [receive(NEW).outcome, receive(NEW).outcome] == ["applied", "duplicate"]
    assert receive(json.dumps(json.loads(NEW), indent=1).encode()).outcome == "duplicate"


def test_an_id_of_any_length_can_be_kept(receive: Receive) -> None:
    assert [receive(NEW, "e" * 5000).outcome, receive(NEW, "e" * 5000).outcome] == ["applied", "duplicate"]
