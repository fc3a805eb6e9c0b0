"""What was agreed to with this consent, with whom, how does it stand, how is it taken back, and what proves it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.consent import ConsentDoesNotExist
from domain.event import Personal
from queries.consent_history import YES, PersonHistory, TrailLine, trail_lines
from queries.consent_trail import Notice, Stand, stand
from queries.controller import Controller
from queries.links import Links

SCHEMA = "perennial-consent-receipt/1"
"""The fields are those of a consent record and its receipt in ISO/IEC TS 27560."""


@dataclass(frozen=True, slots=True)
class ReceiptPurpose:
    """What the consent is for: our code, and the term of the Data Privacy Vocabulary."""

    code: str
    iri: str | None


@dataclass(frozen=True, slots=True)
class Collection:
    """How the consent was collected. came_from and evidence are personal: null where `unreadable` says they were
    erased."""

    method: str | None
    answered_by: str | None
    recorded_by: str
    came_from: Personal[str | None]
    evidence: Personal[str | None]
    unreadable: bool
    imported: bool


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """How to withdraw the consent: by a message to the contact, or by a POST to the path."""

    contact: str
    path: str


@dataclass(frozen=True, slots=True)
class Included:
    """The proof that a signed checkpoint covers an event: `hashes` (base64) lead from its leaf to the root."""

    leaf_index: int
    leaf: str
    hashes: Sequence[str]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class ReceiptProof:
    """That the log holds the consent: 'pending' until a signed checkpoint covers it, some seconds after it was given.

    `leaf` is the canonical text that is hashed, `hashes` (base64) lead from it to the root in `checkpoint`, a signed
    note. `path` is where the newest proof is.
    """

    status: Literal["included", "pending"]
    path: str
    position: int
    leaf_index: int | None
    leaf: str | None
    hashes: Sequence[str]
    checkpoint: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of one consent, as it stands at `made_at`.

    `record_id` is the event that records it and `subject` the candidate whose it is, a pseudonym. `renews`: the consent
    that this one renewed. `standing` gives for each of its channels what holds there now, and which event says so.
    `history`: every request and answer for this purpose on any of these channels, in order.
    """

    schema_version: str
    record_id: UUID
    subject: UUID
    controller: Controller
    jurisdiction: str | None
    purpose: ReceiptPurpose
    channels: Sequence[str]
    lawful_basis: str | None
    notice: Notice | None
    collection: Collection
    given_at: datetime
    recorded_at: datetime
    valid_until: datetime | None
    renews: UUID | None
    standing: Sequence[Stand]
    history: Sequence[TrailLine]
    withdrawal: Withdrawal
    proof: ReceiptProof
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ReceiptSources:
    """What a receipt needs beside the consent's history. `inclusion_of`: the proof of an event; None where no signed
    checkpoint covers it yet."""

    controller: Controller
    links: Links
    inclusion_of: Callable[[UUID], Included | None]


def receipt(history: PersonHistory, consent: UUID, sources: ReceiptSources, now: datetime) -> Receipt:
    """Return the receipt, at `now`, of the consent that the event records. Errors: ConsentDoesNotExist."""
    lines = trail_lines(history.events, history.position, now, sources.links)
    line = line_of(consent, lines)
    own = tuple(other for other in lines if any(other.is_about(line.purpose, channel) for channel in line.channels))
    stands = (stand(lines, line.purpose, channel, now) for channel in line.channels)
    return Receipt(
        schema_version=SCHEMA,
        record_id=line.event,
        subject=line.record,
        controller=sources.controller,
        jurisdiction=line.jurisdiction,
        purpose=ReceiptPurpose(line.purpose, line.purpose_iri),
        channels=line.channels,
        lawful_basis=line.basis,
        notice=line.notice,
        collection=collection_of(line),
        given_at=line.at,
        recorded_at=line.recorded_at,
        valid_until=line.valid_until,
        renews=renewed_by(line, own),
        standing=tuple(item for item in stands if item is not None),
        history=own,
        withdrawal=Withdrawal(sources.controller.contact, sources.links.withdrawal(line.record, line.purpose)),
        proof=proof_of(line, sources),
        made_at=now,
    )


def line_of(consent: UUID, lines: Sequence[TrailLine]) -> TrailLine:
    """Return the line of the consent that the event records. Errors: ConsentDoesNotExist."""
    line = next((line for line in lines if line.event == consent and line.what in YES), None)
    if line is None:
        raise ConsentDoesNotExist(consent=consent)
    return line


def proof_of(line: TrailLine, sources: ReceiptSources) -> ReceiptProof:
    """Return the proof of the consent of this line, or that it is pending."""
    inclusion = sources.inclusion_of(line.event)
    if inclusion is None:
        return ReceiptProof("pending", line.proof, line.position, None, None, (), None)
    return ReceiptProof(
        "included",
        line.proof,
        line.position,
        inclusion.leaf_index,
        inclusion.leaf,
        inclusion.hashes,
        inclusion.checkpoint,
    )


def collection_of(line: TrailLine) -> Collection:
    """Return how the consent of this line was collected."""
    return Collection(
        line.method,
        line.answered_by,
        line.recorded_by,
        line.came_from,
        line.evidence,
        line.unreadable,
        imported="import" in (line.method, line.answered_by),
    )


def renewed_by(line: TrailLine, own: Sequence[TrailLine]) -> UUID | None:
    """Return the newest consent before this one, where this one renewed it."""
    before = [item.event for item in own if item.what in YES and item.at < line.at]
    return before[-1] if before and line.what == "renewed" else None
