"""Serves the API with limited connections, returns free memory to the system, and ends streams on shutdown."""

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
from adapters.web.framework.accepting import Acceptor
from adapters.web.framework.connections import Connection, Connections
from adapters.web.framework.document import Api
from adapters.web.framework.memory import Trimmer

SWITCH_SECONDS = 0.001
FILES = 4096
PATIENCE_SECONDS = 10
"""The longest that shutdown waits for a client that does not read."""


class Server(uvicorn.Server):
    """uvicorn's server, which on shutdown ends the streams first, and closes the application after the last request.

    While it runs, it ends connections that take too long, and returns free memory to the system.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        connections: Connections,
        end_streams: Callable[[], None],
        close: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self.all_connections = connections
        self._end_streams, self._close = end_streams, close
        self._trimmer, self._look_at = Trimmer(), 0.0
        self._acceptors: list[Acceptor] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on the sockets. uvicorn's own startup gets none."""
        for listening in sockets or ():
            hold_little(listening, self.all_connections.bounds.kernel_bytes)
            listening.setblocking(False)
            listening.listen(self.config.backlog)
            self._acceptors.append(
                Acceptor(
                    listening,
                    self.all_connections.refusal_for,
                    self.all_connections.party_of,
                    self._made,
                    self.all_connections.pace,
                )
            )
            self._acceptors[-1].open()
        await super().startup([])

    def _made(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn does
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def on_tick(self, counter: int) -> bool:
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + self.all_connections.bounds.looks_every
            self.all_connections.look()
            for acceptor in self._acceptors:
                acceptor.look(self.all_connections.bounds.head_seconds)
            self._trimmer.look(now)
        return await super().on_tick(counter)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve. The event loop's thread waits 1 ms for the interpreter's lock while other threads work, not 5 ms."""
        sys.setswitchinterval(SWITCH_SECONDS)
        open_many()
        super().run(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        end_in_time()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        await asyncio.to_thread(self._end_streams)
        await super().shutdown(sockets)
        await asyncio.to_thread(self._close)


def open_many() -> None:
    """Raise the process's limit of open files up to FILES, or as far as permitted: waiting connections need some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def hold_little(listening: socket.socket, kernel_bytes: int) -> None:
    """Set the kernel's buffers of the connections of a listening socket, each way, to about so many bytes."""
    for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        listening.setsockopt(socket.SOL_SOCKET, buffer, kernel_bytes)


def server_of(app: Api, *, log_level: str = "warning") -> Server:
    """Return the server; `run(sockets=[...])` serves until a signal stops it."""
    connections = Connections(app.bounds)
    protocol: Any = partial(Connection, all_connections=connections)
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        log_level=log_level,
        log_config=None,  # its messages go to our log, which redacts secrets
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the connection's own address is counted: a header can be forged
        lifespan="off",
        timeout_graceful_shutdown=PATIENCE_SECONDS,
    )
    return Server(config, connections, app.end_streams, app.close)
