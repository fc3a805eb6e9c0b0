"""Accepts connections in batches and opens them in turns, so that a flood from one address delays no other address.

libuv accepts one connection in each round of the event loop. During a flood each round is long, and the connections of
the flood would delay all others for seconds.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from adapters.web.framework.turns import NO_CROWD, Pace, Party, Turns

ACCEPTED_AT_ONCE, BROUGHT_IN_AT_ONCE = 64, 8
WAITING_OF_ONE, WAITING = 128, 256
"""How many accepted connections may wait to be opened, of one party and of all. A connection beyond that is closed at
once, but one connection of each party may always wait. Connections of a party with a good key are not closed: they stay
in the kernel's queue."""
TRIES_AGAIN_AFTER = 1.0
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
log = logging.getLogger(__name__)


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
        self._waiting: Counter[Party] = Counter()
        self._sockets: set[socket.socket] = set()
        self._full: set[Party] = set()
        """Parties with a good key and the most waiting connections. While there is one, nothing more is accepted."""
        self._coming: set[asyncio.Task[object]] = set()
        self._again: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._again = None
        self._loop.add_reader(self._listening.fileno(), self._take)

    def close(self) -> None:
        """Stop accepting, and close the connections that wait."""
        self._loop.remove_reader(self._listening.fileno())
        if self._again is not None:
            self._again.cancel()
        for waiting in self._sockets:
            waiting.close()
        self._sockets.clear()

    def _take(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            if self._full:
                return
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
        party, answer = self._party_of(address[0]), self._refusal_for(address[0])
        most = WAITING_OF_ONE if self._waiting.total() < WAITING else 1
        if answer is None and (party.has_good_key or self._waiting[party] < most):
            self._waiting[party] += 1
            self._sockets.add(accepted)
            if self._waiting[party] >= WAITING_OF_ONE and party.has_good_key:
                self._full.add(party)
            self._turns.begin(party, partial(self._bring_in, party, accepted))
            return
        with accepted, suppress(OSError):
            accepted.send(answer or b"")

    def _bring_in(self, party: Party, accepted: socket.socket) -> None:
        self._waiting[party] -= 1
        self._full.discard(party)
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
