"""The limits of what one connection, one address and all of them together may use of the server, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a process that serves. docs/access.md says what each is for.

    Sizes are in bytes, times in seconds. `pipelined`: requests of one connection that wait for an earlier request.
    `bytes_per_second`: the least average speed of sending a body and of reading an answer, after a first period
    (`body_seconds`, `read_seconds`). `answer_seconds`: from the end of a request to the start of its answer.
    `body_memory`: the memory of all request bodies together, half of it for deliveries. `kernel_bytes`: the kernel's
    buffer of a connection, each way.
    """

    head_bytes: int = 64 * KIB
    headers: int = 100
    target_bytes: int = 32 * KIB
    parameters: int = 100
    pipelined: int = 16
    connections: int = 768
    connections_per_address: int = 256
    body_memory: int = 64 * MIB
    kernel_bytes: int = 64 * KIB
    head_seconds: float = 10.0
    keep_alive_seconds: float = 30.0
    body_idle_seconds: float = 20.0
    body_seconds: float = 30.0
    read_seconds: float = 60.0
    bytes_per_second: float = 4096.0
    answer_seconds: float = 120.0
    closing_seconds: float = 5.0
    looks_every: float = 1.0
