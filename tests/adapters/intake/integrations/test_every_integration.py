"""What holds for every integration of the registry, shown by the sample stories that its module declares."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from adapters.intake.integrations.inbound import (
    Assurance,
    DeliveryCannotBeRead,
    DeliveryIsStale,
    Inbox,
    Received,
    SignatureIsWrong,
    TokenWasUsed,
)
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from domain.profile_facts import TRUST
from tests.adapters.intake.integrations.retelling import compare, deliver, inbox_of, integration_of
from tests.adapters.intake.integrations.samples import ALL, NOW, SECRET, Samples, Sent

HOUSE = Path(__file__).parents[4]
each = pytest.mark.parametrize("samples", ALL, ids=lambda samples: samples.integration.name)


@pytest.fixture
def inbox(log: EventLog, key_file: KeyFile) -> Inbox:
    return inbox_of(log, key_file)


def first_of(samples: Samples) -> Sent:
    return samples.story(1).sent[0]


def received(inbox: Inbox, samples: Samples, sent: Sent) -> Received:
    return inbox.receive(integration_of(samples), [SECRET], sent.headers, sent.body, NOW)


def rows(database: str, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def events(database: str) -> int:
    return int(rows(database, "select count(*) as n from event")[0]["n"])


def kept(database: str) -> int:
    return int(rows(database, "select count(*) as n from delivery")[0]["n"])


def test_it_is_said_of_every_integration_how_far_it_is_believed() -> None:
    assert INTEGRATIONS.keys() <= TRUST.keys()


def test_every_integration_of_the_registry_has_samples_under_its_name() -> None:
    assert {name: samples.integration for name, samples in zip(INTEGRATIONS, ALL, strict=True)} == INTEGRATIONS


@each
def test_it_is_documented_as_it_is(samples: Samples) -> None:
    integration, page = samples.integration, (HOUSE / "docs/integrations.md").read_text()
    needs = ["no" if need is None else "yes" for need in (integration.handshake, integration.fetch)]
    link = f"[{integration.title}](#{integration.name})"
    row = f"| {link} | `{integration.name}` | `{integration.assurance}` | {' | '.join(needs)} |"
    assert page.count(f"{row}\n") == 1
    assert page.count(f"\n## {integration.title}\n") == 1
    level = next(line for line in page.splitlines() if line.startswith(f"| `{integration.assurance}` |"))
    assert len(level) > 60


@each
def test_a_signed_delivery_is_accepted_once(inbox: Inbox, database: str, samples: Samples) -> None:
    sent = first_of(samples)
    assert deliver(inbox, samples, sent).outcome == "applied"
    before = events(database)
    assert before > 0
    signed = samples.sign(sent, SECRET, NOW)
    for _ in range(2):
        assert received(inbox, samples, signed).outcome == "duplicate"
    assert deliver(inbox, samples, sent).outcome == "duplicate", "signed anew it says the same"
    assert events(database) == before
    (row,) = rows(database, "select assurance, outcome, length(body) > 0 as sealed from delivery")
    assert row == {"assurance": samples.integration.assurance, "outcome": "applied", "sealed": True}


@each
def test_what_is_not_signed_with_our_secret_is_refused_and_not_kept(
    inbox: Inbox, database: str, samples: Samples
) -> None:
    signed = samples.sign(first_of(samples), SECRET, NOW)
    forgeries = [samples.sign(first_of(samples), "another", NOW), *samples.forgeries(signed)]
    assert len(forgeries) > 2
    for sent in forgeries:
        with pytest.raises(SignatureIsWrong):
            received(inbox, samples, sent)
    with pytest.raises(SignatureIsWrong):
        inbox.receive(integration_of(samples), ["another"], signed.headers, signed.body, NOW)
    assert (events(database), kept(database)) == (0, 0)


@each
def test_two_secrets_are_valid_while_one_is_replaced(inbox: Inbox, samples: Samples) -> None:
    first, second = samples.story(1).sent[:2]
    for secret, sent in (("old", first), ("new", second)):
        signed = samples.sign(sent, secret, NOW)
        inbox.receive(integration_of(samples), ["old", "new"], signed.headers, signed.body, NOW)


@each
def test_the_test_of_the_connection_is_kept_and_changes_nothing(inbox: Inbox, database: str, samples: Samples) -> None:
    assert deliver(inbox, samples, samples.ping).outcome == "kept"
    assert events(database) == 0


@each
def test_an_unknown_action_is_kept_for_later(inbox: Inbox, database: str, samples: Samples) -> None:
    answer = deliver(inbox, samples, samples.unknown)
    assert (answer.outcome, answer.reason) == ("kept", "unknown-action")
    assert events(database) == 0


@each
def test_where_the_body_is_not_signed_a_token_is_fresh_and_comes_with_one_body(
    inbox: Inbox, database: str, samples: Samples
) -> None:
    signed, replay = samples.sign(first_of(samples), SECRET, NOW), samples.integration.replay
    if samples.integration.assurance is Assurance.BODY_SIGNED:
        assert replay is None
        return
    assert replay is not None
    sent_at = replay.sent_at(signed.headers, signed.body)
    assert sent_at is not None
    for moment in (sent_at + replay.window + timedelta(seconds=1), sent_at - replay.window - timedelta(seconds=1)):
        with pytest.raises(DeliveryIsStale):
            inbox.receive(samples.integration, [SECRET], signed.headers, signed.body, moment)
    assert kept(database) == 0
    assert inbox.receive(samples.integration, [SECRET], signed.headers, signed.body, sent_at).outcome == "waiting"
    with pytest.raises(TokenWasUsed):
        received(inbox, samples, samples.reused(signed))
    assert received(inbox, samples, signed).outcome == "duplicate"
    assert kept(database) == 1


@each
def test_a_signed_body_that_is_cut_in_half_is_kept_as_it_came(inbox: Inbox, database: str, samples: Samples) -> None:
    whole = first_of(samples)
    cut = replace(whole, body=whole.body[: len(whole.body) // 2])
    if samples.integration.assurance is Assurance.BODY_SIGNED:
        signed = samples.sign(cut, SECRET, NOW)
        with pytest.raises(DeliveryCannotBeRead):
            received(inbox, samples, signed)
        assert rows(database, "select reason from delivery") == [{"reason": "not-json"}]
    else:
        with pytest.raises(SignatureIsWrong):
            received(inbox, samples, cut)
    assert events(database) == 0


@each
def test_a_story_told_in_any_order_ends_in_one_state(server: str, key_file: KeyFile, samples: Samples) -> None:
    assert compare(server, key_file, samples, range(4)) == []
