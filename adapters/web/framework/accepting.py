"""Newcomers are let in many at a time: however many come from one address, another's connection waits for few of them.

libuv takes one connection in each round of the event loop. While each round is long, those that a flood opened stand
before all others for seconds.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

ACCEPTED_AT_ONCE = 64
TRIES_AGAIN_AFTER = 1.0
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
log = logging.getLogger(__name__)


class Door:
    """Takes connections from a listening socket.

    `turned_away`: the answer to a connection from that host where there is no room for it, else None. `made`: makes the
    protocol of one that comes in.
    """

    def __init__(
        self,
        listening: socket.socket,
        turned_away: Callable[[str], bytes | None],
        made: Callable[[], asyncio.Protocol],
    ) -> None:
        self._listening, self._turned_away, self._made = listening, turned_away, made
        self._loop = asyncio.get_running_loop()
        self._coming: set[asyncio.Task[object]] = set()
        self._again: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._again = None
        self._loop.add_reader(self._listening.fileno(), self._take)

    def close(self) -> None:
        self._loop.remove_reader(self._listening.fileno())
        if self._again is not None:
            self._again.cancel()

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
        if (answer := self._turned_away(address[0])) is not None:
            with accepted:
                accepted.send(answer)
            return
        coming = self._loop.create_task(self._connect(accepted))
        self._coming.add(coming)
        coming.add_done_callback(self._coming.discard)

    async def _connect(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._made, accepted)
        except OSError:
            accepted.close()  # it has gone by now

    def _rest(self, error: OSError) -> None:
        """Lets nobody in for a moment: there are no file descriptors, or no memory, for more."""
        log.error("no more connections can be taken at present: %s", error)
        self._loop.remove_reader(self._listening.fileno())
        self._again = self._loop.call_later(TRIES_AGAIN_AFTER, self.open)
