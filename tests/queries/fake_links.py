"""Links that say what they lead to."""

from __future__ import annotations

from uuid import UUID


def proof(event: UUID) -> str:
    return f"proof of {event}"


def receipt(consent: UUID) -> str:
    return f"receipt of {consent}"


def withdrawal(candidate: UUID, purpose: str) -> str:
    return f"withdrawal of {purpose} by {candidate}"
