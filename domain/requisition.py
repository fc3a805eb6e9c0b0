"""A job we have leave to fill, who works on it and when nobody does, and its openings, each filled or cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from domain.course import Course
from domain.errors import Conflict, NotFound
from domain.event import Aggregate, Clear, Event, Personal, Recorded


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


@dataclass(frozen=True, slots=True)
class OpeningReopened(Event):
    """An ended seat is open again. `need`: 'same' goes on with the spell it had, 'new' begins another one.

    `application`: whose hire was undone, where that is why.
    """

    stored_name = "opening-reopened.v1"

    opening: Clear[UUID]
    need: Clear[str]
    application: Clear[UUID | None]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class RequisitionHeld(Event):
    """Nobody works on the job for now."""

    stored_name = "requisition-held.v1"

    reason: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class RequisitionResumed(Event):
    """Work on the job goes on."""

    stored_name = "requisition-resumed.v1"

    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class TargetDateSet(Event):
    """The day by which the job is to be filled; None: no day any more."""

    stored_name = "target-date-set.v1"

    target: Clear[date | None]


@dataclass(frozen=True, slots=True)
class HiringManagerAssigned(Event):
    """Somebody answers for the hire. `user` is how the organisation names them; None: nobody any more."""

    stored_name = "hiring-manager-assigned.v1"

    user: Personal[str | None]


@dataclass(frozen=True, slots=True)
class RecruiterAssigned(Event):
    """Somebody works on the job. `user` is how the organisation names them; None: nobody any more."""

    stored_name = "recruiter-assigned.v1"

    user: Personal[str | None]


class RequisitionDoesNotExist(NotFound):
    """There is no requisition {requisition}.

    Open the requisition first.
    """

    where = "requisition"


class RequisitionExistsAlready(Conflict):
    """The requisition {requisition} was opened already.

    To hire more people with it, open another opening.
    """

    where = "requisition"


class OpeningDoesNotExist(NotFound):
    """The requisition has no opening {opening}.

    Open it first, or name an opening of this requisition.
    """

    where = "opening"


class OpeningExistsAlready(Conflict):
    """The opening {opening} was opened already.

    An opening opens once: give a further seat an id of its own.
    """

    where = "opening"


class OpeningWasFilled(Conflict):
    """The opening {opening} was filled.

    Name an opening that is open, or open another.
    """

    where = "opening"


class OpeningWasCancelled(Conflict):
    """The opening {opening} was cancelled.

    Name an opening that is open, or open another.
    """

    where = "opening"


class OpeningIsOpen(Conflict):
    """The opening {opening} is open.

    Only one that was filled or cancelled can be opened again; for a further seat open another opening.
    """

    where = "opening"


class OpeningIsTaken(Conflict):
    """The opening {opening} is taken by the hire of the application {application}.

    Undo that hire, which opens it again; or, where the seat is to be filled anew, reopen it for a new need.
    """

    where = "opening"


class RequisitionIsHeld(Conflict):
    """The requisition {requisition} was on hold at {moment} already.

    Resume it first, or tell of a time at which work on it went on.
    """

    where = "requisition"


class RequisitionIsNotHeld(Conflict):
    """The requisition {requisition} was not on hold at {moment}.

    Hold it first, or tell of a time at which it was held.
    """

    where = "requisition"


ENDINGS: dict[type[Event], type[Conflict]] = {OpeningFilled: OpeningWasFilled, OpeningCancelled: OpeningWasCancelled}


@dataclass(frozen=True, slots=True)
class Requisition:
    """What decisions about a job need to know.

    `openings` has for each the event that ended it (None: it is open), `taken_by` the application whose hire fills it.
    """

    exists: bool = False
    openings: Mapping[UUID, type[Event] | None] = field(default_factory=dict)
    taken_by: Mapping[UUID, UUID] = field(default_factory=dict)
    holds: Course[bool] = field(default_factory=Course)
    target: Course[date | None] = field(default_factory=Course)
    hiring_manager: Course[Personal[str | None]] = field(default_factory=Course)
    recruiter: Course[Personal[str | None]] = field(default_factory=Course)

    @property
    def held_since(self) -> datetime | None:
        """When the hold began that lasts; None: it is not on hold."""
        since: datetime | None = None
        for turn in self.holds.turns:
            since = (since or turn.at) if turn.value else None
        return since

    def require_known(self, requisition: UUID) -> None:
        """Raises RequisitionDoesNotExist."""
        if not self.exists:
            raise RequisitionDoesNotExist(requisition=requisition)

    def require_new(self, requisition: UUID) -> None:
        """Raises RequisitionExistsAlready."""
        if self.exists:
            raise RequisitionExistsAlready(requisition=requisition)

    def require_new_opening(self, opening: UUID) -> None:
        """Raises OpeningExistsAlready."""
        if opening in self.openings:
            raise OpeningExistsAlready(opening=opening)

    def require_open(self, opening: UUID) -> None:
        """Raises OpeningDoesNotExist, OpeningWasFilled or OpeningWasCancelled."""
        if opening not in self.openings:
            raise OpeningDoesNotExist(opening=opening)
        ended = self.openings[opening]
        if ended is not None:
            raise ENDINGS[ended](opening=opening)

    def require_ended(self, opening: UUID) -> None:
        """Raises OpeningDoesNotExist or OpeningIsOpen."""
        if opening not in self.openings:
            raise OpeningDoesNotExist(opening=opening)
        if self.openings[opening] is None:
            raise OpeningIsOpen(opening=opening)

    def require_not_taken(self, opening: UUID) -> None:
        """Raises OpeningIsTaken."""
        if opening in self.taken_by:
            raise OpeningIsTaken(opening=opening, application=self.taken_by[opening])

    def require_running(self, requisition: UUID, moment: datetime) -> None:
        """Raises RequisitionIsHeld."""
        if self.holds.at(moment):
            raise RequisitionIsHeld(requisition=requisition, moment=moment.isoformat())

    def require_held(self, requisition: UUID, moment: datetime) -> None:
        """Raises RequisitionIsNotHeld."""
        if not self.holds.at(moment):
            raise RequisitionIsNotHeld(requisition=requisition, moment=moment.isoformat())


def evolve(requisition: Requisition, recorded: Recorded[Event]) -> Requisition:
    """The requisition after one more event."""
    match recorded.event:
        case RequisitionOpened():
            return replace(requisition, exists=True)
        case RequisitionHeld() | RequisitionResumed() as event:
            held = isinstance(event, RequisitionHeld)
            return replace(requisition, holds=requisition.holds.turned(recorded.at, held))
        case TargetDateSet(target=target):
            return replace(requisition, target=requisition.target.turned(recorded.at, target))
        case HiringManagerAssigned(user=user):
            return replace(requisition, hiring_manager=requisition.hiring_manager.turned(recorded.at, user))
        case RecruiterAssigned(user=user):
            return replace(requisition, recruiter=requisition.recruiter.turned(recorded.at, user))
        case event:
            return seated(requisition, event)


def seated(requisition: Requisition, event: Event) -> Requisition:
    """The requisition after an event of one of its openings; what ended one first, ended it."""
    openings, taken_by = requisition.openings, requisition.taken_by
    match event:
        case OpeningOpened(opening=opening) if opening not in openings:
            return replace(requisition, openings={**openings, opening: None})
        case OpeningFilled(opening=opening) if openings.get(opening) is None:
            taken_by = {**taken_by, opening: event.application}
            return replace(requisition, openings={**openings, opening: OpeningFilled}, taken_by=taken_by)
        case OpeningCancelled(opening=opening) if openings.get(opening) is None:
            return replace(requisition, openings={**openings, opening: OpeningCancelled})
        case OpeningReopened(opening=opening):
            taken_by = {seat: by for seat, by in taken_by.items() if seat != opening}
            return replace(requisition, openings={**openings, opening: None}, taken_by=taken_by)
        case _:
            return requisition


REQUISITION = Aggregate("requisition", Requisition(), evolve)

OPENINGS: tuple[type[Event], ...] = (OpeningOpened, OpeningFilled, OpeningCancelled, OpeningReopened)
"""The events of a requisition's openings."""

HOLDS: tuple[type[Event], ...] = (RequisitionHeld, RequisitionResumed)
"""The events that say when nobody works on it."""
