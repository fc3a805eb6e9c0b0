"""How the API is served: with streams that end when the server is told to stop, as they would not by themselves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from adapters.background import end_in_time
from adapters.web.document import Api

PATIENCE_SECONDS = 10
"""A reader that does not read is not waited for any longer than this."""


class Server(uvicorn.Server):
    """uvicorn; it tells the streams first, and the application itself when the last request is answered."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None], close: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams, self._close = end_streams, close

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        end_in_time()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.to_thread(self._end_streams)
        await super().shutdown(sockets)
        await asyncio.to_thread(self._close)


def server_of(app: Api, *, log_level: str = "warning") -> Server:
    """The server; `run(sockets=[...])` serves until it is told to stop."""
    config = uvicorn.Config(
        app,
        log_level=log_level,
        log_config=None,  # its messages go where ours go, and what is secret in them is taken out there
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever connects is who is counted: what a header says of it anybody may write
        lifespan="off",
        timeout_graceful_shutdown=PATIENCE_SECONDS,
    )
    return Server(config, app.end_streams, app.close)
