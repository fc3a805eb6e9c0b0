"""However many come from one address, another's connection waits for few of them."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import uvloop

from adapters.web.framework import accepting
from adapters.web.framework.accepting import ACCEPTED_AT_ONCE, BROUGHT_IN_AT_ONCE, WAITING, WAITING_OF_ONE, Acceptor
from adapters.web.framework.turns import Party, Turns

PATIENCE = 20.0


@dataclass
class Visitors:
    """Protocols that note who came, and in which round of the loop."""

    came: list[str] = field(default_factory=list)

    def made(self) -> asyncio.Protocol:
        visitors = self

        class Visitor(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                visitors.came.append(transport.get_extra_info("peername")[0])

        return Visitor()


@contextmanager
def listening() -> Iterator[tuple[socket.socket, Callable[..., socket.socket]]]:
    """A listening socket, and what connects to it from an address and sends something."""
    with ExitStack() as stack:
        open_ = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        open_.setblocking(False)

        def dial(address: str, sent: bytes = b"G") -> socket.socket:
            made = stack.enter_context(socket.socket())
            made.bind((address, 0))
            made.settimeout(PATIENCE)
            made.connect(open_.getsockname())
            made.sendall(sent)
            return made

        yield open_, dial


def run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(work, PATIENCE))


def test_those_who_came_are_let_in_many_at_a_time() -> None:
    visitors = Visitors()

    async def work() -> None:
        with listening() as (open_, dial):
            for _ in range(WAITING_OF_ONE):
                dial("127.0.0.3")
            dial("127.0.0.2")
            acceptor, taken = Acceptor(open_, lambda _: None, Party, visitors.made), list[None]()
            take = acceptor._take
            acceptor._take = lambda: taken.append(take())  # type: ignore[method-assign]  # it counts the calls
            acceptor.open()
            while len(visitors.came) < WAITING_OF_ONE + 1:
                await asyncio.sleep(0)
            acceptor.close()
            assert len(taken) <= WAITING_OF_ONE // ACCEPTED_AT_ONCE + 2, "not one in each round"
            assert visitors.came.index("127.0.0.2") < WAITING_OF_ONE, "it does not wait for all before it"

    run(work())


def test_only_so_many_wait_to_be_brought_in_and_they_shut_no_other_party_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "Turns", partial(Turns, pause=3600.0))
    visitors, crowd = Visitors(), ("127.0.0.3", "127.0.0.4", "127.0.0.5")

    async def work() -> None:
        with listening() as (open_, dial):
            acceptor = Acceptor(open_, lambda _: None, Party, visitors.made)
            acceptor.open()
            for address in crowd:
                for _ in range(WAITING_OF_ONE + BROUGHT_IN_AT_ONCE + 20):
                    dial(address)
                await asyncio.sleep(0.01)
            dial("127.0.0.6")
            while not acceptor._waiting[Party("127.0.0.6")]:
                await asyncio.sleep(0)
            assert [acceptor._waiting[Party(address)] for address in crowd] == [WAITING_OF_ONE, WAITING_OF_ONE, 1]
            assert acceptor._waiting.total() == WAITING + 2
            assert len(visitors.came) == BROUGHT_IN_AT_ONCE
            acceptor.close()

    run(work())


def test_more_of_a_party_with_a_good_key_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "Turns", partial(Turns, pause=3600.0))
    visitors = Visitors()

    async def work() -> None:
        with listening() as (open_, dial):
            acceptor = Acceptor(open_, lambda _: None, partial(Party, has_good_key=True), visitors.made)
            acceptor.open()
            for _ in range(3):
                for _ in range(WAITING_OF_ONE):
                    dial("127.0.0.2")
                await asyncio.sleep(0.01)
            while len(visitors.came) < 3 * WAITING_OF_ONE:
                await asyncio.sleep(0)
            acceptor.close()

    run(work())


def test_silent_connections_are_sockets_and_the_oldest_of_the_party_with_most_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accepting, "SILENT_OF_ONE", 4)
    monkeypatch.setattr(accepting, "SILENT", 6)
    visitors = Visitors()

    async def work() -> None:
        with listening() as (open_, dial):
            acceptor = Acceptor(open_, lambda _: None, Party, visitors.made)
            acceptor.open()
            other = dial("127.0.0.2", b"")
            many = [dial("127.0.0.3", b"") for _ in range(6)]
            some = [dial("127.0.0.4", b"") for _ in range(3)]
            while acceptor._silent.of(Party("127.0.0.4")) < 3:
                await asyncio.sleep(0)
            assert [await closed(connection) for connection in many] == [True] * 4 + [False] * 2
            assert [await closed(connection) for connection in (other, *some)] == [False] * 4
            assert visitors.came == []
            for connection in (other, many[-1]):
                connection.sendall(b"G")
            while len(visitors.came) < 2:
                await asyncio.sleep(0)
            assert sorted(visitors.came) == ["127.0.0.2", "127.0.0.3"]
            assert len(acceptor._silent) == 4
            acceptor.close()
            assert [await closed(connection) for connection in some] == [True] * 3

    run(work())


async def closed(connection: socket.socket) -> bool:
    """Return whether the other end has closed the connection, after some rounds of the loop."""
    for _ in range(20):
        await asyncio.sleep(0)
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_a_connection_that_stays_silent_is_closed_and_one_that_ends_silently_is_never_opened() -> None:
    visitors = Visitors()

    async def work() -> None:
        with listening() as (open_, dial):
            acceptor = Acceptor(open_, lambda _: None, Party, visitors.made)
            acceptor.open()
            silent, ending = dial("127.0.0.2", b""), dial("127.0.0.3", b"")
            while len(acceptor._silent) < 2:
                await asyncio.sleep(0)
            ending.close()
            while len(acceptor._silent) > 1:
                await asyncio.sleep(0)
            acceptor.look(3600.0)
            assert not await closed(silent)
            acceptor.look(0.0)
            assert await closed(silent)
            assert (len(acceptor._silent), visitors.came) == (0, [])
            acceptor.close()

    run(work())


def test_who_finds_no_room_is_answered_and_nothing_is_made_for_them() -> None:
    visitors = Visitors()

    async def work() -> None:
        with listening() as (open_, dial):
            away = [dial("127.0.0.3") for _ in range(10)]
            dial("127.0.0.2")
            acceptor = Acceptor(open_, lambda host: b"full" if host == "127.0.0.3" else None, Party, visitors.made)
            acceptor.open()
            while not visitors.came:
                await asyncio.sleep(0)
            acceptor.close()
            assert visitors.came == ["127.0.0.2"]
            assert [refused.recv(64) for refused in away] == [b"full"] * 10

    run(work())


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_without_file_descriptors_it_rests_and_then_lets_in_again(
    number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(accepting, "TRIES_AGAIN_AFTER", 0.01)
    visitors, tries = Visitors(), 0

    class Exhausted:
        def __init__(self, below: socket.socket) -> None:
            self.below = below

        def fileno(self) -> int:
            return self.below.fileno()

        def accept(self) -> tuple[socket.socket, Any]:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise OSError(number, "too many")
            return self.below.accept()

    async def work() -> None:
        with listening() as (open_, dial):
            dial("127.0.0.2")
            acceptor = Acceptor(Exhausted(open_), lambda _: None, Party, visitors.made)  # type: ignore[arg-type]  # a socket that fails
            acceptor.open()
            while not visitors.came:
                await asyncio.sleep(0)
            acceptor.close()

    run(work())
    assert visitors.came == ["127.0.0.2"]
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2


def test_a_door_that_closes_closes_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "Turns", partial(Turns, pause=0.01))
    visitors = Visitors()

    async def work() -> None:
        with listening() as (open_, dial):
            waiting = [dial("127.0.0.3") for _ in range(BROUGHT_IN_AT_ONCE + 20)]
            acceptor = Acceptor(open_, lambda _: None, Party, visitors.made)
            acceptor.open()
            while not acceptor._waiting:
                await asyncio.sleep(0)
            acceptor.close()
            await asyncio.sleep(0.1)
            assert len(visitors.came) == BROUGHT_IN_AT_ONCE
            assert all([await closed(connection) for connection in waiting[BROUGHT_IN_AT_ONCE:]])

    run(work())


def test_a_closed_door_accepts_no_connection() -> None:
    visitors = Visitors()

    async def work() -> None:
        with listening() as (open_, dial):
            acceptor = Acceptor(open_, lambda _: None, Party, visitors.made)
            acceptor.open()
            acceptor.close()
            dial("127.0.0.2")
            for _ in range(20):
                await asyncio.sleep(0)

    run(work())
    assert visitors.came == []
