"""How the API is served: bounded connections, memory that goes back, and streams that end with the server."""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from adapters.runtime.background import end_in_time
from adapters.web.framework.accepting import Door
from adapters.web.framework.connections import Connection, Connections
from adapters.web.framework.document import Api
from adapters.web.framework.memory import Trimmer

SWITCH_SECONDS = 0.001
FILES = 4096
PATIENCE_SECONDS = 10
"""A reader that does not read is not waited for any longer than this."""


class Server(uvicorn.Server):
    """uvicorn; it tells the streams first, and the application itself when the last request is answered.

    Meanwhile it looks after its connections, and gives memory that is free back to the system.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        everyone: Connections,
        end_streams: Callable[[], None],
        close: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self.everyone = everyone
        self._end_streams, self._close = end_streams, close
        self._trimmer, self._look_at = Trimmer(), 0.0
        self._doors: list[Door] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens. uvicorn's own startup has nothing to listen to then."""
        for listening in sockets or ():
            hold_little(listening, self.everyone.bounds.kernel_bytes)
            listening.setblocking(False)
            listening.listen(self.config.backlog)
            self._doors.append(
                Door(listening, self.everyone.turned_away, self.everyone.party_of, self._made, self.everyone.pace)
            )
            self._doors[-1].open()
        await super().startup([])

    def _made(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn does
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def on_tick(self, counter: int) -> bool:
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + self.everyone.bounds.looks_every
            self.everyone.look()
            self._trimmer.look(now)
        return await super().on_tick(counter)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serves. The thread of the event loop waits a millisecond for the interpreter, not five, while others work."""
        sys.setswitchinterval(SWITCH_SECONDS)
        open_many()
        super().run(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        end_in_time()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for door in self._doors:
            door.close()
        await asyncio.to_thread(self._end_streams)
        await super().shutdown(sockets)
        await asyncio.to_thread(self._close)


def open_many() -> None:
    """Has the process open as many files as it may, up to FILES: connections that wait to be brought in are some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def hold_little(listening: socket.socket, kernel_bytes: int) -> None:
    """Has the kernel hold about so much of what was sent and not read yet, for each connection that comes in here."""
    for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        listening.setsockopt(socket.SOL_SOCKET, buffer, kernel_bytes)


def server_of(app: Api, *, log_level: str = "warning") -> Server:
    """The server; `run(sockets=[...])` serves until it is told to stop."""
    everyone = Connections(app.bounds)
    protocol: Any = partial(Connection, everyone=everyone)
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        log_level=log_level,
        log_config=None,  # its messages go where ours go, and what is secret in them is taken out there
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever connects is who is counted: what a header says of it anybody may write
        lifespan="off",
        timeout_graceful_shutdown=PATIENCE_SECONDS,
    )
    return Server(config, everyone, app.end_streams, app.close)
