"""A completed segment moves all that was counted of the person, from the position of the completion on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.postgres.projector.fold import create_schema, fold
from projections.engagement import ENGAGEMENT
from projections.index import READ_MODELS
from projections.pipeline import PIPELINE
from projections.touchpoint_counts import TOUCHPOINT_COUNTS
from queries.candidate import candidate
from queries.engagement import engagement
from queries.pipeline_growth import pipeline_growth
from queries.question import AsOf, Period, Segment
from queries.source_of_hire import source_of_hire
from queries.time_to_hire import time_to_hire
from queries.touchpoint_counts import touchpoint_counts
from tests.projections.histories import History, record
from tests.rows import closed

ZONE = "Europe/Berlin"
NOON = datetime(2024, 1, 10, 12, tzinfo=UTC)
YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))
LIVE = {model.schema: model for model in READ_MODELS}
EVERY_SEGMENT = {0: ("source", "role", "location"), 1: ("role",)}


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        for model in READ_MODELS:
            create_schema(connection, model, model.schema, ZONE)
        yield connection


def folded(connection: psycopg.Connection[Any], history: History) -> None:
    """Each event is a batch of its own: what was counted before is found in the tables."""
    record(connection, history.log)
    for position in range(history.position):
        fold(connection, LIVE, position - 1, position, ZONE, closed)


def as_of(position: int) -> AsOf:
    return AsOf(position, datetime(2024, 12, 31, tzinfo=UTC), ZONE)


def counted(connection: psycopg.Connection[Any], position: int, segment: Segment) -> dict[str, int]:
    """How many people and things every metric counts in the segment."""
    arguments = (connection, YEAR, as_of(position), segment)
    return {
        "new": pipeline_growth(*arguments).total.new,
        "hired": pipeline_growth(*arguments).total.exited_hired,
        "sent": engagement(*arguments).total.sent,
        "replied": engagement(*arguments).total.reply.n,
        "touchpoints": touchpoint_counts(*arguments).n,
        "hires": time_to_hire(*arguments).n,
        "sources": source_of_hire(*arguments).n,
    }


ALL = {"new": 1, "hired": 1, "sent": 1, "replied": 1, "touchpoints": 2, "hires": 1, "sources": 1}
NONE = dict.fromkeys(ALL, 0)


def lived(history: History, number: int) -> str:
    """A person who entered, got a message, replied and was hired."""
    person = history.person(number, NOON)
    history.touch(person, "email-sent", NOON + timedelta(days=1), 1, machine=False)
    history.touch(person, "email-replied", NOON + timedelta(days=2), 1, machine=False)
    history.hire(person, None, NOON + timedelta(days=9))
    return person


def test_all_that_was_counted_moves(connection: psycopg.Connection[Any]) -> None:
    history = History(1, EVERY_SEGMENT)
    person = lived(history, 0)
    before = history.position - 1
    history.complete(person, 2, NOON)
    partly = history.position - 1
    history.complete(person, 0, NOON)
    after = history.position - 1
    folded(connection, history)
    unknown = Segment("unknown", "unknown", "unknown")
    in_the_place, everywhere = Segment("unknown", "unknown", "l0"), Segment("s0", "r0", "l0")
    for position, theirs in ((before, unknown), (partly, in_the_place), (after, everywhere)):
        for segment in (unknown, in_the_place, everywhere):
            assert counted(connection, position, segment) == (ALL if segment == theirs else NONE)
        assert counted(connection, position, Segment()) == ALL
        summary = candidate(connection, UUID(person), as_of(position))
        assert summary is not None
        assert (summary.source, summary.role, summary.location) == tuple(theirs.named.values())
    sources = [source_of_hire(connection, YEAR, as_of(position)).sources for position in (partly, after)]
    assert [[share.source for share in shares] for shares in sources] == [["unknown"], ["s0"]]


def test_what_a_merge_moved_to_another_record_stays_there(connection: psycopg.Connection[Any]) -> None:
    """The completed record is absorbed: its person has the segments of the other one, until the un-merge."""
    history = History(1, {0: ("role",)})
    absorbed, survivor = lived(history, 0), history.person(3, NOON)
    history.merge(survivor, absorbed, NOON, stricter=False)
    history.complete(absorbed, 0, NOON)
    merged = history.position - 1
    history.unmerge(0, NOON)
    after = history.position - 1
    folded(connection, history)
    assert pipeline_growth(connection, YEAR, as_of(merged), Segment(role="r0")).total.new == 0
    assert pipeline_growth(connection, YEAR, as_of(merged), Segment(role="r1")).total.new == 1
    assert pipeline_growth(connection, YEAR, as_of(after), Segment(role="r0")).total.new == 1
    assert pipeline_growth(connection, YEAR, as_of(after), Segment(role="unknown")).total.new == 0
    assert touchpoint_counts(connection, YEAR, as_of(merged), Segment(role="r0")).n == 2


@pytest.mark.parametrize("model", [PIPELINE, ENGAGEMENT, TOUCHPOINT_COUNTS], ids=lambda model: model.name)
def test_the_differences_of_a_person_are_kept_until_their_segments_are_known(
    connection: psycopg.Connection[Any], model: Any
) -> None:
    history = History(1, {0: ("role", "location")})
    person, _ = lived(history, 0), lived(history, 2)
    history.complete(person, 1, NOON)
    before = history.position - 1
    history.complete(person, 0, NOON)
    record(connection, history.log)
    kept = f"select distinct entity::text from {model.schema}.open".encode()
    fold(connection, LIVE, 0, before, ZONE, closed)
    assert connection.execute(kept).fetchall() == [(person,)]
    fold(connection, LIVE, before, before + 1, ZONE, closed)
    assert connection.execute(kept).fetchall() == []
