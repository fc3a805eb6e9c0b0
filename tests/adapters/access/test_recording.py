"""Every reading is one event of a stream of its own, with the reader as its actor, and in the log before the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import psycopg
import pytest

from adapters.access.policy import Role
from adapters.access.principal import Principal
from adapters.access.recording import Readings
from adapters.postgres.log.event_log import EventLog
from domain.access import PeopleExported, PeopleSearched, PeopleViewed
from domain.event import ERASED

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
ANA = Principal("ana", frozenset({Role.RECRUITER}))
ROBOT = Principal("hose", frozenset({Role.INTEGRATION}), source="greenhouse")
FIRST, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
def readings(log: EventLog) -> Readings:
    return Readings(log, uuid4, lambda: NOW, lambda view: uuid5(NAMESPACE_URL, view))


def recorded(log: EventLog) -> list[Any]:
    with log.recorder.datastore.pool.connection() as connection:
        rows = connection.execute("select stream_id from event order by position").fetchall()
    return [event for row in rows for event in log.history(row["stream_id"])]


def test_a_page_of_many_people_is_one_event_and_the_reader_its_actor(log: EventLog, readings: Readings) -> None:
    readings.viewed(ANA, "members", [OTHER, FIRST, OTHER])
    (event,) = recorded(log)
    assert event.event == PeopleViewed("members", (str(FIRST), str(OTHER)))
    assert (event.actor, event.version) == ("user:ana", 1)
    readings.viewed(ANA, "members", [UUID(int=number) for number in range(500)])
    assert len(recorded(log)) == 2
    assert len({event.stream for event in recorded(log)}) == 2


def test_a_page_that_shows_no_one_is_no_reading(log: EventLog, readings: Readings) -> None:
    readings.viewed(ANA, "members", [])
    assert recorded(log) == []


def test_a_search_that_finds_no_one_is_a_search_and_what_was_typed_is_sealed(
    log: EventLog, readings: Readings, database: str
) -> None:
    readings.searched(ROBOT, "candidates", [], "Canary Quillfeather")
    (event,) = recorded(log)
    assert event.event == PeopleSearched("candidates", (), "Canary Quillfeather")
    assert event.actor == "integration:greenhouse"
    with psycopg.connect(database) as connection:
        (row,) = connection.execute("select e::text, encode(state, 'escape') from event e").fetchall()
        assert "Quillfeather" not in "".join(row)
        connection.execute("select destroy_person_key(%s)", (event.stream,))
    (event,) = recorded(log)
    assert event.event.asked == ERASED


def test_an_export_has_an_id_of_its_own_and_says_what_it_holds(log: EventLog, readings: Readings) -> None:
    export = readings.exported(ANA, "rejected-lines", [FIRST], ["personal"])
    (event,) = recorded(log)
    assert event.event == PeopleExported(export, "rejected-lines", (str(FIRST),), ("personal",))


def test_what_cannot_be_recorded_is_not_shown() -> None:
    class Away:
        def append_all(self, _: Any) -> list[Exception]:
            return [psycopg.OperationalError("away")]

    readings = Readings(Away(), uuid4, lambda: NOW, lambda view: uuid5(NAMESPACE_URL, view))
    with pytest.raises(psycopg.OperationalError, match="away"):
        readings.viewed(ANA, "profile", [FIRST])
