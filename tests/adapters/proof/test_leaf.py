"""A leaf is one canonical spelling of every column: whatever differs in the row differs in the leaf."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.log.stored import LoggedEvent
from adapters.proof.leaf import StoredRow, clear_bytes, leaf_bytes
from tests.adapters.proof.rows import row_of

ORIGIN = "perennial-log/00000000-0000-4000-8000-0000000000ff"
PERSON = UUID("00000000-0000-4000-8000-000000000001")
CLEAR: dict[str, Any] = {"kind": "email-sent", "machine": False, "message": None, "n": 7, "codes": ["a", "b"]}
NONCE, CIPHERTEXT, COMMITMENT = bytes(range(12)), bytes(range(70)), bytes(range(32))


def part(**other: str) -> str:
    """A sealed part as the mapper writes it, but for what is named."""
    named = {
        "person": str(PERSON),
        "key": "00000000-0000-4000-8000-000000000002",
        "group": "personal",
        "nonce": base64.b64encode(NONCE).decode(),
        "ciphertext": base64.b64encode(CIPHERTEXT).decode(),
        "commitment": base64.b64encode(COMMITMENT).decode(),
    }
    return json.dumps(named | other, separators=(",", ":"))


EVENT = LoggedEvent(
    originator_id=PERSON,
    originator_version=3,
    topic="touchpoint-recorded.v1",
    state=f"[{part()},{part(group='reference')}]".encode(),
    event_id=UUID("00000000-0000-4000-8000-000000000003"),
    occurred_at=datetime(2026, 5, 4, 9, 30, tzinfo=UTC),
    occurred_how="stated",
    actor='user:"ána"\n',
    causation_id=None,
    correlation_id=UUID("00000000-0000-4000-8000-000000000004"),
    clear=json.dumps(CLEAR),
    people=(PERSON, UUID("00000000-0000-4000-8000-000000000005")),
    recorded_at=datetime(1999, 12, 31, 23, 59, 59, 7, tzinfo=UTC),
    position=41,
)
ROW = row_of(EVENT)


def test_the_leaf_is_what_the_format_says() -> None:
    sealed: dict[str, Any] = {
        "ciphertext_sha256": hashlib.sha256(NONCE + CIPHERTEXT).hexdigest(),
        "commitment": COMMITMENT.hex(),
        "group": "personal",
        "key": "00000000-0000-4000-8000-000000000002",
        "person": str(PERSON),
    }
    assert leaf_bytes(ROW, ORIGIN) == rfc8785.dumps(
        {
            "actor": 'user:"ána"\n',
            "causation": None,
            "clear_sha256": hashlib.sha256(rfc8785.dumps(CLEAR)).hexdigest(),
            "correlation": "00000000-0000-4000-8000-000000000004",
            "event": "00000000-0000-4000-8000-000000000003",
            "format": 1,
            "occurred_at": "2026-05-04T09:30:00.000000Z",
            "occurred_how": "stated",
            "origin": ORIGIN,
            "parts": [sealed, {**sealed, "group": "reference"}],
            "people": [str(person) for person in EVENT.people],
            "position": 41,
            "recorded_at": "1999-12-31T23:59:59.000007Z",
            "stream": str(PERSON),
            "type": "touchpoint-recorded.v1",
            "version": 3,
        }
    )


def test_what_is_not_known_is_null_and_nothing_is_empty() -> None:
    leaf = json.loads(leaf_bytes(row_of(replace(EVENT, occurred_at=None, people=(), state=b"[]", clear="{}")), ORIGIN))
    assert (leaf["occurred_at"], leaf["people"], leaf["parts"]) == (None, [], [])
    assert leaf["clear_sha256"] == hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize("event", [replace(EVENT, position=None), replace(EVENT, recorded_at=None)])
def test_an_event_that_is_not_stored_has_no_leaf(event: LoggedEvent) -> None:
    with pytest.raises(ValueError, match="before it is stored"):
        row_of(event)


OTHERS: dict[str, list[Any]] = {
    "position": [42],
    "stream": ["00000000-0000-4000-8000-000000000009"],
    "version": [4],
    "event": ["00000000-0000-4000-8000-000000000009"],
    "type": ["touchpoint-recorded.v2", 'x","x":"'],
    "occurred_at": [None, ROW.recorded_at, 2**63 - 1, -(2**63)],
    "occurred_how": ["unknown"],
    "recorded_at": [ROW.recorded_at + 1, 2**63 - 1, -(2**63), 10**18],
    "actor": ["user:ana", 'user:"ána"', ""],
    "causation": ["00000000-0000-4000-8000-000000000009"],
    "correlation": [None],
    "clear": ["{}", json.dumps({**CLEAR, "n": 8}), json.dumps({**CLEAR, "n": 7.5}), json.dumps({**CLEAR, "n": "7"}),
              '{"n": 7.0}', '{"n": 7.00}', '{"n": 7}', "[]", "null", '"x"', '{"n": 1' + "0" * 5000 + "}"],
    "people": ["{}", "{" + str(PERSON) + "}", "{NULL}", "{{" + str(PERSON) + "}}",
               "[0:0]={" + str(PERSON) + "}", "{" + ",".join(map(str, reversed(EVENT.people))) + "}"],
    "state": [
        f"[{text}]".encode()
        for text in (
            "", part(), f"{part(group='reference')},{part()}", f"{part()}, {part(group='reference')}", part() + ",",
            f"{part()},{part(group='reference')} ", part(nonce="AAECAwQFBgcICQoM"), part(nonce="AAEC"),
            part(commitment=base64.b64encode(bytes(32)).decode()), part(person=str(EVENT.event_id)),
            part(ciphertext="AAECAw=="), part(ciphertext="AAECAx=="), part(ciphertext="AAECA"), part(extra="x"),
            part(commitment="A" * 42 + "B="), part(commitment="A" * 44), part(person=str(PERSON)[:-1] + "A"),
        )
    ] + [b"", b"\xff", b"[", b"(" + part().encode() + b"]", b"[" + part().encode() + b"]]"],
}  # fmt: skip


def test_no_two_rows_have_one_leaf() -> None:
    assert set(OTHERS) == set(StoredRow._fields)
    rows = [ROW] + [ROW._replace(**{name: other}) for name, values in OTHERS.items() for other in values]
    leaves = [leaf_bytes(row, ORIGIN) for row in rows] + [leaf_bytes(ROW, "another")]
    assert len(set(leaves)) == len(leaves)
    for leaf in leaves:
        assert rfc8785.dumps(json.loads(leaf)) == leaf


def test_a_state_in_no_spelling_of_ours_is_there_by_its_hash() -> None:
    state = b"bytes of the library"
    leaf = json.loads(leaf_bytes(ROW._replace(state=state), ORIGIN))
    assert leaf["parts"] == [{"state_sha256": hashlib.sha256(state).hexdigest()}]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(1 - 2**53, 2**53 - 1), st.text(), st.lists(st.from_regex(r"[a-z]{1,5}"))
)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), VALUES))
def test_clear_data_is_spelled_as_rfc_8785_has_it(clear: dict[str, Any]) -> None:
    assert clear_bytes(json.dumps(clear, ensure_ascii=False)) == rfc8785.dumps(clear)
