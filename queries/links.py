"""The links that an answer gives to evidence and actions: the questions name them, an adapter knows the addresses."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class Links(Protocol):
    """Where a client finds what an answer refers to."""

    def proof(self, event: UUID) -> str:
        """Return where the proof is that the log holds the event."""

    def receipt(self, consent: UUID) -> str:
        """Return where the receipt is of the consent that the event records."""

    def withdrawal(self, candidate: UUID, purpose: str) -> str:
        """Return where a candidate's consent to a purpose is withdrawn."""
