"""One session of all leads each name; when it ends, however it ends, another takes over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from random import Random

import psycopg
import pytest

from adapters.postgres.following.leadership import Leadership, try_worker_lock

Session = tuple[psycopg.Connection[object], Leadership]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def session(stack: ExitStack, database: str) -> Session:
    connection = stack.enter_context(psycopg.connect(database, autocommit=True))
    leadership = Leadership(try_worker_lock)
    stack.enter_context(leadership.session(connection))
    return connection, leadership


def claim(session: Session, *names: str) -> list[str]:
    return session[1].claim(session[0], names)


def test_each_name_is_led_by_one_session(database: str, stack: ExitStack) -> None:
    first, second = session(stack, database), session(stack, database)
    assert claim(first, "a", "b") == ["a", "b"]
    assert claim(second, "a", "b", "c") == ["c"]
    assert claim(first, "a", "b", "c") == [], "what is held is not won again"
    assert (first[1].held, second[1].held) == ({"a", "b"}, {"c"})


def test_it_ends_with_the_block(database: str, stack: ExitStack) -> None:
    with ExitStack() as short:
        assert claim(session(short, database), "a") == ["a"]
    assert claim(session(stack, database), "a") == ["a"]


def test_it_ends_with_a_killed_backend(database: str) -> None:
    with ExitStack() as killed, suppress(psycopg.OperationalError):
        first = session(killed, database)
        assert claim(first, "a") == ["a"]
        with psycopg.connect(database, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s)", (first[0].info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            first[1].confirm(first[0])
    with ExitStack() as stack:
        second = session(stack, database)
        give_up = time.monotonic() + 20
        while not claim(second, "a"):
            assert time.monotonic() < give_up


def test_however_many_try_one_leads_at_any_time(database: str) -> None:
    leading, at_once, seed = [0], [0], 7
    lock = threading.Lock()

    def work(number: int) -> None:
        random = Random(seed + number)
        for _ in range(15):
            with ExitStack() as stack:
                if claim(session(stack, database), "a"):
                    with lock:
                        leading[0] += 1
                        at_once[0] = max(at_once[0], leading[0])
                    time.sleep(random.random() / 200)
                    with lock:
                        leading[0] -= 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert at_once == [1]
