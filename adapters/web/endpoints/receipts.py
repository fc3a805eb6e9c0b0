"""The endpoints of consent receipts, as JSON and as a page to print."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fastapi import Response

from adapters.access.policy import Action
from adapters.exports.pages import page
from adapters.postgres.proof.tree_rows import Inclusion, Proofs
from adapters.web.endpoints import links
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import TRAIL_LINE
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.printing import printed
from adapters.web.framework.who import Who
from adapters.web.services import Services
from domain.consent import ConsentDoesNotExist
from queries.consent_history import PersonHistory, history_of
from queries.receipt import Included, Receipt, ReceiptSources, receipt


@dataclass(frozen=True, slots=True)
class ReceiptEndpoints:
    """The endpoints of consent receipts."""

    services: Services
    proofs: Proofs

    def consent_receipt(self, event: UUID, who: Who) -> Answered[Receipt]:
        """Return the receipt of the consent that the event records, with the proof that the log contains it."""
        return answered(self._receipt(event, who))

    def consent_receipt_page(self, event: UUID, who: Who) -> Response:
        """Return the receipt as a page to print. It loads nothing from elsewhere."""
        return printed(page("receipt.html", receipt=self._receipt(event, who)))

    def _receipt(self, event: UUID, who: Who) -> Receipt:
        """Record the access, and return the receipt. Errors: ConsentDoesNotExist."""
        log, now = self.services.log, self.services.now()
        stream = log.recorder.stream_of(event)
        history = PersonHistory() if stream is None else history_of(log, stream)
        sources = ReceiptSources(self.services.controller, links, self._inclusion_of)
        answer = receipt(history, event, sources, now)
        self.services.readings.viewed(who, "consent-receipt", history.records)
        return answer

    def _inclusion_of(self, event: UUID) -> Included | None:
        inclusion = self.proofs.inclusion(event)
        if not isinstance(inclusion, Inclusion):
            return None
        hashes = tuple(base64.b64encode(digest).decode() for digest in inclusion.hashes)
        return Included(inclusion.index, inclusion.leaf.decode(), hashes, inclusion.checkpoint.note)

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/consents/{event}/receipt",
            Action.READ_CONSENTS,
            consent_receipt,
            example={"schema_version": "perennial-consent-receipt/1", "channels": ["email"], "history": [TRAIL_LINE]},
            raises=(ConsentDoesNotExist,),
        ),
        Endpoint(
            "GET",
            "/v1/consents/{event}/receipt.html",
            Action.READ_CONSENTS,
            consent_receipt_page,
            example="<!DOCTYPE html><title>Consent receipt</title>...",
            raises=(ConsentDoesNotExist,),
            media_type="text/html",
        ),
    )
