"""The days and hours at which a definition turns, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from adapters.postgres.projector.fold import create_schema, fold
from projections.index import READ_MODELS
from queries.engagement import engagement
from queries.pipeline_growth import pipeline_growth
from queries.question import EVERYBODY, AsOf, Period, Segment
from queries.time_to_fill import time_to_fill
from tests.projections.histories import History, record
from tests.rows import closed

ZONE = "Europe/Berlin"
NOON = datetime(2024, 1, 10, 12, tzinfo=UTC)
YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))
LIVE = {model.schema: model for model in READ_MODELS}


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        for model in READ_MODELS:
            create_schema(connection, model, model.schema, ZONE)
        yield connection


def folded(connection: psycopg.Connection[Any], history: History) -> AsOf:
    record(connection, history.log)
    fold(connection, LIVE, 0, history.position, ZONE, closed)
    return AsOf(history.position - 1, datetime(2024, 12, 31, tzinfo=UTC), ZONE)


@pytest.mark.parametrize(
    ("lag", "window", "replies"),
    [
        (timedelta(days=14) - timedelta(microseconds=1), 14, 1),
        (timedelta(days=14), 14, 0),
        (timedelta(days=14), 30, 1),
        (timedelta(days=90), 90, 0),
        (timedelta(hours=-1), 7, 1),
    ],
)
def test_a_reply_counts_when_it_came_within_the_window(
    connection: psycopg.Connection[Any], lag: timedelta, window: int, replies: int
) -> None:
    history = History(first=1)
    person = history.person(0, NOON)
    history.touch(person, "email-sent", NOON, 1, machine=False)
    history.touch(person, "email-replied", NOON + lag, 1, machine=False)
    rates = engagement(connection, YEAR, folded(connection, history), window_days=window)
    assert (rates.total.reply.n, rates.n, rates.n_censored) == (replies, 1, 0)


@pytest.mark.parametrize(("days", "exited", "dormant"), [(179, 1, 0), (180, 0, 1)])
def test_who_is_dormant_no_longer_exits(
    connection: psycopg.Connection[Any], days: int, exited: int, dormant: int
) -> None:
    history = History(first=1)
    person = history.person(0, NOON)
    history.hire(person, None, NOON + timedelta(days=days))
    growth = pipeline_growth(connection, YEAR, folded(connection, history))
    assert (growth.total.new, growth.total.exited_hired, growth.total.dormant) == (1, exited, dormant)
    assert growth.total.closing == 0


@pytest.mark.parametrize(("days", "returns"), [(180, 0), (181, 1)])
def test_who_comes_on_the_day_of_dormancy_never_left(
    connection: psycopg.Connection[Any], days: int, returns: int
) -> None:
    history = History(first=1)
    history.touch(history.person(0, NOON), "meeting-held", NOON + timedelta(days=days), 0, machine=False)
    growth = pipeline_growth(connection, Period(date(2024, 1, 1), date(2024, 9, 1)), folded(connection, history))
    assert (growth.total.reactivated, growth.total.dormant, growth.total.closing) == (returns, returns, 1)


def test_an_earlier_first_opening_learned_late_moves_all_hires_before_and_after_it(
    connection: psycopg.Connection[Any],
) -> None:
    history = History(first=1)
    job = history.job(0, NOON)
    history.open_seat(job, NOON + timedelta(days=20))
    history.hire(history.person(0, NOON), job, NOON + timedelta(days=50))
    before = history.position - 1
    history.open_seat(job, NOON)
    history.hire(history.person(1, NOON), job, NOON + timedelta(days=51))
    as_of = folded(connection, history)
    now = time_to_fill(connection, YEAR, as_of, definition="pinpoint")
    then = time_to_fill(connection, YEAR, AsOf(before, as_of.at, ZONE), definition="pinpoint")
    assert (then.n_filled, then.mean) == (1, Decimal("30.0"))
    assert (now.n_filled, now.mean) == (2, Decimal("50.5"))


def test_an_open_one_waits_until_the_local_day_of_as_of(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    history.open_seat(history.job(0, NOON), NOON)
    as_of = folded(connection, history)
    days_open = time_to_fill(connection, YEAR, as_of, definition="smartrecruiters.days_open")
    assert (days_open.n_censored, days_open.mean) == (1, Decimal("356.0"))
    assert time_to_fill(connection, YEAR, as_of).median is None


def test_a_merged_person_counts_once_and_twice_again_after_the_undoing(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    first, other = history.person(0, NOON), history.person(1, NOON + timedelta(days=60))
    two_people = history.position - 1
    history.merge(first, other, None, stricter=False)
    merged = history.position - 1
    history.touch(other, "meeting-held", NOON + timedelta(days=200), 0, machine=False)
    late = history.position - 1
    history.unmerge(0, None)
    as_of = folded(connection, history)

    def flows(position: int, segment: Segment = EVERYBODY) -> tuple[int, int, int]:
        total = pipeline_growth(connection, YEAR, AsOf(position, as_of.at, ZONE), segment).total
        return total.new, total.reactivated, total.dormant

    assert (flows(two_people), flows(merged)) == ((2, 0, 2), (1, 0, 1))
    assert flows(late) == (1, 0, 0), "on day 200 the person of both had been active since day 60"
    assert flows(as_of.position) == (2, 0, 1), "the meeting was the other record's, which keeps it"
    by_source = [flows(late, Segment(source=source)) for source in ("s0", "s1")]
    assert by_source == [(1, 0, 0), (0, 0, 0)], "a merged person is of the root's segment"


def test_a_message_to_both_records_of_a_person_is_one(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    first, other = history.person(0, NOON), history.person(1, NOON)
    history.touch(first, "email-sent", NOON + timedelta(days=1), 1, machine=False)
    history.touch(other, "email-sent", NOON, 1, machine=False)
    history.touch(first, "email-replied", NOON + timedelta(days=7, hours=1), 1, machine=False)
    apart = history.position - 1
    history.merge(first, other, None, stricter=False)
    as_of = folded(connection, history)
    before = engagement(connection, YEAR, AsOf(apart, as_of.at, ZONE), window_days=7)
    after = engagement(connection, YEAR, as_of, window_days=7)
    assert (before.n, before.total.reply.n) == (2, 1)
    assert (after.n, after.total.reply.n) == (1, 0), "the earliest send of all was more than seven days before"


def test_a_hire_that_is_undone_was_no_exit(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    history.hire(history.person(0, NOON), None, NOON + timedelta(days=30))
    hired = history.position - 1
    history.unhire(history.applications[0], NOON + timedelta(days=40))
    as_of = folded(connection, history)
    then = pipeline_growth(connection, YEAR, AsOf(hired, as_of.at, ZONE)).total
    now = pipeline_growth(connection, YEAR, as_of).total
    assert (then.exited_hired, then.dormant, now.exited_hired, now.dormant) == (1, 0, 0, 1)


def test_the_first_activity_is_new_whatever_went_before_it(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    person = history.person(0, NOON)
    history.withdraw_consent(person, NOON - timedelta(days=30), "talent_pool", ["email"], entirely=True)
    history.hire(person, None, NOON - timedelta(days=20))
    exits = history.position - 1
    history.touch(person, "meeting-held", NOON - timedelta(days=25), 0, machine=False)
    other = history.person(1, NOON + timedelta(days=3))
    history.withdraw_consent(other, NOON - timedelta(days=40), "talent_pool", ["email"], entirely=True)
    apart = history.position - 1
    history.merge(person, other, None, stricter=False)
    as_of = folded(connection, history)

    def flows(position: int) -> tuple[int, int, int]:
        period = Period(date(2023, 11, 1), date(2024, 5, 1))
        total = pipeline_growth(connection, period, AsOf(position, as_of.at, ZONE)).total
        assert total.closing == total.opening + total.new + total.reactivated - total.dormant - total.exited
        return total.new, total.reactivated, total.exited_hired

    assert flows(exits) == (1, 0, 0)
    assert flows(apart) == (2, 1, 1), "with an activity before the hire, the entry after it is a return"
    assert flows(as_of.position) == (1, 1, 1)


def test_a_reaction_counts_for_the_recipient_whom_the_message_reached(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    first, other = history.person(0, NOON), history.person(1, NOON)
    for person in (first, other):
        history.touch(person, "email-sent", NOON, 1, machine=False)
        for kind in ("email-opened", "email-clicked", "email-replied"):
            history.touch(person, kind, NOON + timedelta(hours=1), 1, machine=False)
    history.touch(other, "email-bounced", NOON + timedelta(hours=2), 1, machine=False)
    apart = history.position - 1
    history.merge(first, other, None, stricter=False)
    merged = history.position - 1
    history.touch(first, "email-bounced", NOON + timedelta(hours=2), 1, machine=False)
    as_of = folded(connection, history)

    def counted(position: int) -> tuple[int, int, int, int, int]:
        total = engagement(connection, YEAR, AsOf(position, as_of.at, ZONE)).total
        assert total.reply.of == total.delivered
        return total.sent, total.bounced, total.reply.n, total.open_total.n, total.click_to_open.n

    assert counted(apart) == (2, 1, 1, 1, 1)
    assert counted(merged) == (1, 0, 1, 1, 1), "it reached the person at one of their records"
    assert counted(as_of.position) == (1, 1, 0, 0, 0)


def test_a_click_without_an_open_is_no_part_of_those_who_opened(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    for number, kinds in enumerate((("email-opened", "email-clicked"), ("email-clicked",), ("email-clicked",))):
        person = history.person(number, NOON)
        for kind in ("email-sent", *kinds):
            history.touch(person, kind, NOON, 1, machine=False)
    total = engagement(connection, YEAR, folded(connection, history)).total
    assert (total.click.n, total.click.of) == (3, 3)
    assert (total.click_to_open.n, total.click_to_open.of) == (1, 1)
