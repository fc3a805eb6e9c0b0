"""A history as columns, one row an event: drawn in blocks, put in recorded order, then numbered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Column: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Words: TypeAlias = npt.NDArray[np.uint64]
Block: TypeAlias = dict[str, Column]

NONE = -1
FOREVER = 2**62
# Large enough for no history, small enough to add a term to.
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Type(IntEnum):
    """Which event a row is."""

    SOURCED = 0
    REFERRED = 1
    FACT = 2
    GIVEN = 3
    REFUSED = 4
    WITHDRAWN = 5
    TOUCHPOINT = 6
    CORRECTED = 7
    REQUISITION = 8
    OPENED = 9
    FILLED = 10
    CANCELLED = 11
    SUBMITTED = 12
    PROSPECT = 13
    STAGE = 14
    REJECTED = 15
    LEFT = 16
    ACCEPTED = 17
    HIRED = 18
    MERGED = 19
    UNMERGED = 20
    JOINED = 21
    QUIT = 22
    FOUNDED = 23
    REOPENED = 24
    HELD = 25
    RESUMED = 26
    TARGET = 27
    MANAGER = 28
    RECRUITER = 29
    BACK = 30
    UNREJECTED = 31
    UNHIRED = 32
    OFFERED = 33
    DECLINED = 34
    RESCINDED = 35
    TRANSFERRED = 36
    VOUCHED_FOR = 37
    REFERRAL_ASKED = 38
    MADE = 39
    TAKEN_UP = 40
    TURNED_DOWN = 41
    TURNED_INTO = 42
    CREDITED = 43


FIELDS: dict[str, type[np.signedinteger]] = {
    "type": np.int8,
    "stream": np.int32,
    "occurred": np.int64,
    "recorded": np.int64,
    "step": np.int8,  # the order within one append
    "person": np.int32,
    "referrer": np.int32,
    "kind": np.int16,
    "touch": np.int32,
    "message": np.int32,
    "machine": np.int8,
    "authorised": np.int8,
    "consent": np.int32,
    "requisition": np.int32,
    "opening": np.int32,
    "application": np.int32,
    "referral": np.int32,
    "community": np.int16,
    "other": np.int32,  # the second of two: who absorbed a record, or the requisition that an application goes on for
    "imported": np.int8,
    "code": np.int16,
    "flag": np.int8,
    "until": np.int64,  # valid until, accepted at, or when a corrected touchpoint was
    "new_kind": np.int16,
    "new_at": np.int64,
    "new_machine": np.int8,
}


def microseconds(day: date) -> int:
    """Return the first microsecond of a UTC day, counted from 1970."""
    return (day - EPOCH.date()) // timedelta(days=1) * DAY


def block(type_: Type, occurred: Column, recorded: Column, **fields: Column | int) -> Block:
    """Return the rows of one type of event: one row a time, other fields given per row or for all; NONE if not
    given."""
    unknown = fields.keys() - FIELDS.keys()
    if unknown:
        raise KeyError(f"no such column: {sorted(unknown)}")
    whole = {"type": int(type_), "step": 0, "machine": 0, "new_machine": 0, "flag": 0, "imported": 0, **fields}
    whole |= {"occurred": occurred, "recorded": recorded}
    size = len(occurred)
    return {name: np.broadcast_to(np.asarray(whole.get(name, NONE), dtype), size) for name, dtype in FIELDS.items()}


def only(rows: Block, which: Flags | Column) -> Block:
    """Return the chosen rows of a block."""
    return {name: column[which] for name, column in rows.items()}


def size(rows: Block) -> int:
    """Return how many rows a block has."""
    return len(rows["type"])


def joined(blocks: Sequence[Block]) -> Block:
    """Return the blocks one after the other."""
    return {name: np.concatenate([rows[name] for rows in blocks]) for name in FIELDS}


def in_recorded_order(rows: Block) -> Block:
    """Return the rows as a log would hold them: by recording time, then by their order within one append."""
    return only(rows, np.lexsort((rows["step"], rows["recorded"])))


def versions(streams: Column) -> Column:
    """Return the version of each row: how many rows of its stream there are up to and including it."""
    order = np.argsort(streams, kind="stable")
    ordered = streams[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[first, len(ordered)])
    within = np.arange(len(ordered)) - np.repeat(first, lengths) + 1
    result = np.empty(len(streams), np.int64)
    result[order] = within
    return result


@dataclass(frozen=True, slots=True)
class Names:
    """The ids of numbered things, as the two halves of UUIDs (version 4)."""

    high: Words
    low: Words

    @classmethod
    def drawn(cls, rng: np.random.Generator, number: int) -> Names:
        """So many new ids."""
        words = rng.integers(0, 2**64, (2, number), np.uint64, endpoint=False)
        return cls(stamped(words[0], 4), variant(words[1]))


def stamped(words: Words, version: int) -> Words:
    """Return the first halves with a UUID version set."""
    return words & np.uint64(0xFFFFFFFFFFFF0FFF) | np.uint64(version << 12)


def variant(words: Words) -> Words:
    """Return the second halves with the variant of RFC 9562 set."""
    return words & np.uint64(0x3FFFFFFFFFFFFFFF) | np.uint64(1 << 63)


def event_names(rng: np.random.Generator, recorded: Column) -> Names:
    """Ids for the events in recorded order: version 7, so that they rise with the time of recording."""
    words = rng.integers(0, 2**64, (2, len(recorded)), np.uint64, endpoint=False)
    milliseconds = (recorded // 1000).astype(np.uint64)
    return Names(stamped(milliseconds << np.uint64(16) | words[0] & np.uint64(0xFFFF), 7), variant(words[1]))
