"""Every contact with a candidate, either way: recorded once, corrected by a later event, never edited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, Invalid, NotFound
from domain.event import Clear, Event, Personal, Recorded

OURSELVES = "perennial"
"""Who reports what Perennial itself sends."""


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


def following(touchpoint: UUID, kind: str) -> TouchpointRecorded:
    """Return the touchpoint that accompanies another event, such as a referral, at the same time."""
    return TouchpointRecorded(touchpoint, kind, None, False, None, None, None, OURSELVES, None)


class OwnSendIsRequested(Invalid):
    """Report of Perennial's own send

    A send by Perennial itself must be permitted before it happens, and is not reported.

    Request the send, or name in 'reported_by' the system that sent it.
    """

    where = "reported_by"


class TouchpointDoesNotExist(NotFound):
    """Unknown touchpoint

    The candidate has no touchpoint {touchpoint}.

    Look it up in the candidate's timeline.
    """

    where = "touchpoint"


class TouchpointWasRetracted(Conflict):
    """Touchpoint already retracted

    The touchpoint {touchpoint} was retracted: it never happened.

    If it did happen, record it again as a new touchpoint.
    """

    where = "touchpoint"


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """What we believe of one touchpoint after its corrections; `kind` None: it never happened."""

    id: UUID
    kind: str | None
    at: datetime
    message: UUID | None
    machine: bool


Touchpoints = tuple[Touchpoint, ...]
"""Every belief we held, oldest first: a correction adds one and the newest of an id holds."""


def evolve(touchpoints: Touchpoints, recorded: Recorded[Event]) -> Touchpoints:
    """Return the touchpoints after one more event of the candidate."""
    match recorded.event:
        case TouchpointRecorded() as event:
            return (*touchpoints, Touchpoint(event.touchpoint, event.kind, recorded.at, event.message, event.machine))
        case TouchpointCorrected() as event:
            at = event.at or event.was_at
            return (*touchpoints, Touchpoint(event.touchpoint, event.kind, at, event.message, event.machine))
        case _:
            return touchpoints


def believed(touchpoints: Touchpoints, touchpoint: UUID) -> tuple[Touchpoint, str]:
    """Return the touchpoint and its kind, as last believed. Raises TouchpointDoesNotExist or TouchpointWasRetracted."""
    touchpoint_then = next((belief for belief in reversed(touchpoints) if belief.id == touchpoint), None)
    if touchpoint_then is None:
        raise TouchpointDoesNotExist(touchpoint=touchpoint)
    if touchpoint_then.kind is None:
        raise TouchpointWasRetracted(touchpoint=touchpoint)
    return touchpoint_then, touchpoint_then.kind
