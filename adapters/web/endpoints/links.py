"""The paths of evidence and actions that answers link to. The module is a `queries.links.Links`."""

from __future__ import annotations

from uuid import UUID


def proof(event: UUID) -> str:
    """Return where the proof is that the log holds the event."""
    return f"/v1/events/{event}/proof"


def receipt(consent: UUID) -> str:
    """Return where the receipt is of the consent that the event records."""
    return f"/v1/consents/{consent}/receipt"


def withdrawal(candidate: UUID, purpose: str) -> str:
    """Return where a candidate's consent to a purpose is withdrawn."""
    return f"/v1/candidates/{candidate}/consents/{purpose}/withdraw"
