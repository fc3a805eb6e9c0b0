"""A vendor hands over its secret once, while an operator has opened a handshake, and no secret is ever replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from adapters.intake.integrations.handshakes import (
    HandshakeIsNotOpen,
    Handshakes,
    IntegrationHasNoHandshake,
    IntegrationHasSecret,
)
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.learned_secrets import LearnedSecrets

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
VENDOR = INTEGRATIONS["smartrecruiters"]
SECRET = "HeBVky2bccvvkcXPimH8c"
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def handshakes(log: EventLog, key_file: KeyFile) -> Handshakes:
    return Handshakes(LearnedSecrets(log.recorder.datastore), key_file)


def test_an_open_handshake_takes_one_secret_and_keeps_it_sealed(handshakes: Handshakes, database: str) -> None:
    assert handshakes.secrets(VENDOR) == ()
    assert handshakes.open(VENDOR, (), NOW, TEN_MINUTES) == NOW + TEN_MINUTES
    handshakes.learn(VENDOR, (), SECRET, NOW + timedelta(minutes=9))
    assert handshakes.secrets(VENDOR) == (SECRET,)
    with psycopg.connect(database) as connection:
        (sealed,) = connection.execute("select sealed from learned_secret").fetchone() or (b"",)
    assert sealed
    assert SECRET.encode() not in sealed


@pytest.mark.parametrize("secret", ["another", SECRET])
def test_a_secret_is_never_replaced(handshakes: Handshakes, secret: str) -> None:
    handshakes.open(VENDOR, (), NOW, TEN_MINUTES)
    handshakes.learn(VENDOR, (), SECRET, NOW)
    with pytest.raises(HandshakeIsNotOpen):
        handshakes.learn(VENDOR, (), secret, NOW)
    with pytest.raises(IntegrationHasSecret):
        handshakes.open(VENDOR, (), NOW, TEN_MINUTES)
    assert handshakes.secrets(VENDOR) == (SECRET,)


def test_a_configured_secret_is_never_replaced_either(handshakes: Handshakes) -> None:
    with pytest.raises(IntegrationHasSecret):
        handshakes.open(VENDOR, ("configured",), NOW, TEN_MINUTES)
    handshakes.open(VENDOR, (), NOW, TEN_MINUTES)
    with pytest.raises(HandshakeIsNotOpen):
        handshakes.learn(VENDOR, ("configured",), SECRET, NOW)
    assert handshakes.secrets(VENDOR) == ()


@pytest.mark.parametrize("after", [TEN_MINUTES, timedelta(days=1)])
def test_a_handshake_closes_by_time(handshakes: Handshakes, after: timedelta) -> None:
    handshakes.open(VENDOR, (), NOW, TEN_MINUTES)
    with pytest.raises(HandshakeIsNotOpen):
        handshakes.learn(VENDOR, (), SECRET, NOW + after)
    assert handshakes.secrets(VENDOR) == ()


def test_it_is_open_for_an_hour_at_most(handshakes: Handshakes) -> None:
    assert handshakes.open(VENDOR, (), NOW, timedelta(days=9)) == NOW + timedelta(hours=1)


@pytest.mark.parametrize("secret", ["", "a" * 513, "tab\tin it", "Malmö"])
def test_what_is_no_secret_is_not_taken_and_leaves_the_handshake_open(handshakes: Handshakes, secret: str) -> None:
    handshakes.open(VENDOR, (), NOW, TEN_MINUTES)
    with pytest.raises(HandshakeIsNotOpen):
        handshakes.learn(VENDOR, (), secret, NOW)
    handshakes.learn(VENDOR, (), SECRET, NOW)


def test_a_forgotten_secret_makes_room_for_another(handshakes: Handshakes) -> None:
    handshakes.open(VENDOR, (), NOW, TEN_MINUTES)
    handshakes.learn(VENDOR, (), SECRET, NOW)
    assert handshakes.forget(VENDOR)
    assert not handshakes.forget(VENDOR)
    assert handshakes.secrets(VENDOR) == ()
    handshakes.open(VENDOR, (), NOW, TEN_MINUTES)
    handshakes.learn(VENDOR, (), "another", NOW)
    assert handshakes.secrets(VENDOR) == ("another",)


def test_who_hands_over_no_secret_has_no_handshake(handshakes: Handshakes) -> None:
    with pytest.raises(IntegrationHasNoHandshake):
        handshakes.open(INTEGRATIONS["greenhouse"], (), NOW, TEN_MINUTES)
