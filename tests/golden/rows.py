"""Golden rows as files: written once for an event version, then only read."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.postgres.keys.key_file import read_key_file
from adapters.postgres.keys.sealing import Keyring, PersonKey
from adapters.postgres.log.mapper import SealingMapper
from adapters.postgres.log.stored import LoggedEvent
from domain.catalogue import EVENTS, UPCASTS

FOLDER = Path(__file__).parent
ROWS = FOLDER / "rows"
SEALS = FOLDER / "SHA256SUMS"
TEXTS = ".texts"
ORIGIN = "perennial-log/golden"


def golden_mapper() -> SealingMapper:
    """The product's mapper, with the key file that the golden rows were sealed under."""
    return SealingMapper(ORIGIN, Keyring(read_key_file(FOLDER / "keys.json")), EVENTS, UPCASTS)


def names() -> list[str]:
    """The stored names that have a golden row."""
    return sorted(path.stem for path in ROWS.glob("*.json") if not path.stem.endswith(TEXTS))


def names_with_texts() -> list[str]:
    """The golden rows of events whose codes were made of texts: the stored name, and '.texts'."""
    return sorted(path.stem for path in ROWS.glob(f"*{TEXTS}.json"))


def sums() -> dict[str, str]:
    """The SHA-256 (hex) that each file had when it was written."""
    lines = SEALS.read_text().splitlines()
    return {file: digest for digest, file in (line.split("  ") for line in lines)}


def sum_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def row(stored_name: str) -> dict[str, Any]:
    """The file's content: an `event` row with `state` as a list of parts, and `keys`, the people's wrapped keys."""
    row: dict[str, Any] = json.loads((ROWS / f"{stored_name}.json").read_text())
    return row


def stored_event(golden: Mapping[str, Any]) -> LoggedEvent:
    """The row as the recorder gives it to the mapper."""
    keys = [
        PersonKey(UUID(key["person"]), UUID(key["key_id"]), key["epoch"], base64.b64decode(key["wrapped"]))
        for key in golden["keys"]
    ]
    return LoggedEvent(
        originator_id=UUID(golden["stream_id"]),
        originator_version=golden["stream_version"],
        topic=golden["type"],
        state=state(golden),
        event_id=UUID(golden["event_id"]),
        occurred_at=moment(golden["occurred_at"]),
        occurred_how=golden["occurred_how"],
        actor=golden["actor"],
        causation_id=identifier(golden["causation_id"]),
        correlation_id=identifier(golden["correlation_id"]),
        clear=json.dumps(golden["clear"]),
        people=tuple(map(UUID, golden["people"])),
        recorded_at=moment(golden["recorded_at"]),
        position=golden["position"],
        keys={key.person: key for key in keys},
    )


def state(golden: Mapping[str, Any]) -> bytes:
    return json.dumps(golden["state"]).encode()


def moment(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


def identifier(written: str | None) -> UUID | None:
    return None if written is None else UUID(written)
