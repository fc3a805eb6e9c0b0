"""An event row on its way to or from the log: the library's stored event, its clear columns beside the sealed part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent

from adapters.postgres.keys.sealing import PersonKey

PLAIN_ACTOR = "library"
"""Who recorded a row that came as the library's plain stored event; such a row is given back as one."""


@dataclass(frozen=True)
class LoggedEvent(StoredEvent):
    """`state` is the sealed part alone: a JSON list of parts. `clear` is a JSON object in RFC 8785 form."""

    event_id: UUID
    occurred_at: datetime | None
    occurred_how: str
    actor: str
    causation_id: UUID | None
    correlation_id: UUID | None
    clear: str
    people: tuple[UUID, ...]
    recorded_at: datetime | None = None
    position: int | None = None
    keys: Mapping[UUID, PersonKey] = field(default_factory=dict)
    """Reading: the stored keys of the people named, living or not."""
    uses: tuple[UUID, ...] = ()
    """Writing: the key ids the parts are sealed with."""
    brings: tuple[PersonKey, ...] = ()
    """Writing: keys that must be stored with the event, or before it."""


def as_logged(event: StoredEvent) -> LoggedEvent:
    """Return the event with our columns; a plain one gets a fresh id, so that only its own retry finds it again."""
    if isinstance(event, LoggedEvent):
        return event
    return LoggedEvent(
        originator_id=event.originator_id,
        originator_version=event.originator_version,
        topic=event.topic,
        state=event.state,
        event_id=uuid4(),
        occurred_at=None,
        occurred_how="unknown",
        actor=PLAIN_ACTOR,
        causation_id=None,
        correlation_id=None,
        clear="{}",
        people=(),
    )


def from_row(row: Mapping[str, Any], clear: str, keys: Mapping[UUID, PersonKey]) -> StoredEvent:
    """Return the stored event of an `event` row (a dict row of its columns)."""
    if row["actor"] == PLAIN_ACTOR:
        return StoredEvent(row["stream_id"], row["stream_version"], row["type"], bytes(row["state"]))
    return LoggedEvent(
        originator_id=row["stream_id"],
        originator_version=row["stream_version"],
        topic=row["type"],
        state=bytes(row["state"]),
        event_id=row["event_id"],
        occurred_at=row["occurred_at"],
        occurred_how=row["occurred_how"],
        actor=row["actor"],
        causation_id=row["causation_id"],
        correlation_id=row["correlation_id"],
        clear=clear,
        people=tuple(row["people"]),
        recorded_at=row["recorded_at"],
        position=row["position"],
        keys=keys,
    )
