"""An address is shut out, let in, and remembers whom it stopped; nothing in its stream says whose it is."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.event import Event, Recorded
from domain.suppression import (
    ERASED,
    SUPPRESSION,
    TURNS,
    WITHDREW,
    Address,
    AddressIsSuppressed,
    AddressReleased,
    AddressSuppressed,
    ArrivalStopped,
    Suppression,
    recognised,
    releases,
    require_arrival,
    suppressions,
)

EMAIL, PHONE = Address("email", UUID(int=1)), Address("phone", UUID(int=2))
BOB = UUID(int=9)
FIELDS = {"email": "emails", "phone": "phones"}


def folded(*events: Event) -> Suppression:
    recorded = (
        Recorded(EMAIL.stream, version, event, UUID(int=version), datetime(2026, 1, 1, tzinfo=UTC))
        for version, event in enumerate(events, 1)
    )
    return SUPPRESSION.fold(EMAIL.stream, recorded)


def test_the_last_turn_counts() -> None:
    shut, opened = AddressSuppressed("email", WITHDREW), AddressReleased("web-form")
    assert folded().because is None
    assert folded(shut).because == WITHDREW
    assert folded(shut, opened).because is None
    assert folded(shut, opened, AddressSuppressed("email", ERASED)).because == ERASED
    assert folded(shut, ArrivalStopped(WITHDREW, "fair", BOB)).because == WITHDREW


def test_nothing_personal_stands_in_an_address() -> None:
    for event in TURNS:
        assert all(str(field.type).startswith("Clear[") for field in fields(event)), event


@pytest.mark.parametrize(
    ("kind", "address", "spellings"),
    [
        (
            "email",
            "ana@example.org",
            [" Ana@Example.ORG ", "ana@example.org.", "\uff21NA@example.org", "a\u200bna@example.org"],
        ),
        (
            "email",
            "jos\u00e9@example.org",
            ["jose\u0301@example.org", "JOS\u00c9@example.org", "jose\u200b\u0301@example.org"],
        ),
        ("email", "ana@xn--bcher-kva.example", ["ana@b\u00fccher.example", "ana@BU\u0308CHER.example"]),
        ("phone", "+49 30 1234567", ["0049 (30) 123-4567", "+49 (0)30 1234567", "tel:+49-30-1234567"]),
        ("phone", "+20 2 123", ["\u0662\u0660 \u0662 \u0661\u0662\u0663", "+\uff12\uff10 2 123"]),
    ],
)
def test_an_address_is_recognised_however_it_is_written(kind: str, address: str, spellings: list[str]) -> None:
    assert {recognised(kind, spelling) for spelling in spellings} == {recognised(kind, address)}


@pytest.mark.parametrize(
    ("text", "other"),
    [("ana+jobs@example.org", "ana@example.org"), ("ana@example.org", "ana@example.com"), ("ana", "ana@example.org")],
)
def test_other_addresses_are_others(text: str, other: str) -> None:
    assert recognised("email", text) != recognised("email", other)


def test_an_arrival_is_stopped_and_that_is_recorded_once() -> None:
    given = {EMAIL.stream: folded(AddressSuppressed("email", ERASED)), PHONE.stream: folded()}
    with pytest.raises(AddressIsSuppressed) as refused:
        require_arrival(given, [PHONE, EMAIL], source="fair", candidate=BOB, fields=FIELDS)
    stop = ArrivalStopped(ERASED, "fair", BOB)
    assert (refused.value.where, refused.value.leaves) == ("emails", {EMAIL.stream: [stop]})
    again = {EMAIL.stream: folded(AddressSuppressed("email", ERASED), stop)}
    with pytest.raises(AddressIsSuppressed) as refused:
        require_arrival(again, [EMAIL], source="fair", candidate=BOB, fields=FIELDS)
    assert refused.value.leaves == {}
    with pytest.raises(AddressIsSuppressed) as refused:
        require_arrival(again, [EMAIL], source="old-crm", candidate=BOB, fields=FIELDS)
    assert list(refused.value.leaves) == [EMAIL.stream]
    require_arrival(given, [PHONE], source="fair", candidate=BOB, fields=FIELDS)


def test_erased_outweighs_withdrew_and_is_not_taken_back_by_a_consent() -> None:
    free, withdrew, erased = (
        folded(),
        folded(AddressSuppressed("email", WITHDREW)),
        folded(AddressSuppressed("email", ERASED)),
    )

    def states_of(state: Suppression) -> dict[UUID, Suppression]:
        return {EMAIL.stream: state}

    shut: list[Event] = [AddressSuppressed("email", WITHDREW)]
    assert suppressions(states_of(free), [EMAIL], WITHDREW) == {EMAIL.stream: shut}
    assert suppressions(states_of(withdrew), [EMAIL], WITHDREW) == {}
    assert suppressions(states_of(erased), [EMAIL], WITHDREW) == {}
    assert suppressions(states_of(withdrew), [EMAIL], ERASED) == {EMAIL.stream: [AddressSuppressed("email", ERASED)]}
    assert releases(states_of(free), [EMAIL], "web-form") == {}
    assert releases(states_of(erased), [EMAIL], "web-form", of=(WITHDREW,)) == {}
    assert releases(states_of(erased), [EMAIL], "web-form") == {EMAIL.stream: [AddressReleased("web-form")]}
    assert releases(states_of(withdrew), [EMAIL], "web-form", of=(WITHDREW,)) == {
        EMAIL.stream: [AddressReleased("web-form")]
    }
