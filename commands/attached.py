"""What commits together with the events of a command: a request's answer, a delivery, the offset of a consumer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A request's key and the answer to it. `request_hash` is hex, `response` is plain JSON that only the caller reads.

    The log's position is kept beside the response.
    """

    key: str
    request_hash: str
    response: Mapping[str, Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Statement:
    """A delivery states something of a stream as of a time: `what` is 'stage', 'title' or the code of a fact."""

    stream: UUID
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of an outside system: `outcome` is applied, waiting or kept, `reason` why it was not used.

    fingerprint: a keyed hash of its content, None where a repetition is not to be recognised. told_at: the time that it
    gives itself. subject: the stream that it is about. waits_for: the stream in which its cause will appear.
    `settles`: it is kept already, and waited until now. statements: what it states or confirms, where it was applied.
    is_thin: the facts that it names are to be fetched.
    """

    source: str
    delivery_id: str
    assurance: str
    action: str
    outcome: str
    reason: str | None
    people: tuple[UUID, ...]
    sealed_body: bytes
    fingerprint: str | None = None
    told_at: datetime | None = None
    subject: UUID | None = None
    waits_for: UUID | None = None
    settles: bool = False
    statements: tuple[Statement, ...] = ()
    is_thin: bool = False


@dataclass(frozen=True, slots=True)
class Offset:
    """How far a consumer has read what it follows: `reached` only ever rises."""

    consumer: str
    reached: int


@dataclass(frozen=True, slots=True)
class Attached:
    """What must commit together with the events."""

    idempotency: Idempotency | None = None
    delivery: Delivery | None = None
    offset: Offset | None = None
