"""How much of the server one connection, one address and all of them together may take, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a process that serves. docs/access.md says what each is for.

    Sizes are in bytes, times in seconds. `pipelined`: requests of one connection that wait for the one before them.
    `bytes_per_second`: how fast a body is sent and an answer is read at least, on average and after a first while
    (`body_seconds`, `read_seconds`). `answer_seconds`: from the end of a request to the beginning of its answer.
    `body_memory`: what is held of all bodies at one moment, half of it for deliveries. `kernel_bytes`: what the kernel
    is asked to hold of a connection, each way.
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
