"""Greenhouse deletes and anonymises people: each becomes a proposal to erase them, and nothing more."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import bootstrap
from adapters.bootstrap import VERB_OF
from adapters.intake.integrations.greenhouse import ANONYMISED_FIELDS, anonymised
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.intake.integrations.outside import Outside
from adapters.intake.integrations.reconciling import Sweep, Swept
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.erasures import Erasures
from adapters.settings import Settings
from commands.decline_erasure_proposal import DeclineErasureProposal
from commands.handle import Occasion, handle
from commands.request_erasure import RequestErasure
from domain.candidate import CANDIDATE, ENTRIES, FACTS
from domain.codes import CODE
from domain.erasure_proposal import ErasureProposed
from domain.event import Recorded
from tests.adapters.intake.integrations.bodies import ANONYMISED, DELETED, MERGED, NEW, ROSA, application, delivery
from tests.adapters.intake.integrations.test_greenhouse import NOW, Receive, inbox, kinds, receive, rows, stream

__all__ = ["inbox", "receive", "stream"]  # fixtures
GREENHOUSE = INTEGRATIONS["greenhouse"]
Stream = Callable[[str, object], UUID]
BOTH = pytest.mark.parametrize("body", [ANONYMISED, DELETED], ids=["anonymised", "deleted"])


def proposals(log: EventLog, record: UUID) -> list[Recorded[ErasureProposed]]:
    return [recorded for recorded in log.history(record) if isinstance(recorded.event, ErasureProposed)]  # type: ignore[misc]  # the type of an event narrows, that of what holds it does not


def swept(log: EventLog, inbox: Inbox) -> list[Swept]:
    sweep = Sweep(inbox, log, VERB_OF, log.deliveries, log.open_delivery, lambda: NOW)
    return list(sweep.sweep(GREENHOUSE))


def done(log: EventLog, command: Any) -> None:
    handle(log, VERB_OF, Occasion(uuid4(), "user:priya", command.now), lambda: (command,))


@BOTH
def test_it_is_proposed_and_nothing_is_requested(
    log: EventLog, receive: Receive, stream: Stream, tmp_path: Path, body: bytes
) -> None:
    receive(NEW, "e1")
    before = log.history(stream("candidate", 501))
    received = receive(body, "e2")
    assert (received.outcome, received.reason, received.events) == ("applied", None, 1)
    after = log.history(stream("candidate", 501))
    assert [recorded.id for recorded in after[:-1]] == [recorded.id for recorded in before]
    (proposed,) = proposals(log, stream("candidate", 501))
    kind, fields = ("anonymise", ("email_addresses", "full_name")) if body is ANONYMISED else ("delete", ())
    assert (proposed.event.source, proposed.event.kind, proposed.event.fields) == ("greenhouse", kind, fields)
    assert (proposed.actor, proposed.occurred_how) == ("integration:greenhouse", "derived.received_at")
    content = "candidate_anonymized email_addresses full_name" if body is ANONYMISED else "delete_candidate"
    assert proposed.event.proposal == stream("erasure-proposal", f"{proposed.stream} {content}"), "it never changes"
    erasures = Erasures(log.recorder.datastore)
    erasing = bootstrap.erasing(log, Settings(data_folder=tmp_path))
    assert erasures.unfinished() == []
    assert list(erasing.resume()) == []
    assert log.history(stream("candidate", 501)) == after


@BOTH
def test_however_often_it_comes_it_is_proposed_once(
    log: EventLog, inbox: Inbox, receive: Receive, stream: Stream, database: str, body: bytes
) -> None:
    receive(NEW, "e1")
    receive(body, "e2")
    spelled = json.dumps(json.loads(body), indent=1).encode()
    assert [receive(again, event).outcome for again, event in ((body, "e2"), (body, "e3"), (spelled, "e4"))] == [
        "duplicate"
    ] * 3
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("update delivery set fingerprint = null")  # as deliveries of older versions are
    assert receive(body, "e5").events == 0
    assert {result.outcome for result in swept(log, inbox)} == {"complete"}
    assert len(proposals(log, stream("candidate", 501))) == 1


def test_what_else_is_anonymised_later_is_proposed_too(log: EventLog, receive: Receive, stream: Stream) -> None:
    receive(NEW, "e1")
    receive(ANONYMISED, "e2")
    receive(delivery("candidate_anonymized", candidate_id=501, anonymized_fields=["tags"]), "e3")
    receive(DELETED, "e4")
    kinds = [(proposal.event.kind, proposal.event.fields) for proposal in proposals(log, stream("candidate", 501))]
    assert kinds == [("anonymise", ("email_addresses", "full_name")), ("anonymise", ("tags",)), ("delete", ())]
    assert len({proposal.event.proposal for proposal in proposals(log, stream("candidate", 501))}) == 3


@BOTH
def test_before_its_person_is_known_it_waits_and_tells_when_it_came(
    log: EventLog, receive: Receive, stream: Stream, database: str, body: bytes
) -> None:
    waits = receive(body, "e1")
    assert (waits.outcome, waits.reason, waits.events) == ("waiting", "candidate-is-not-known-yet", 0)
    (kept,) = rows(database, "select people, waits_for, delivery::text as everything from delivery")
    assert (kept["people"], kept["waits_for"]) == ([stream("candidate", 501)], stream("candidate", 501))
    assert "Rosa" not in kept["everything"]
    came = datetime(2026, 1, 7, 12, tzinfo=UTC)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("update delivery set received_at = %s", (came,))
    receive(NEW, "e2")
    (proposed,) = proposals(log, stream("candidate", 501))
    assert proposed.occurred_at == came
    assert rows(database, "select outcome from delivery where delivery_id = 'e1'") == [{"outcome": "applied"}]


@BOTH
def test_of_an_erased_person_nothing_is_proposed_and_nothing_kept(
    log: EventLog, receive: Receive, stream: Stream, database: str, body: bytes
) -> None:
    receive(NEW, "e1")
    done(log, RequestErasure(candidate=stream("candidate", 501), now=datetime.now(UTC)))
    late = receive(body, "e2")
    assert (late.outcome, late.reason) == ("kept", "erased")
    assert proposals(log, stream("candidate", 501)) == []
    assert rows(database, "select body from delivery where delivery_id = 'e2'") == [{"body": b""}]


def test_a_record_that_was_merged_has_its_proposal_to_itself(log: EventLog, receive: Receive, stream: Stream) -> None:
    other = application(id=9640, candidate=ROSA | {"id": 640, "email_addresses": []})
    for body in (NEW, delivery("new_candidate_application", application=other), MERGED):
        assert receive(body).outcome == "applied"
    assert receive(DELETED).outcome == "applied"
    assert len(proposals(log, stream("candidate", 501))) == 1
    assert kinds(log, stream("candidate", 640))["erasure-proposed.v1"] == 0


def test_what_was_kept_before_there_were_proposals_becomes_one_with_reconcile(
    log: EventLog, inbox: Inbox, receive: Receive, stream: Stream, database: str
) -> None:
    receive(ANONYMISED, "e1")
    receive(NEW, "e2")
    record, came = stream("candidate", 501), datetime(2026, 1, 7, 12, tzinfo=UTC)
    receive(delivery("delete_candidate", person={"id": 777}), "e3")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(
            "update delivery set outcome = 'kept', reason = 'erasure-is-asked-for-here', waits_for = null,"
            " received_at = %s where delivery_id = 'e3'",
            (came,),
        )
    receive(delivery("new_prospect_application", application=application(id=777, candidate={"id": 777})), "e4")
    assert [result.outcome for result in swept(log, inbox)].count("mended") == 1
    (late,) = proposals(log, stream("candidate", 777))
    assert late.occurred_at == came
    (proposed,) = proposals(log, record)
    decline = DeclineErasureProposal(candidate=record, proposal=proposed.event.proposal, ground="other", now=NOW)
    done(log, decline)
    assert {result.outcome for result in swept(log, inbox)} == {"complete"}, "a decision stands, whatever is read again"
    assert len(proposals(log, record)) == 1


def test_the_name_of_everyone_who_was_anonymised_is_not_learned(
    log: EventLog, receive: Receive, stream: Stream
) -> None:
    receive(NEW, "e1")
    receive(ANONYMISED, "e2")
    gone = ROSA | {"first_name": "Anonymized", "last_name": "501", "email_addresses": [], "title": None}
    receive(delivery("update_candidate", candidate=gone | {"updated_at": "2026-03-01T08:00:00Z"}), "e3")
    receive(delivery("update_candidate", candidate=gone | {"last_name": "Lind", "updated_at": "2026-03-02T08:00:00Z"}))
    state = log.load(CANDIDATE, stream("candidate", 501), frozenset((*ENTRIES, *FACTS))).state
    names = [fact.value for fact in state.everything_told() if fact.fact == "name"]
    assert names == ["Rosa Lind", "Anonymized Lind"], "only the id makes it the name of everyone"


texts = st.one_of(st.text(), st.sampled_from(sorted(ANONYMISED_FIELDS)), st.sampled_from(["Rosa Lind", "full_name "]))


@given(listed=st.one_of(st.none(), st.text(), st.lists(st.one_of(texts, st.integers(), st.lists(texts)), max_size=8)))
def test_free_text_is_never_a_field(listed: object) -> None:
    fields = anonymised(Outside({"anonymized_fields": listed}))
    assert set(fields) <= {*ANONYMISED_FIELDS, "other"}
    assert fields == tuple(sorted(set(fields)))
    assert all(CODE.fits(field) for field in fields)
    assert ("other" in fields) == (
        isinstance(listed, list) and any(field not in ANONYMISED_FIELDS for field in map(str, listed))
    )
