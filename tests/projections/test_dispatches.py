"""Few people, few days, many answers and corrections: each dispatch stands as the oracle says, however it is folded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.projector.fold import create_schema, fold
from projections.consent_state import CONSENT_STATE
from projections.dispatches import DISPATCHES
from queries.dispatches import Sought, dispatches
from queries.question import AsOf
from tests import oracle
from tests.projections.histories import START, Event, History, record
from tests.projections.test_any_history import (
    FAST,
    TODAY,
    ZONE,
    as_told,
    check_dispatches,
    check_expiring,
    fold_in_batches,
    rows,
)
from tests.rows import closed

MODELS = (DISPATCHES, CONSENT_STATE)
LIVE = {model.schema: model for model in MODELS}
NEXT = {model.next_schema: model for model in MODELS}
moments = st.sampled_from([0, 1, 2, 3, 101, 102]).map(lambda day: START + timedelta(day))
people = st.integers(0, 1)
kinds = st.sampled_from(["email-sent", "email-sent", "email-sent", "text-sent", "note-written"])
purposes = st.sampled_from(["talent_pool", "talent_pool", "talent_pool", "events"])
channels = st.sampled_from([["email"], ["email", "text"], ["text"]])


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        for model in MODELS:
            create_schema(connection, model, model.schema, ZONE)
            create_schema(connection, model, model.next_schema, ZONE)
        connection.commit()
        yield connection


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    history = History(first=1)
    for number in range(2):
        history.person(number, START)
    for _ in range(draw(st.integers(4, 16))):
        person, at = history.person(draw(people), START), draw(moments)
        match draw(st.integers(0, 9)):
            case 0 | 1 | 2:
                history.consent(
                    person, draw(st.sampled_from([1, 1, 1, 2, 0, 3, 4])), at, draw(purposes), draw(channels)
                )
            case 3 | 4 | 5:
                history.touch(person, draw(kinds), at, 0, False, draw(st.none() | purposes))
            case 6 | 7 | 8:
                history.correct(draw(st.integers(0, 3)), draw(st.none() | kinds), at, 0, False)
            case _ if draw(st.booleans()):
                history.merge(person, history.person(draw(people), START), None, stricter=draw(st.booleans()))
            case _:
                history.unmerge(0, None)
    return history.log


@FAST
@given(log=logs(), data=st.data())
def test_as_of_every_position_dispatches_stand_as_the_oracle_says(
    connection: psycopg.Connection[Any], log: list[Event], data: st.DataObject
) -> None:
    positions = [event["position"] for event in log]
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    fold_in_batches(connection, NEXT, log, data.draw(st.lists(st.sampled_from(positions), unique=True).map(sorted)))
    for model in MODELS:
        assert rows(connection, model.schema) == rows(connection, model.next_schema)
    for position in positions:
        log_so_far = [event for event in log if event["position"] <= position]
        answer = dispatches(connection, AsOf(position, TODAY, ZONE), Sought(), limit=50)
        assert [as_told(dispatch) for dispatch in answer.dispatches] == oracle.dispatches(log_so_far)
    check_dispatches(connection, log, AsOf(positions[-1], TODAY, ZONE))
    check_expiring(connection, log, AsOf(positions[-1], TODAY, ZONE))


EMAIL = ["email"]


def at(day: int) -> datetime:
    return START + timedelta(day)


def standing(connection: psycopg.Connection[Any], history: History) -> list[str]:
    """How the one dispatch of the history stands as of each position from its own on."""
    connection.rollback()
    record(connection, history.log)
    fold(connection, LIVE, 0, history.position, ZONE, closed)
    answers = (dispatches(connection, AsOf(event["position"], TODAY, ZONE), Sought()) for event in history.log)
    return [dispatch.standing for page in answers for dispatch in page.dispatches]


def test_a_correction_is_judged_by_what_was_known_of_the_consent_that_it_cites(
    connection: psycopg.Connection[Any],
) -> None:
    history = History(first=1)
    person = history.person(0, at(0))
    history.consent(person, 1, at(1), "talent_pool", EMAIL)
    history.touch(person, "email-sent", at(5), 0, False)
    history.correct(0, "email-sent", at(4), 0, False)
    history.consent(person, 3, at(3), "talent_pool", EMAIL)
    history.correct(0, "email-sent", at(3), 0, False)
    history.correct(0, "email-sent", at(2), 0, False)
    history.correct(0, "text-sent", at(2), 0, False)
    history.correct(0, "email-sent", at(5), 0, False)
    expected = ["authorised", "authorised", "authorised", "exception", "authorised", "exception", "authorised"]
    assert standing(connection, history) == expected


def test_a_no_of_the_same_moment_wins_over_the_consent_that_a_correction_cites(
    connection: psycopg.Connection[Any],
) -> None:
    history = History(first=1)
    person = history.person(0, at(0))
    history.consent(person, 1, at(1), "talent_pool", EMAIL)
    history.touch(person, "email-sent", at(5), 0, False)
    history.consent(person, 0, at(1), "talent_pool", EMAIL)
    history.correct(0, "email-sent", at(4), 0, False)
    assert standing(connection, history) == ["authorised", "authorised", "exception"]


def test_the_consent_that_a_correction_cites_may_stand_in_another_record_of_the_person(
    connection: psycopg.Connection[Any],
) -> None:
    history = History(first=1)
    person, other = (history.person(number, at(0)) for number in range(2))
    history.consent(person, 1, at(1), "talent_pool", EMAIL)
    history.touch(other, "email-sent", at(5), 0, False)
    history.correct(0, "email-sent", at(4), 0, False)
    history.merge(person, other, at(6), stricter=False)
    history.correct(0, "email-sent", at(3), 0, False)
    history.unmerge(0, at(7))
    history.correct(0, "email-sent", at(2), 0, False)
    standings = standing(connection, history)
    assert standings == [
        "authorised",
        "exception",
        "exception",
        "exception",
        "authorised",
        "authorised",
        "authorised",
        "exception",
    ]


def test_what_was_no_dispatch_and_turns_out_to_be_one_cites_nothing(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    person = history.person(0, at(0))
    history.consent(person, 1, at(1), "talent_pool", EMAIL)
    history.touch(person, "note-written", at(5), 0, False)
    history.correct(0, "email-sent", at(4), 0, False)
    assert standing(connection, history) == ["exception"]
    (dispatch,) = dispatches(connection, AsOf(history.position, TODAY, ZONE), Sought()).dispatches
    assert (dispatch.event, dispatch.corrected_by, dispatch.consent) == (
        UUID(int=history.position - 1),
        dispatch.event,
        None,
    )
