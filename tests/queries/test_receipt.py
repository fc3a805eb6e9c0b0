"""A receipt is that of one consent: it says how each of its channels stands, and proves what a checkpoint covers."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.consent import ConsentDoesNotExist, ConsentGiven
from queries.consent_history import PersonHistory, history_of
from queries.controller import Controller
from queries.receipt import Included, Receipt, ReceiptSources, receipt
from tests.given import consented
from tests.queries import fake_links
from tests.queries.memory_log import START, MemoryLog
from tests.queries.test_consent_history import RECORD, STRANGER, answered

NOW = START + timedelta(days=1000)
CONTROLLER = Controller("Gardens", "privacy@gardens.example")
INCLUDED = Included(7, "leaf", ("aGFzaA==",), "note")


def read(log: MemoryLog, consent: UUID, included: Included | None = None) -> Receipt:
    stream = log.stream_of(consent)
    history = PersonHistory() if stream is None else history_of(log, stream)
    return receipt(history, consent, ReceiptSources(CONTROLLER, fake_links, lambda _: included), NOW)


@given(answered())
def test_every_consent_has_a_receipt_and_nothing_else_has_one(log: MemoryLog) -> None:
    for recorded in log.events:
        if not isinstance(recorded.event, ConsentGiven):
            with pytest.raises(ConsentDoesNotExist):
                read(log, recorded.id)
            continue
        answer = read(log, recorded.id)
        assert (answer.record_id, answer.subject) == (recorded.id, recorded.stream)
        assert (answer.purpose.code, answer.channels) == (recorded.event.purpose, recorded.event.channels)
        assert [state.channel for state in answer.standing] == list(answer.channels)
        assert all(line.purpose == recorded.event.purpose for line in answer.history)
        assert answer.withdrawal.path == fake_links.withdrawal(recorded.stream, recorded.event.purpose)


@given(answered())
def test_a_renewal_names_the_consent_before_it(log: MemoryLog) -> None:
    first, second = (log.append(STRANGER, consented("referral_contact", "email")) for _ in range(2))
    assert read(log, first.id).renews is None
    assert read(log, second.id).renews == first.id


@given(st.sampled_from([None, INCLUDED]))
def test_the_proof_is_pending_until_a_checkpoint_covers_it(included: Included | None) -> None:
    log = MemoryLog()
    consent = log.append(RECORD, consented())
    proof = read(log, consent.id, included).proof
    assert (proof.status, proof.path) == ("included" if included else "pending", fake_links.proof(consent.id))
    assert (proof.leaf, proof.checkpoint) == (("leaf", "note") if included else (None, None))


def test_an_unknown_event_has_no_receipt() -> None:
    with pytest.raises(ConsentDoesNotExist):
        read(MemoryLog(), UUID(int=99))
