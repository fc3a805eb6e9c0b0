"""Writes the golden row of an event version that has none yet, and the strings that are new; never over one that is
there: `python -m tests.golden.write`."""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from adapters.postgres.log.stored import LoggedEvent
from domain.event import Event, Recorded
from tests.golden.expected import EXPECTED, STREAM, WITH_TEXTS
from tests.golden.rows import ROWS, SEALS, TEXTS, golden_mapper, names, names_with_texts, sum_of
from tests.golden.strings import STRINGS, kept, made


def main() -> None:
    ROWS.mkdir(exist_ok=True)
    written = {*names(), *names_with_texts()}
    expected = {**EXPECTED, **{f"{stored_name}{TEXTS}": event for stored_name, event in WITH_TEXTS.items()}}
    for name in sorted(expected.keys() - written):
        event = expected[name]
        if event.stored_name != name.removesuffix(TEXTS):
            sys.exit(f"{name} is an older name: its row can only be written while it is the newest")
        path = ROWS / f"{name}.json"
        path.write_text(json.dumps(document(golden_mapper().to_stored_event(recorded(event))), indent=1) + "\n")
        with SEALS.open("a") as seals:
            seals.write(f"{sum_of(path)}  {path.name}\n")
    STRINGS.write_text(json.dumps(dict(sorted((made() | kept()).items())), indent=1, ensure_ascii=False) + "\n")


def recorded(event: Event) -> Recorded[Event]:
    """The event as of a fixed recording; every second kind of event does not know when it occurred."""
    occurred = len(event.stored_name) % 2 == 0
    return Recorded(
        stream=STREAM,
        version=7,
        event=event,
        id=uuid5(STREAM, event.stored_name),
        recorded_at=datetime(2026, 7, 1, 12, 0, 0, 250000, tzinfo=UTC),
        occurred_at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC) if occurred else None,
        occurred_how="stated" if occurred else "unknown",
        actor="recruiter:7",
        causation=uuid5(STREAM, "causation") if occurred else None,
        correlation=uuid5(STREAM, "correlation"),
        position=41,
    )


def document(stored: LoggedEvent) -> dict[str, Any]:
    return {
        "position": 41,
        "stream_id": str(stored.originator_id),
        "stream_version": stored.originator_version,
        "event_id": str(stored.event_id),
        "type": stored.topic,
        "occurred_at": None if stored.occurred_at is None else stored.occurred_at.isoformat(),
        "occurred_how": stored.occurred_how,
        "recorded_at": None if stored.recorded_at is None else stored.recorded_at.isoformat(),
        "actor": stored.actor,
        "causation_id": written(stored.causation_id),
        "correlation_id": written(stored.correlation_id),
        "clear": json.loads(stored.clear),
        "people": [str(person) for person in stored.people],
        "state": json.loads(stored.state),
        "keys": [
            {
                "person": str(key.person),
                "key_id": str(key.key_id),
                "epoch": key.epoch,
                "wrapped": base64.b64encode(key.wrapped or b"").decode(),
            }
            for key in stored.brings
        ],
    }


def written(identifier: UUID | None) -> str | None:
    return None if identifier is None else str(identifier)


if __name__ == "__main__":
    main()
