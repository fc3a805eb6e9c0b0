"""Every contact with a candidate, either way: recorded once, corrected by a later event, never edited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.event import Clear, Event, Personal


@dataclass(frozen=True, slots=True)
class TouchpointRecorded(Event):
    """Something passed between us and the candidate.

    `message` ties the fates of one message (sent, opened, replied) together; `machine` tells an open that
    software made; `authorised` is None where no consent is needed, and `consent` cites the event that allowed it.
    """

    stored_name = "touchpoint-recorded.v1"

    touchpoint: Clear[UUID]
    kind: Clear[str]
    message: Clear[UUID | None]
    machine: Clear[bool]
    purpose: Clear[str | None]
    authorised: Clear[bool | None]
    consent: Clear[UUID | None]
    reported_by: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class TouchpointCorrected(Event):
    """A recorded touchpoint was wrong: what it `was`, and what it is instead (`kind` None: it never happened).

    It carries what it takes back, so that a fold needs no look at the past to undo it.
    """

    stored_name = "touchpoint-corrected.v1"

    touchpoint: Clear[UUID]
    was_kind: Clear[str]
    was_at: Clear[datetime]
    was_message: Clear[UUID | None]
    was_machine: Clear[bool]
    kind: Clear[str | None]
    at: Clear[datetime | None]
    message: Clear[UUID | None]
    machine: Clear[bool]
    reason: Personal[str | None]
