"""An event as a bundle tells it: what its leaf binds, its clear data, and what was opened of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.proof.bundle_reading import BundleDoesNotHold, a_list, a_number, a_text, parsed
from adapters.proof.leaf import CLEAR, FORMAT

MEMBERS = (
    "actor", "causation", "clear_sha256", "correlation", "event", "format", "occurred_at", "occurred_how", "origin",
    "parts", "people", "position", "recorded_at", "stream", "type", "version",
)  # fmt: skip
PART = ("ciphertext_sha256", "commitment", "group", "key", "person")
PART_IN_UNKNOWN_SPELLING = ("state_sha256",)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed part as the leaf keeps it; `commitment` in hex."""

    person: str
    group: str
    commitment: str


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """`at` is when it was so, as well as the log knows: the occurrence, or else the recording. `opened`: the personal
    fields that were laid open, by person and group."""

    index: int
    position: int
    stream: str
    version: int
    event: str
    type: str
    at: datetime
    recorded_at: datetime
    actor: str
    origin: str
    clear_sha256: str
    parts: Sequence[Part]
    clear: Mapping[str, Any]
    opened: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)


def logged_event_of(index: int, leaf: str, clear: Mapping[str, Any]) -> LoggedEvent:
    """Return the event of a leaf's text. Errors: BundleDoesNotHold if the text is no leaf."""
    document = parsed(leaf, f"leaf {index}")
    if tuple(document) != MEMBERS or CLEAR.encode(document) != leaf:
        raise BundleDoesNotHold(f"leaf {index} has not the members of a leaf, in their order")
    if whole(document["format"], index) != FORMAT:
        raise BundleDoesNotHold(f"leaf {index} is of a format unknown to this version")
    for name in ("occurred_how", *(name for name in ("causation", "correlation") if document[name] is not None)):
        text(document[name], index)
    for person in a_list(document["people"], f"the people of leaf {index}"):
        text(person, index)
    recorded_at = moment_of(document["recorded_at"], index)
    return LoggedEvent(
        index=index,
        position=whole(document["position"], index),
        stream=text(document["stream"], index),
        version=whole(document["version"], index),
        event=text(document["event"], index),
        type=text(document["type"], index),
        at=recorded_at if document["occurred_at"] is None else moment_of(document["occurred_at"], index),
        recorded_at=recorded_at,
        actor=text(document["actor"], index),
        origin=text(document["origin"], index),
        clear_sha256=text(document["clear_sha256"], index),
        parts=parts_of(document["parts"], index),
        clear=clear,
    )


def parts_of(listed: Any, index: int) -> list[Part]:
    """Return the parts; one in an unknown spelling has nothing that could be opened."""
    parts = a_list(listed, f"the parts of leaf {index}")
    for part in parts:
        if not isinstance(part, dict) or tuple(part) not in (PART, PART_IN_UNKNOWN_SPELLING) or not all(part.values()):
            raise BundleDoesNotHold(f"leaf {index} has a part that is none")
        for value in part.values():
            text(value, index)
    return [Part(part["person"], part["group"], part["commitment"]) for part in parts if tuple(part) == PART]


def text(value: Any, index: int) -> str:
    return a_text(value, f"a text of leaf {index}")


def whole(value: Any, index: int) -> int:
    return a_number(value, f"a number of leaf {index}")


def moment_of(value: Any, index: int) -> datetime:
    if isinstance(value, str) and MOMENT.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise BundleDoesNotHold(f"leaf {index} names a time that there is not: {error}") from error
    raise BundleDoesNotHold(f"leaf {index} has a time that no event of ours has")


def fields_of(plaintext: str, index: int) -> Mapping[str, Any]:
    """Return the fields of an opened part. Errors: BundleDoesNotHold."""
    try:
        fields = json.loads(plaintext)
    except (ValueError, RecursionError) as error:
        raise BundleDoesNotHold(f"what is opened of leaf {index} is no JSON") from error
    if not isinstance(fields, dict):
        raise BundleDoesNotHold(f"what is opened of leaf {index} is no object")
    return fields
