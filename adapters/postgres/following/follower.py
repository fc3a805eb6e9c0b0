"""Follows the log in one session: claims what it may lead, and hands each new settled head to a consumer."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from typing import Any, Protocol

import psycopg

from adapters.postgres.connections import Connect
from adapters.postgres.following.feed import Feed
from adapters.postgres.following.leadership import Leadership

POLL = 0.25
"""Seconds until a follower looks again without a notice, unless told otherwise."""


class Consumer(Protocol):
    """What is done with the log. It keeps its own offset: in the transaction of its rows, or wherever it publishes."""

    def wanted(self, connection: psycopg.Connection[Any]) -> Collection[str]:
        """Return the names of all that it could lead; none of them is led by two sessions."""
        ...

    def lead(self, connection: psycopg.Connection[Any], names: Collection[str]) -> None:
        """Start to lead these: no other process does from now on. Offsets are read again."""
        ...

    def step(self, connection: psycopg.Connection[Any], head: int) -> bool:
        """Go on towards the settled head, with what is led; return whether there may be more to do at once."""
        ...


class Follower:
    """The loop of all that follow. pace: seconds from one step to the next while there is more to do. poll: seconds
    until the next step where no notice comes."""

    def __init__(
        self,
        connect: Connect,
        feed: Feed,
        leadership: Leadership,
        consumer: Consumer,
        *,
        pace: float = 0.0,
        poll: float = POLL,
    ) -> None:
        self._connect = connect
        self._feed = feed
        self._leadership = leadership
        self._consumer = consumer
        self._pace = pace
        self._poll = poll

    def run(self, stop: threading.Event) -> None:
        """Follows until it is to stop. Errors: those of the consumer and of the database; supervision runs it again."""
        with (
            self._connect() as connection,
            self._feed.listening(connection),
            self._leadership.session(connection),
        ):
            while not stop.is_set():
                self._claim(connection)
                began = time.monotonic()
                if self._leadership.held and self._consumer.step(connection, self._feed.head()):
                    stop.wait(max(0.0, began + self._pace - time.monotonic()))
                elif not stop.is_set():
                    self._feed.wait(connection, self._poll)

    def _claim(self, connection: psycopg.Connection[Any]) -> None:
        if self._leadership.is_due():
            names = self._consumer.wanted(connection)
            if won := self._leadership.claim(connection, names):
                self._consumer.lead(connection, won)
