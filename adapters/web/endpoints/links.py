"""The paths of proofs, receipts and withdrawals that answers link to. The module is a `queries.links.Links`."""

from __future__ import annotations

from uuid import UUID


def proof(event: UUID) -> str:
    """Return the path of the proof that the log contains the event."""
    return f"/v1/events/{event}/proof"


def receipt(consent: UUID) -> str:
    """Return the path of the receipt of the consent that the event records."""
    return f"/v1/consents/{consent}/receipt"


def withdrawal(candidate: UUID, purpose: str) -> str:
    """Return the path by which a candidate's consent to a purpose is withdrawn."""
    return f"/v1/candidates/{candidate}/consents/{purpose}/withdraw"
