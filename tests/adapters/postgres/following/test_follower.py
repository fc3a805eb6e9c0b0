"""What follows the log gets every settled event once and in order, whatever is killed and wherever its offset is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.postgres import PostgresDatastore
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.connections import session
from adapters.postgres.following.feed import Feed, batches
from adapters.postgres.following.follower import Follower
from adapters.postgres.following.leadership import Leadership, try_worker_lock
from adapters.postgres.log.barrier import Barrier
from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.migrate import PROJECTOR
from adapters.runtime.supervision import Supervision
from commands.attached import Attached
from tests.adapters.postgres.log.test_log import recorded, sourced

NAME = "publisher"


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 20))
def test_batches_cover_a_range_once_and_in_order(after: int, upto: int, size: int) -> None:
    ranges = list(batches(after, upto, size))
    assert [position for begin, end in ranges for position in range(begin + 1, end + 1)] == list(
        range(after + 1, upto + 1)
    )
    assert all(0 < end - begin <= size for begin, end in ranges)


@dataclass(slots=True)
class Topic:
    """Another system: what was published there, and the publisher's offset, which is written with it."""

    published: list[int] = field(default_factory=list)
    offset: int = 0


@dataclass(slots=True)
class Publisher:
    """A consumer that keeps its offset where it publishes. dies: fails after so many events, once."""

    topic: Topic
    dies: int = -1
    led: int = 0

    def wanted(self, _: psycopg.Connection[Any]) -> Collection[str]:
        return [NAME]

    def lead(self, _: psycopg.Connection[Any], names: Collection[str]) -> None:
        assert list(names) == [NAME]
        self.led += 1

    def step(self, connection: psycopg.Connection[Any], head: int) -> bool:
        for begin, end in batches(self.topic.offset, head, 3):
            rows = connection.execute(
                "select position from event where position > %s and position <= %s order by position", (begin, end)
            ).fetchall()
            if 0 <= self.dies <= len(self.topic.published):
                self.dies = -1
                raise psycopg.OperationalError("the topic is away")
            self.topic.published += [row["position"] for row in rows]
            self.topic.offset = end
        return False


@pytest.fixture
def datastore(database: str) -> Iterator[PostgresDatastore]:
    with open_datastore(database, PROJECTOR, pool_size=3) as datastore:
        yield datastore


@contextmanager
def following(datastore: PostgresDatastore, *publishers: Publisher) -> Iterator[list[Supervision]]:
    stop, feed = threading.Event(), Feed(Barrier(datastore.pool.connection))
    followers = [
        Follower(partial(session, datastore.pool), feed, Leadership(try_worker_lock), publisher)
        for publisher in publishers
    ]
    supervised = [Supervision(NAME, follower.run, first_delay=0.05) for follower in followers]
    threads = [threading.Thread(target=supervision.run, args=(stop,)) for supervision in supervised]
    for thread in threads:
        thread.start()
    try:
        yield supervised
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def append(log: EventLog, times: int = 1) -> int:
    for _ in range(times):
        position = log.append([recorded(uuid4(), 1, sourced("Ines"))], Attached())
    return position


def wait_until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def positions(log: EventLog) -> list[int]:
    return [int(notification.id) for notification in log.recorder.select_notifications(None, 1000)]


def test_it_catches_up_and_follows(log: EventLog, datastore: PostgresDatastore) -> None:
    topic, before = Topic(), append(log, 10)
    with following(datastore, Publisher(topic)):
        wait_until(lambda: topic.offset == before)
        after = append(log, 5)
        wait_until(lambda: topic.offset == after)
    assert topic.published == positions(log)


def test_after_an_error_it_goes_on_from_its_own_offset(log: EventLog, datastore: PostgresDatastore) -> None:
    topic, head = Topic(), append(log, 20)
    with following(datastore, Publisher(topic, dies=7)) as (supervision,):
        wait_until(lambda: topic.offset == head)
        assert supervision.state.last_error == "OperationalError: the topic is away"
    assert topic.published == positions(log)


def test_one_of_several_publishes_and_another_takes_over(log: EventLog, datastore: PostgresDatastore) -> None:
    topic = Topic()
    first, second = Publisher(topic), Publisher(topic)
    with following(datastore, second):
        wait_until(lambda: second.led == 1)
        with following(datastore, first):
            head = append(log, 5)
            wait_until(lambda: topic.offset == head)
            assert (first.led, second.led) == (0, 1)
        head = append(log, 5)
        wait_until(lambda: topic.offset == head)
    with following(datastore, first):
        head = append(log, 5)
        wait_until(lambda: topic.offset == head)
    assert (first.led, second.led) == (1, 1)
    assert topic.published == positions(log)


def test_a_killed_backend_costs_nothing(log: EventLog, datastore: PostgresDatastore, database: str) -> None:
    topic, publishers = Topic(), [Publisher(Topic()) for _ in range(2)]
    for publisher in publishers:
        publisher.topic = topic
    kill = (
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <>"
        " pg_backend_pid() and database = (select oid from pg_database where datname = current_database())"
    )
    with following(datastore, *publishers), psycopg.connect(database, autocommit=True) as owner:
        for _ in range(4):
            append(log, 3)
            owner.execute(kill.encode())
        head = append(log, 3)
        wait_until(lambda: topic.offset == head)
    assert topic.published == positions(log)


def test_a_notice_wakes_a_follower(log: EventLog, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        feed = Feed(log.recorder.barrier)
        with feed.listening(connection):
            threading.Timer(0.2, append, (log,)).start()
            assert feed.wait(connection, 30)
            wait_until(lambda: feed.present_head() == 1)
        assert not feed.wait(connection, 0), "it listens no more"
