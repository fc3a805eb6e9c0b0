"""The leaf of a stored event: canonical bytes of every column, which outlive its person's key."""

from __future__ import annotations

import json
import re
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple

FORMAT = 1
PERSON = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
PART = re.compile(
    rf'\{{"person":"({PERSON})","key":"({PERSON})","group":"([a-z0-9][a-z0-9._-]{{0,63}})",'
    r'"nonce":"([A-Za-z0-9+/]{16})","ciphertext":"([A-Za-z0-9+/]+={0,2})","commitment":"([A-Za-z0-9+/]{43}=)"\}'
)
EPOCH_OF_POSTGRES = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECONDS_A_DAY = 86_400_000_000
COMMITMENT_DOMAIN = b"perennial/pt-commit/v1"
"""What is hashed before the salt and the plaintext of a sealed part."""
CLEAR = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class NumberIsNotWhole(ValueError):
    """A number that is not whole: our clear data has none, and RFC 8785 could write two of them alike."""


def refuse_fraction(text: str) -> Any:
    raise NumberIsNotWhole(text)


READ_CLEAR = json.JSONDecoder(parse_float=refuse_fraction, parse_constant=refuse_fraction)


class StoredRow(NamedTuple):
    """An `event` row as the leaf takes it: ids as PostgreSQL writes them, moments in microseconds since 2000.

    `clear` is the column's text in any spelling; `people` PostgreSQL's text of the array; `state` the stored bytes.
    """

    position: int
    stream: str
    version: int
    event: str
    type: str
    occurred_at: int | None
    occurred_how: str
    recorded_at: int
    actor: str
    causation: str | None
    correlation: str | None
    clear: str
    people: str
    state: bytes


def leaf_bytes(row: StoredRow, origin: str) -> bytes:
    """Return the leaf as an RFC 8785 object in UTF-8. Every row has a leaf, and rows that differ have different
    leaves."""
    people = ",".join(map(quoted, row.people[1:-1].split(","))) if row.people != "{}" else ""
    return (
        f'{{"actor":{quoted(row.actor)},"causation":{or_null(row.causation)},"clear_sha256":"{clear_hash(row.clear)}",'
        f'"correlation":{or_null(row.correlation)},"event":"{row.event}","format":{FORMAT},'
        f'"occurred_at":{moment(row.occurred_at)},"occurred_how":{quoted(row.occurred_how)},"origin":{quoted(origin)},'
        f'"parts":{parts(row.state)},"people":[{people}],"position":{row.position},'
        f'"recorded_at":{moment(row.recorded_at)},"stream":"{row.stream}","type":{quoted(row.type)},'
        f'"version":{row.version}}}'
    ).encode()


def or_null(name: str | None) -> str:
    return "null" if name is None else f'"{name}"'


def microseconds(moment: datetime) -> int:
    """Microseconds since 2000, as PostgreSQL counts them."""
    return (moment - EPOCH_OF_POSTGRES) // timedelta(microseconds=1)


def moment(counted: int | None) -> str:
    """JSON text of a moment: UTC with six decimals; outside the years 1 to 9999 (which we never write) the count."""
    if counted is None:
        return "null"
    days, rest = divmod(counted, MICROSECONDS_A_DAY)
    seconds, rest = divmod(rest, 1_000_000)
    day = day_text(days)
    if day is None:
        return f'"{counted}"'
    return f'"{day}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:06}Z"'


@lru_cache(maxsize=4096)
def day_text(days: int) -> str | None:
    """Return the date that many days after PostgreSQL's first; None if the calendar has none."""
    try:
        return (EPOCH_OF_POSTGRES + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return None


def clear_bytes(clear: str) -> bytes:
    """Return the clear data in RFC 8785 form. Clear data that is not ours stays as PostgreSQL writes it.

    (It has fractions, or numbers and depths that are beyond Python.)
    """
    try:
        return CLEAR.encode(READ_CLEAR.decode(clear)).encode()
    except (ValueError, RecursionError):
        return clear.encode()


def clear_hash(clear: str) -> str:
    return sha256(clear_bytes(clear)).hexdigest()


def parts(state: bytes) -> str:
    """JSON text of the sealed parts in stored order; of a state in any other spelling than ours, its hash alone."""
    spelled = [] if state == b"[]" else parts_of(state)
    if spelled is None:
        return f'[{{"state_sha256":"{sha256(state).hexdigest()}"}}]'
    return f"[{','.join(spelled)}]"


def parts_of(state: bytes) -> Sequence[str] | None:
    """Each part's JSON text; None unless the state is, byte for byte, what the mapper writes."""
    text, begin, cut = state.decode("latin-1"), 1, []
    while begin < len(text):
        part = PART.match(text, begin)
        if part is None or (spelled := part_text(*part.groups())) is None:
            return None
        cut.append(spelled)
        begin = part.end() + 1
        if text[begin - 1 : begin] != ("]" if begin == len(text) else ","):
            return None
    return cut if cut and text[0] == "[" else None


def part_text(person: str, key: str, group: str, nonce: str, ciphertext: str, commitment: str) -> str | None:
    """Return the part as its leaf has it; None if base64 could have been written in another way."""
    try:
        sealed, committed = a2b_base64(ciphertext, strict_mode=True), a2b_base64(commitment)
    except NotBase64:
        return None
    if b2a_base64(sealed, newline=False).decode() != ciphertext or commitment[42] not in "AEIMQUYcgkosw048":
        return None
    digest = sha256(a2b_base64(nonce) + sealed).hexdigest()
    return (
        f'{{"ciphertext_sha256":"{digest}","commitment":"{committed.hex()}","group":"{group}","key":"{key}",'
        f'"person":"{person}"}}'
    )
