"""The consent gate: the newest answer decides, and whatever is not plainly allowed is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from domain.consent import (
    Answer,
    ConsentHasExpired,
    ConsentIsMissing,
    ConsentRefused,
    Consents,
    ConsentWasRefused,
    ConsentWasWithdrawn,
    evolve,
    live_channels,
    may,
)
from domain.errors import Refused
from domain.event import Event, Recorded
from domain.purposes import CONSENT_CHANNELS, PURPOSES, ChannelIsUnknown, PurposeIsUnknown
from tests.given import ALICE, DAY, NOW, START, At, consented, event_id, withdrawn

REFUSED = ConsentRefused("talent_pool", ("email",), "n", "1", "web-form", "self", None)


def answers(*dated: At) -> Consents:
    consents = Consents()
    for number, item in enumerate(dated, start=1):
        recorded = Recorded(ALICE, number, item.event, event_id(number), NOW, item.occurred_at)
        consents = evolve(consents, recorded)
    return consents


def gate(*dated: At, at: datetime = NOW, purpose: str = "talent_pool", channel: str = "email") -> UUID | type[Refused]:
    allowed = may(answers(*dated), purpose, channel, at)
    return allowed if isinstance(allowed, UUID) else type(allowed)


def test_a_consent_allows_its_purpose_and_channel_only() -> None:
    yes = At(START, consented())
    assert gate(yes) == event_id(1)
    assert gate(yes, channel="text") is ConsentIsMissing
    assert gate(yes, purpose="newsletter") is ConsentIsMissing


def test_the_gate_fails_closed() -> None:
    yes = At(START, consented())
    assert gate() is ConsentIsMissing
    assert gate(yes, at=START - timedelta(microseconds=1)) is ConsentIsMissing
    assert gate(yes, At(START + DAY, REFUSED)) is ConsentWasRefused
    assert gate(yes, At(START + DAY, withdrawn())) is ConsentWasWithdrawn
    assert gate(yes, purpose="world-domination") is PurposeIsUnknown
    assert gate(yes, channel="carrier-pigeon") is ChannelIsUnknown


def test_a_consent_ends_at_its_last_moment_and_not_after_it() -> None:
    yes = At(START, consented(until=NOW))
    assert gate(yes, at=NOW - timedelta(microseconds=1)) == event_id(1)
    assert gate(yes, at=NOW) is ConsentHasExpired
    assert gate(yes, At(START + DAY, consented(until=NOW + DAY)), at=NOW) == event_id(2)


def test_at_the_same_moment_the_no_wins() -> None:
    assert gate(At(START, withdrawn()), At(START, consented())) is ConsentWasWithdrawn
    assert gate(At(START, consented()), At(START, withdrawn())) is ConsentWasWithdrawn
    assert gate(At(START, consented()), At(START, consented(until=NOW))) is ConsentHasExpired


def test_a_late_consent_does_not_revive_what_was_withdrawn_after_it() -> None:
    assert gate(At(START + DAY, withdrawn()), At(START, consented())) is ConsentWasWithdrawn


def test_an_entire_withdrawal_reaches_channels_that_we_learn_of_later() -> None:
    gone = At(START + DAY, withdrawn("talent_pool", "email", entirely=True))
    assert gate(gone, At(START, consented("talent_pool", "text")), channel="text") is ConsentWasWithdrawn
    assert gate(gone, At(START + 2 * DAY, consented("talent_pool", "text")), channel="text") == event_id(2)


def test_live_channels_are_those_the_gate_opens() -> None:
    consents = answers(At(START, consented("events", "email", "phone")), At(START + DAY, withdrawn("events", "email")))
    assert live_channels(consents, "events", NOW) == ("phone",)
    assert live_channels(consents, "events", START) == ("email", "phone")


times = st.integers(0, 6).map(lambda days: START + days * DAY)
some_channels = st.lists(st.sampled_from(["email", "text"]), min_size=1, unique=True).map(tuple)
purposes = st.sampled_from(["talent_pool", "events"])


def event(kind: str, purpose: str, channels: tuple[str, ...], until: datetime | None, entirely: bool) -> Event:
    if kind == "given":
        return consented(purpose, *channels, until=until)
    if kind == "refused":
        return ConsentRefused(purpose, channels, "n", "1", "web-form", "self", None)
    return withdrawn(purpose, *channels, entirely=entirely)


dated_answers = st.lists(
    st.builds(
        At,
        times,
        st.builds(
            event,
            st.sampled_from(["given", "given", "refused", "withdrawn"]),
            purposes,
            some_channels,
            st.none() | times,
            st.booleans(),
        ),
    ),
    max_size=8,
)


def plainly_allowed(dated: list[At], purpose: str, channel: str, at: datetime) -> bool:
    """The gate once more, told day by day and without any of its code."""
    verdict = False
    for day in sorted({entry.occurred_at for entry in dated if entry.occurred_at <= at}):
        output = []
        for item in (entry for entry in dated if entry.occurred_at == day):
            answer = vars_of(item.event)
            if answer["purpose"] == purpose and (channel in answer["channels"] or answer.get("entirely")):
                ended = answer.get("valid_until") is not None and answer["valid_until"] <= at
                output.append("basis" in answer and not ended)
        verdict = all(output) if output else verdict
    return verdict


def vars_of(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}


@forall(dated_answers, purposes, st.sampled_from(CONSENT_CHANNELS), times)
def test_the_gate_agrees_with_a_plain_telling(dated: list[At], purpose: str, channel: str, at: datetime) -> None:
    assert isinstance(may(answers(*dated), purpose, channel, at), UUID) == plainly_allowed(dated, purpose, channel, at)


@forall(dated_answers, st.randoms(use_true_random=False), times)
def test_the_order_in_which_answers_arrive_does_not_matter(dated: list[At], shuffle: Random, at: datetime) -> None:
    recorded = [
        Recorded(ALICE, n, entry.event, event_id(n), NOW, entry.occurred_at) for n, entry in enumerate(dated, 1)
    ]
    mixed = list(recorded)
    shuffle.shuffle(mixed)
    states = []
    for order in (recorded, mixed):
        consents = Consents()
        for item in order:
            consents = evolve(consents, item)
        states.append(consents)
    assert states[0] == states[1]


@pytest.mark.parametrize("purpose", PURPOSES.values(), ids=lambda purpose: purpose.code)
def test_a_purpose_is_known_elsewhere_too(purpose: object) -> None:
    assert str(getattr(purpose, "iri", "")).startswith("https://w3id.org/dpv#")


@pytest.mark.parametrize("number", [500, 2_000])
def test_thousands_of_answers_are_compared_with_few_others_each(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def counted(answer: Answer) -> tuple[datetime, UUID]:
        nonlocal compared
        compared += 1
        return answer.at, answer.event

    monkeypatch.setattr("domain.consent.in_order", counted)
    days = [START + (7 * n % number) * DAY for n in range(number)]
    consents = answers(*(At(day, consented()) for day in days))
    assert [response.at for response in consents.answers] == sorted(days)
    assert compared <= number * (number.bit_length() + 1)
