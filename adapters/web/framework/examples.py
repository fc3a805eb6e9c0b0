"""Ids, times and answers that the examples of several endpoints share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STREAM = "0198f3a0-7c1e-7000-8000-00000000a001"
EVENT_ID = "6b2f5b5e-33a1-5a0e-9c0b-1de0f7a4c001"
QUESTION_FIELDS: Mapping[str, Any] = {
    "definition": "consent-state",
    "version": 1,
    "position": 1204,
    "as_of": "2026-05-04T09:30:00.120000Z",
}
"""The members of every answer to a question."""
PROFILE: Mapping[str, Any] = {
    "candidate": STREAM,
    "merged_into": None,
    "source": "career-site",
    "role": "gardener",
    "role_text": "Gardener",
    "location": "lisbon",
    "entered_at": "2026-05-04T09:30:00.120000Z",
    "name": "Ines Prado",
    "emails": ["ines@example.org"],
    "erased": False,
    "version": 7,
}
TRAIL_LINE: Mapping[str, Any] = {
    "what": "given",
    "purpose_iri": "https://w3id.org/dpv#PersonnelHiring",
    "channels": ["email"],
    "basis": "consent",
    "jurisdiction": "de",
    "notice": {"id": "talent-pool", "version": "3", "sha256": "9f" * 32, "language": "en"},
    "method": "web-form",
    "answered_by": "self",
    "recorded_by": "user:ana",
    "because_of": None,
    "consent": None,
    "came_from": "203.0.113.0",
    "evidence": "double opt-in",
    "note": None,
    "sent": [{"kind": "email-sent"}],
}
