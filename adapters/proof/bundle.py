"""A bundle: events of the log in one file, with all that an auditor needs to check them without us."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FORMAT = "perennial-bundle/1"
ENTRIES = '"entries":['
END = "]}"
TEXT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
"""The one way in which a bundle is written: without blanks, members in the order of this module."""


@dataclass(frozen=True, slots=True)
class Older:
    """A checkpoint that was signed before, and the hashes which show that the bundle's tree extends its tree."""

    note: str
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Range:
    """Everything from leaf `first` on, up to the checkpoint. `prefix`: the roots of the full subtrees before it."""

    first: int
    prefix: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Person:
    """The record that was asked for, and every record that was ever held to be the same person: how many events
    each has."""

    candidate: str
    records: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the entries: whose log, who signs, the state it is proved against, what the entries are."""

    origin: str
    verifier_key: str
    checkpoint: str
    checkpoints: Sequence[Older]
    of: Range | Person


@dataclass(frozen=True, slots=True)
class Opened:
    """A sealed part laid open: the 32 bytes of salt, and the JSON text of its fields. They hash to its commitment."""

    person: str
    group: str
    salt: bytes
    plaintext: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `leaf` and `clear` are RFC 8785 texts. `proof`: its inclusion; None in a range, which needs none."""

    index: int
    leaf: str
    clear: str
    proof: Sequence[bytes] | None
    opened: Sequence[Opened] = ()


def written(header: Header, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the bundle as JSON, a line for the header and one for each entry, so that it is never in memory at once."""
    yield header_text(header)
    before = "\n"
    for entry in entries:
        yield before + entry_text(entry)
        before = ",\n"
    yield f"\n{END}\n"


def header_text(header: Header) -> str:
    """Return the first line, up to the bracket that opens the entries."""
    person, range_ = (header.of, None) if isinstance(header.of, Person) else (None, header.of)
    document = {
        "format": FORMAT,
        "origin": header.origin,
        "verifier_key": header.verifier_key,
        "checkpoint": header.checkpoint,
        "checkpoints": [{"note": older.note, "proof": texts(older.proof)} for older in header.checkpoints],
        "candidate": person and person.candidate,
        "records": person and [{"record": record, "events": events} for record, events in person.records.items()],
        "range": range_ and {"first": range_.first, "prefix": texts(range_.prefix)},
    }
    return f"{TEXT.encode(document)[:-1]},{ENTRIES}"


def entry_text(entry: Entry) -> str:
    """Return an entry's line; the clear data goes in as it is."""
    proof = "" if entry.proof is None else f',"proof":{TEXT.encode(texts(entry.proof))}'
    opened = f',"opened":{TEXT.encode([opened_as_told(part) for part in entry.opened])}' if entry.opened else ""
    return f'{{"index":{entry.index},"leaf":{TEXT.encode(entry.leaf)},"clear":{entry.clear}{proof}{opened}}}'


def opened_as_told(opened: Opened) -> dict[str, Any]:
    salt = base64.b64encode(opened.salt).decode()
    return {"person": opened.person, "group": opened.group, "salt": salt, "plaintext": opened.plaintext}


def texts(hashes: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(digest).decode() for digest in hashes]
