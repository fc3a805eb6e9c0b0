"""A job we have leave to fill, and its openings: each is opened once and ends filled or cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.event import Clear, Event, Personal


@dataclass(frozen=True, slots=True)
class RequisitionOpened(Event):
    """A hiring need was approved. `evergreen` requisitions hire on and on and are counted apart."""

    stored_name = "requisition-opened.v1"

    role: Clear[str]
    location: Clear[str]
    source: Clear[str]
    evergreen: Clear[bool]
    outside_source: Clear[str | None]
    outside_id: Personal[str | None]
    title: Personal[str | None]


@dataclass(frozen=True, slots=True)
class OpeningOpened(Event):
    """One seat of the requisition is open to be filled."""

    stored_name = "opening-opened.v1"

    opening: Clear[UUID]
    outside_id: Personal[str | None]


@dataclass(frozen=True, slots=True)
class OpeningFilled(Event):
    """A hire took the seat. `accepted_at` is when the offer was accepted, the end that time-to-fill counts to."""

    stored_name = "opening-filled.v1"

    opening: Clear[UUID]
    application: Clear[UUID]
    candidate: Clear[UUID]
    accepted_at: Clear[datetime]


@dataclass(frozen=True, slots=True)
class OpeningCancelled(Event):
    """The seat was given up without a hire."""

    stored_name = "opening-cancelled.v1"

    opening: Clear[UUID]
    reason: Clear[str]
