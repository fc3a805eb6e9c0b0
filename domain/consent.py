"""What a candidate allows us to do with their data, and the one gate that answers whether we may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.event import Clear, Event, Personal


@dataclass(frozen=True, slots=True)
class ConsentGiven(Event):
    """The candidate said yes to one purpose on the named channels, having read the named notice."""

    stored_name = "consent-given.v1"

    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]
    basis: Clear[str]
    jurisdiction: Clear[str]
    notice: Clear[str]
    notice_version: Clear[str]
    notice_sha256: Clear[str | None]
    language: Clear[str]
    method: Clear[str]
    answered_by: Clear[str]
    valid_until: Clear[datetime | None]
    evidence: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ConsentRefused(Event):
    """The candidate was asked and said no."""

    stored_name = "consent-refused.v1"

    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]
    notice: Clear[str]
    notice_version: Clear[str]
    method: Clear[str]
    answered_by: Clear[str]
    evidence: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn(Event):
    """The candidate took a consent back. `entirely`: on every channel, so nothing of this purpose is left."""

    stored_name = "consent-withdrawn.v1"

    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]
    entirely: Clear[bool]
    method: Clear[str]
    because_of: Clear[UUID | None]
    reason: Personal[str | None]
