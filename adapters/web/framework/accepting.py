"""Accepts connections at once and opens them in turns, once they have sent something.

Accepting waits for nothing: if the kernel's queue is full, a newcomer tries again after a second. A connection that has
sent nothing is only a socket, so that a flood of silent connections costs little and delays no other connection.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from adapters.web.framework.bounds import KIB
from adapters.web.framework.turns import NO_CROWD, Pace, Party, Turns

ACCEPTED_AT_ONCE, BROUGHT_IN_AT_ONCE = 64, 8
WAITING_OF_ONE, WAITING, WAITING_WITH_A_GOOD_KEY = 128, 256, 512
"""How many connections that have sent something may wait to be opened: of one party, of all, and of one party with a
good key. One connection of each party may always wait. A connection beyond that is closed."""
SILENT_OF_ONE, SILENT = 512, 1024
"""How many connections that have sent nothing are kept, of one party and of all. For another one the oldest of the
party, or of the party that has the most, is closed."""
TRIES_AGAIN_AFTER = 1.0
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
log = logging.getLogger(__name__)


class Silent:
    """Sockets that were accepted and have sent nothing, oldest first, of each party.

    `speaks` is called for each that sends something or ends. The loop watches one selector instead of each socket: a
    flood of silent connections is then a system call for each of them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, speaks: Callable[[Party, socket.socket], None]) -> None:
        self._loop, self._speaks = loop, speaks
        self._selector = selectors.DefaultSelector()
        self._of: dict[Party, dict[socket.socket, float]] = {}
        self._number = 0
        loop.add_reader(self._selector.fileno(), self._heard)

    def __len__(self) -> int:
        return self._number

    def of(self, party: Party) -> int:
        return len(self._of.get(party, ()))

    def hold(self, party: Party, accepted: socket.socket) -> None:
        """Keep the socket until it sends something."""
        self._of.setdefault(party, {})[accepted] = time.monotonic()
        self._number += 1
        self._selector.register(accepted, selectors.EVENT_READ, party)
        if self.of(party) > SILENT_OF_ONE:
            self._close_oldest(party)
        elif self._number > SILENT:
            self._close_oldest(max(self._of, key=self.of))

    def close_older_than(self, since: float) -> None:
        """Close every socket that has sent nothing since then or before."""
        for party in list(self._of):
            for accepted, at in list(self._of[party].items()):
                if at > since:
                    break
                self._close(party, accepted)

    def close(self) -> None:
        self.close_older_than(time.monotonic())
        self._loop.remove_reader(self._selector.fileno())
        self._selector.close()

    def _heard(self) -> None:
        for key, _ in self._selector.select(0):
            accepted: Any = key.fileobj
            self._let_go(key.data, accepted)
            self._speaks(key.data, accepted)

    def _let_go(self, party: Party, accepted: socket.socket) -> None:
        self._selector.unregister(accepted)
        del self._of[party][accepted]
        self._number -= 1
        if not self._of[party]:
            del self._of[party]

    def _close_oldest(self, party: Party) -> None:
        self._close(party, next(iter(self._of[party])))

    def _close(self, party: Party, accepted: socket.socket) -> None:
        self._let_go(party, accepted)
        accepted.close()


class Acceptor:
    """Accepts connections from a listening socket and opens them in turns; until its turn a connection is a socket.

    `refusal_for`: returns the answer to a connection from that host if there is no room for it, else None. `party_of`:
    returns the party whose turn a connection from that host takes. `made`: makes the protocol of a connection.
    """

    def __init__(
        self,
        listening: socket.socket,
        refusal_for: Callable[[str], bytes | None],
        party_of: Callable[[str], Party],
        made: Callable[[], asyncio.Protocol],
        pace: Pace | None = None,
    ) -> None:
        self._listening, self._refusal_for, self._party_of, self._made = listening, refusal_for, party_of, made
        self._loop = asyncio.get_running_loop()
        self._turns = Turns(BROUGHT_IN_AT_ONCE, crowd=NO_CROWD, pace=pace)
        self._silent = Silent(self._loop, self._speaks)
        self._waiting: Counter[Party] = Counter()
        self._sockets: set[socket.socket] = set()
        self._coming: set[asyncio.Task[object]] = set()
        self._again: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._again = None
        self._loop.add_reader(self._listening.fileno(), self._take)

    def look(self, silent_seconds: float) -> None:
        """Close the connections that have sent nothing for so long."""
        self._silent.close_older_than(time.monotonic() - silent_seconds)

    def close(self) -> None:
        """Stop accepting, and close the connections that wait."""
        self._loop.remove_reader(self._listening.fileno())
        if self._again is not None:
            self._again.cancel()
        self._silent.close()
        for waiting in self._sockets:
            waiting.close()
        self._sockets.clear()

    def _take(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted, address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                self._rest(error)
                return
            self._let_in(accepted, address)

    def _let_in(self, accepted: socket.socket, address: tuple[str, int]) -> None:
        accepted.setblocking(False)
        if (answer := self._refusal_for(address[0])) is not None:
            turn_away(accepted, answer)
            return
        party = self._party_of(address[0])
        if (has_sent := has_data(accepted)) is None:
            self._silent.hold(party, accepted)
        else:
            self._queue(party, accepted, has_sent)

    def _speaks(self, party: Party, accepted: socket.socket) -> None:
        self._queue(party, accepted, bool(has_data(accepted)))

    def _queue(self, party: Party, accepted: socket.socket, has_sent: bool) -> None:
        """Open the connection when it is its turn, unless its other end has closed it or too many wait."""
        if not has_sent or self._waiting[party] >= self._most_of(party):
            accepted.close()
            return
        self._waiting[party] += 1
        self._sockets.add(accepted)
        self._turns.begin(party, partial(self._bring_in, party, accepted))

    def _most_of(self, party: Party) -> int:
        if party.has_good_key:
            return WAITING_WITH_A_GOOD_KEY
        return WAITING_OF_ONE if self._waiting.total() < WAITING else 1

    def _bring_in(self, party: Party, accepted: socket.socket) -> None:
        self._waiting[party] -= 1
        if not self._waiting[party]:
            del self._waiting[party]
        if accepted not in self._sockets:
            return  # closed meanwhile
        self._sockets.discard(accepted)
        coming = self._loop.create_task(self._connect(accepted))
        self._coming.add(coming)
        coming.add_done_callback(self._coming.discard)

    async def _connect(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._made, accepted)
        except OSError:
            accepted.close()  # the other end has closed it

    def _rest(self, error: OSError) -> None:
        """Pause accepting: there are no file descriptors, or no memory, for more connections."""
        log.error("no more connections can be taken at present: %s", error)
        self._loop.remove_reader(self._listening.fileno())
        self._again = self._loop.call_later(TRIES_AGAIN_AFTER, self.open)


def has_data(accepted: socket.socket) -> bool | None:
    """Return whether the other end has sent something, False if it has closed instead, None if it has done neither."""
    try:
        return bool(accepted.recv(1, socket.MSG_PEEK))
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return False


def turn_away(accepted: socket.socket, answer: bytes) -> None:
    """Answer and close. What has arrived is read first: if it is unread, the other end may lose the answer."""
    with accepted:
        with suppress(OSError):
            accepted.recv(64 * KIB)
        with suppress(OSError):
            accepted.send(answer)
