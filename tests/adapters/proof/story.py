"""A small invented log in memory, and bundles of it: what the tests of bundles are about."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from adapters.proof.bundle import Entry, Header, Older, Opened, Person, Range, written
from adapters.proof.leaf import CLEAR, COMMITMENT_DOMAIN, StoredRow, clear_bytes, leaf_bytes, microseconds
from adapters.proof.note import Checkpoint, SigningKey
from adapters.proof.tree import CompactRange, Hashes, consistency_proof, inclusion_proof, leaf_hash, node_hash, subtrees

ORIGIN = "perennial.example/story"
NAMES = UUID("5a1b0c9e-0000-4000-8000-000000000001")
MORNING = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
KEY = SigningKey.generate(ORIGIN)
SALT = bytes(range(32))


def named(name: str) -> str:
    """The same id for the same name."""
    return str(uuid5(NAMES, name))


ANA, ANA_TOO, BEN = named("ana"), named("ana too"), named("ben")


def sealed(person: str, plaintext: str) -> bytes:
    """A stored part of that text. The ciphertext is none: nothing here opens one."""
    commitment = sha256(COMMITMENT_DOMAIN + SALT + plaintext.encode()).digest()
    part = {
        "person": person,
        "key": named(f"key of {person}"),
        "group": "personal",
        "nonce": base64.b64encode(bytes(12)).decode(),
        "ciphertext": base64.b64encode(sha256(plaintext.encode()).digest()).decode(),
        "commitment": base64.b64encode(commitment).decode(),
    }
    return json.dumps([part], separators=(",", ":")).encode()


@dataclass
class Story:
    """Events in the order of a log. Positions have gaps, as in a real one."""

    rows: list[StoredRow] = field(default_factory=list)
    opened: dict[int, list[Opened]] = field(default_factory=dict)

    def tell(
        self,
        stream: str,
        type_: str,
        clear: dict[str, Any],
        *,
        at: datetime | None = None,
        says: str | None = None,
    ) -> str:
        """One more event; `says`: personal data that is sealed, and laid open in bundles. Gives the event's id."""
        index, version = len(self.rows), 1 + sum(row.stream == stream for row in self.rows)
        event = named(f"event {index}")
        state = b"[]" if says is None else sealed(stream, says)
        if says is not None:
            self.opened[index] = [Opened(stream, "personal", SALT, says)]
        self.rows.append(
            StoredRow(
                position=3 * index + 1,
                stream=stream,
                version=version,
                event=event,
                type=type_,
                occurred_at=None if at is None else microseconds(at),
                occurred_how="unknown" if at is None else "stated",
                recorded_at=microseconds(MORNING + timedelta(minutes=index)),
                actor="user:ines",
                causation=None,
                correlation=named("request"),
                clear=CLEAR.encode(clear),
                people="{}" if says is None else f"{{{stream}}}",
                state=state,
            )
        )
        return event

    @cached_property
    def leaves(self) -> list[bytes]:
        return [leaf_bytes(row, ORIGIN) for row in self.rows]

    @property
    def hashes(self) -> Hashes:
        return hashes_over([leaf_hash(leaf) for leaf in self.leaves])

    def checkpoint(self, size: int | None = None, key: SigningKey = KEY) -> str:
        """The signed note of the first `size` leaves."""
        tree = CompactRange()
        for leaf in self.leaves[:size]:
            tree.append(leaf_hash(leaf))
        return key.sign(Checkpoint(ORIGIN, tree.size, tree.root()).text)

    def of_candidate(self, candidate: str, records: Sequence[str], older: Iterable[int] = (), **more: Any) -> str:
        counts = {record: sum(row.stream == record for row in self.rows) for record in records}
        return self._bundle(Person(candidate, counts), older, lambda row: row.stream in records, **more)

    def since(self, first: int, older: Iterable[int] = (), **more: Any) -> str:
        prefix = [self.hashes(height, index) for height, index in subtrees(0, first)]
        after = self.rows[first].position if first < len(self.rows) else 1 << 60
        return self._bundle(Range(first, prefix), older, lambda row: row.position >= after, **more)

    def _bundle(
        self, of: Person | Range, older: Iterable[int], wanted: Callable[[StoredRow], bool], key: SigningKey = KEY
    ) -> str:
        size = len(self.rows)
        shown = [Older(self.checkpoint(old, key), consistency_proof(old, size, self.hashes)) for old in older]
        header = Header(ORIGIN, str(key.verifier), self.checkpoint(key=key), shown, of)
        entries = (
            Entry(
                index=index,
                leaf=self.leaves[index].decode(),
                clear=clear_bytes(row.clear).decode(),
                proof=inclusion_proof(index, size, self.hashes) if isinstance(of, Person) else None,
                opened=self.opened.get(index, ()),
            )
            for index, row in enumerate(self.rows)
            if wanted(row)
        )
        return "".join(written(header, entries))


def hashes_over(leaves: Sequence[bytes]) -> Hashes:
    def at(height: int, index: int) -> bytes:
        if height == 0:
            return leaves[index]
        return node_hash(at(height - 1, 2 * index), at(height - 1, 2 * index + 1))

    return at


def entered() -> dict[str, Any]:
    return {"source": "career-site", "role": "gardener", "location": "lisbon", "outside_source": None}


def consent(
    purpose: str = "talent_pool", channels: Sequence[str] = ("email",), until: str | None = None
) -> dict[str, Any]:
    return {
        "purpose": purpose,
        "channels": list(channels),
        "basis": "consent",
        "jurisdiction": "pt",
        "notice": "talent-pool",
        "notice_version": "3",
        "notice_sha256": "0f" * 32,
        "language": "pt",
        "method": "web-form",
        "answered_by": "self",
        "valid_until": until,
    }


def withdrawal(purpose: str = "talent_pool", channels: Sequence[str] = ("email",)) -> dict[str, Any]:
    clear = {"purpose": purpose, "channels": list(channels), "entirely": True, "method": "web-form"}
    return {**clear, "because_of": None}


def sent(consent: str | None, touchpoint: str = "first", kind: str = "email-sent", **more: Any) -> dict[str, Any]:
    return {
        "touchpoint": named(f"touchpoint {touchpoint}"),
        "kind": kind,
        "message": None,
        "machine": False,
        "purpose": "talent_pool",
        "authorised": consent is not None,
        "consent": consent,
        "reported_by": "perennial",
        **more,
    }


def merged(survivor: str, absorbed: str) -> dict[str, Any]:
    return {"survivor": survivor, "absorbed": absorbed, "evidence": ["same-address"]}


def a_story() -> Story:
    """Ana has two records, gives a consent, is written to and withdraws; Ben's events stand between hers."""
    story = Story()
    story.tell(
        ANA, "candidate-sourced.v1", entered(), says='{"emails":["ana@example.org"],"name":"Ana <Zoë> & Reis\u2028"}'
    )
    story.tell(BEN, "candidate-sourced.v1", entered(), says='{"emails":[],"name":"Ben Osei"}')
    yes = story.tell(ANA, "consent-given.v1", consent(until="2028-05-04T00:00:00.000000Z"))
    story.tell(ANA_TOO, "candidate-sourced.v1", entered())
    story.tell(BEN, "consent-given.v1", consent())
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))
    story.tell(ANA_TOO, "candidates-merged.v1", merged(ANA, ANA_TOO))
    story.tell(ANA, "candidates-merged.v1", merged(ANA, ANA_TOO))
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes, "second"))
    story.tell(BEN, "touchpoint-recorded.v1", sent(story.rows[4].event, "to ben"))
    story.tell(ANA, "consent-withdrawn.v1", withdrawal())
    return story
