"""One of many who flood: connections from an address of its own, and a count of what came of them."""

from __future__ import annotations

import asyncio
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

KIB, MIB = 1024, 1024 * 1024
PIECE = 64 * KIB
DIALS_WITHIN = 10.0
BIND_ADDRESS_NO_PORT = 24
"""Linux's IP_BIND_ADDRESS_NO_PORT, which Python 3.11 does not name: a port is chosen when the connection is made."""
STATUS = re.compile(rb"HTTP/1\.1 (\d\d\d) ")
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(slots=True)
class Stranger:
    """A client that connects from `address` until `ends`, by the loop's clock. `key`: an API key, or none."""

    port: int
    address: str
    key: str
    ends: float
    came: Counter[str] = field(default_factory=Counter)

    @property
    def over(self) -> bool:
        return asyncio.get_running_loop().time() >= self.ends

    @property
    def shown(self) -> bytes:
        """The header that shows the key."""
        return f"Authorization: Bearer {self.key}\r\n".encode() if self.key else b""

    @asynccontextmanager
    async def connection(self, kernel_bytes: int | None = None) -> AsyncIterator[socket.socket]:
        """`kernel_bytes`: what the kernel holds of what is not read. Errors: OSError, TimeoutError."""
        with socket.socket() as made:
            made.setblocking(False)
            if kernel_bytes is not None:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kernel_bytes)
            made.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
            made.bind((self.address, 0))
            async with asyncio.timeout(DIALS_WITHIN):
                await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", self.port))
            self.came["connections"] += 1
            yield made

    async def send(self, connection: socket.socket, data: bytes) -> None:
        """Errors: OSError, where the other end has closed; TimeoutError at the end."""
        async with asyncio.timeout_at(self.ends):
            await asyncio.get_running_loop().sock_sendall(connection, data)
        self.came["bytes sent"] += len(data)

    async def hear(self, connection: socket.socket) -> None:
        """Reads, counting statuses, until the other end closes or the flood ends."""
        rest = b""
        try:
            async with asyncio.timeout_at(self.ends):
                while piece := await asyncio.get_running_loop().sock_recv(connection, PIECE):
                    self.came["bytes heard"] += len(piece)
                    statuses = STATUS.findall(rest + piece)
                    self.came.update(status.decode() for status in statuses)
                    rest = (rest + piece)[-12:]  # too short for a whole one
            self.came["closed"] += 1
        except ConnectionError:
            self.came["closed"] += 1
        except TimeoutError:
            self.came["open at the end"] += 1

    async def answer(self, connection: socket.socket) -> str:
        """Read the next answer whole and return its status. Errors: OSError, TimeoutError."""
        loop, came = asyncio.get_running_loop(), b""
        async with asyncio.timeout_at(self.ends):
            while b"\r\n\r\n" not in came:
                came += await self._piece(loop, connection)
            head, _, body = came.partition(b"\r\n\r\n")
            matched = LENGTH.search(head + b"\r\n")
            left = (int(matched[1]) if matched else 0) - len(body)
            while left > 0:
                left -= len(await self._piece(loop, connection))
        status = head[9:12].decode()
        self.came[status] += 1
        return status

    async def _piece(self, loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
        piece = await loop.sock_recv(connection, PIECE)
        if not piece:
            raise ConnectionResetError
        self.came["bytes heard"] += len(piece)
        return piece

    async def pause(self, seconds: float) -> None:
        """For so long, or until the flood ends."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, min(seconds, self.ends - loop.time())))

    async def drip(self, connection: socket.socket, each: bytes, seconds: float) -> None:
        """Send a little again and again, until the other end closes; then read its answer."""
        with suppress(OSError):
            while not self.over:
                await self.send(connection, each)
                await self.pause(seconds)
        await self.hear(connection)
