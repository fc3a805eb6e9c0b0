"""The row of an event that was read from the log, as a leaf takes it."""

from __future__ import annotations

from adapters.postgres.log.stored import LoggedEvent
from adapters.proof.leaf import StoredRow, microseconds


def row_of(event: LoggedEvent) -> StoredRow:
    """The same of an event that was read from the log (one with a position)."""
    if event.position is None or event.recorded_at is None:
        raise ValueError("an event has no leaf before it is stored")
    return StoredRow(
        position=event.position,
        stream=str(event.originator_id),
        version=event.originator_version,
        event=str(event.event_id),
        type=event.topic,
        occurred_at=None if event.occurred_at is None else microseconds(event.occurred_at),
        occurred_how=event.occurred_how,
        recorded_at=microseconds(event.recorded_at),
        actor=event.actor,
        causation=None if event.causation_id is None else str(event.causation_id),
        correlation=None if event.correlation_id is None else str(event.correlation_id),
        clear=event.clear,
        people="{" + ",".join(map(str, event.people)) + "}",
        state=bytes(event.state),
    )
