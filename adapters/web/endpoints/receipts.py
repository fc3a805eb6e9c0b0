"""The receipt of one consent: what was agreed to, with whom, how it stands and how to take it back, and its proof."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Response

from adapters.postgres.proof.tree_rows import Inclusion, Proofs
from adapters.web.endpoints.consents import HISTORY, READS, TrailLine, proof_of, trail_lines
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.printing import printed
from adapters.web.framework.who import Who
from adapters.web.services import Controller, Services
from domain.consent import ConsentDoesNotExist
from domain.event import Event, Personal, Recorded
from domain.streams import load_with_linked_records
from queries.consent_trail import Notice, Stand, stand

SCHEMA = "perennial-consent-receipt/1"
"""The fields are those of a consent record and its receipt in ISO/IEC TS 27560."""
YES = ("given", "renewed")


@dataclass(frozen=True, slots=True)
class ReceiptPurpose:
    """What the consent is for: our code, and the term of the Data Privacy Vocabulary."""

    code: str
    iri: str | None


@dataclass(frozen=True, slots=True)
class Collection:
    """How the yes was collected. came_from and evidence are personal: null where `unreadable` says they were erased."""

    method: str | None
    answered_by: str | None
    recorded_by: str
    came_from: Personal[str | None]
    evidence: Personal[str | None]
    unreadable: bool
    imported: bool


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """How to take the consent back: by telling the contact, or by a POST to the path."""

    contact: str
    path: str


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
    that this one renewed. `standing` tells for each of its channels what holds there now, and which event says so.
    `history`: everything that was asked and answered for this purpose on any of these channels, in order.
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
class ReceiptEndpoints:
    """The endpoints that give out receipts."""

    services: Services
    proofs: Proofs

    def consent_receipt(self, event: UUID, who: Who) -> Answered[Receipt]:
        """The receipt of the consent that the event records, with the proof that the log holds it."""
        return answered(self._receipt(event, who))

    def consent_receipt_page(self, event: UUID, who: Who) -> Response:
        """The receipt as a page to print, complete in itself: it asks nothing of any other place."""
        return printed("receipt.html", receipt=self._receipt(event, who))

    def _receipt(self, event: UUID, who: Who) -> Receipt:
        """Who sees it is recorded before it is answered. Errors: ConsentDoesNotExist."""
        stream, now = self.services.log.recorder.stream_of(event), self.services.now()
        loaded = {} if stream is None else load_with_linked_records(self.services.log, {stream: (HISTORY, READS)})
        events = [one for record in loaded.values() for one in record.state.events]
        lines = trail_lines(events, newest(events), now)
        line = next((line for line in lines if line.event == event and line.what in YES), None)
        if line is None:
            raise ConsentDoesNotExist(consent=event)
        self.services.readings.viewed(who, "consent-receipt", loaded)
        return receipt_for(line, lines, self.services.controller, self._proof(line), now)

    def _proof(self, line: TrailLine) -> ReceiptProof:
        found = self.proofs.inclusion(line.event)
        if not isinstance(found, Inclusion):
            return ReceiptProof("pending", proof_of(line.event), line.position, None, None, (), None)
        hashes = tuple(base64.b64encode(one).decode() for one in found.hashes)
        return ReceiptProof(
            "included", proof_of(line.event), line.position, found.index, found.leaf.decode(), hashes,
            found.checkpoint.note,
        )  # fmt: skip


def newest(events: Sequence[Recorded[Event]]) -> int:
    return max((one.position or 0 for one in events), default=0)


def receipt_for(
    line: TrailLine, lines: Sequence[TrailLine], controller: Controller, proof: ReceiptProof, now: datetime
) -> Receipt:
    """The receipt of the consent of this line; `lines`: the whole trail of the person up to now."""
    own = tuple(one for one in lines if any(one.is_about(line.purpose, channel) for channel in line.channels))
    stands = (stand(lines, line.purpose, channel, now) for channel in line.channels)
    return Receipt(
        schema_version=SCHEMA,
        record_id=line.event,
        subject=line.record,
        controller=controller,
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
        standing=tuple(one for one in stands if one is not None),
        history=own,
        withdrawal=Withdrawal(controller.contact, f"/v1/candidates/{line.record}/consents/{line.purpose}/withdraw"),
        proof=proof,
        made_at=now,
    )


def collection_of(line: TrailLine) -> Collection:
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
    """The newest yes before this one, where this one renewed it."""
    before = [one.event for one in own if one.what in YES and one.at < line.at]
    return before[-1] if before and line.what == "renewed" else None
