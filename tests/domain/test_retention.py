"""How long a person is kept: counted from their last activity, by the nearest law."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from domain.candidate import Candidate
from domain.consent import Answer, ConsentGiven, Consents, ConsentWithdrawn
from domain.retention import RULES, Rule, ends_on, is_over, last_contact, rule_of
from domain.touchpoint import Touchpoint
from domain.touchpoint_kinds import CATALOGUE
from domain.validity import ANY
from tests.given import ALICE

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = MARCH + timedelta(days=30)


def touched(kind: str | None, at: datetime = MARCH, *, machine: bool = False) -> Touchpoint:
    return Touchpoint(uuid4(), kind, at, None, machine)


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.kind)
def test_what_counts_as_contact_the_catalogue_says(kind: object) -> None:
    name, contact = kind.kind, kind.contact  # type: ignore[attr-defined]  # a Kind
    matching_contact = last_contact([Candidate(ALICE, touchpoints=(touched(name),))])
    assert matching_contact == (MARCH if contact else None)


def test_an_open_and_what_a_machine_did_are_no_contact() -> None:
    touchpoints = (
        touched("email-clicked"), touched("email-opened", LATER), touched("email-clicked", LATER, machine=True),
        touched("email-sent", LATER),
    )  # fmt: skip
    assert last_contact([Candidate(ALICE, touchpoints=touchpoints)]) == MARCH


def test_a_corrected_touchpoint_counts_as_it_is_believed_now() -> None:
    first = touched("call-received", LATER)
    assert last_contact([Candidate(ALICE, touchpoints=(first, replace(first, at=MARCH)))]) == MARCH
    assert last_contact([Candidate(ALICE, touchpoints=(first, replace(first, kind=None)))]) is None


def test_giving_a_consent_is_contact_and_taking_it_back_is_none() -> None:
    given = Answer(MARCH, uuid4(), ConsentGiven, "talent_pool", ("email",))
    taken = Answer(LATER, uuid4(), ConsentWithdrawn, "talent_pool", ("email",), True)
    assert last_contact([Candidate(ALICE, consents=Consents((given, taken)))]) == MARCH


def test_all_records_of_the_person_count() -> None:
    toucheds = [(touched("call-received"),), (touched("call-made", LATER),), (touched("meeting-held", LATER),), ()]
    records = [Candidate(ALICE, touchpoints=touchpoints) for touchpoints in toucheds]
    assert last_contact(records) == LATER


def test_the_nearest_law_decides() -> None:
    rules = {
        ANY: Rule(ANY, 24, "any"),
        "us": Rule("us", 36, "us"),
        "eu": Rule("eu", 12, "eu"),
        "fr": Rule("fr", 6, "fr"),
    }
    request = {"us-ca": 36, "us": 36, "fr": 6, "de": 12, "br": 24, "unknown": 24}
    assert {law: rule_of(rules, law).months for law in request} == request


@pytest.mark.parametrize(
    ("last", "months", "over"),
    [("2024-05-31", 24, "2026-05-31"), ("2024-01-31", 1, "2024-02-29"), ("2023-12-31", 2, "2024-02-29"),
     ("2024-02-29", 12, "2025-02-28")],
)  # fmt: skip
def test_it_is_over_on_the_same_day_so_many_months_later_or_the_months_last(last: str, months: int, over: str) -> None:
    assert ends_on({ANY: Rule(ANY, months, "test")}, "unknown", date.fromisoformat(last)) == date.fromisoformat(over)


def test_days_begin_and_end_in_the_organisations_zone() -> None:
    last, tokyo = datetime(2024, 3, 1, 20, tzinfo=UTC), ZoneInfo("Asia/Tokyo")  # there it is the 2nd
    assert is_over(RULES, "unknown", last, date(2026, 3, 1), ZoneInfo("UTC"))
    assert not is_over(RULES, "unknown", last, date(2026, 3, 1), tokyo)
    assert is_over(RULES, "unknown", last, date(2026, 3, 2), tokyo)


def test_every_rule_says_where_its_figure_comes_from() -> None:
    assert RULES[ANY].months == 24
    for rule in RULES.values():
        assert rule.because
        assert 1 <= rule.months <= 120
