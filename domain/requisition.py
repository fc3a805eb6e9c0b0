"""A requisition: a job to fill, its recruiter and hiring manager, its holds, and its openings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from uuid import UUID

from domain.errors import Conflict, NotFound
from domain.event import Aggregate, Clear, Event, Personal, Recorded
from domain.reversal import last_by, taken_back, without
from domain.temporal_property import TemporalProperty


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
    """The job was put on hold."""

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
    """A hiring manager was assigned. `user` is how the organisation names them; None: no one any more."""

    stored_name = "hiring-manager-assigned.v1"

    user: Personal[str | None]


@dataclass(frozen=True, slots=True)
class RecruiterAssigned(Event):
    """A recruiter was assigned. `user` is how the organisation names them; None: no one any more."""

    stored_name = "recruiter-assigned.v1"

    user: Personal[str | None]


@dataclass(frozen=True, slots=True)
class RequisitionRenamed(Event):
    """The job is called otherwise. Its role, a segment, stays what it was."""

    stored_name = "requisition-renamed.v1"

    title: Personal[str]


@dataclass(frozen=True, slots=True)
class RequisitionDateCorrected(Event):
    """The job was opened at another time than recorded, and so were its openings that have no date of their own."""

    stored_name = "requisition-date-corrected.v1"

    opened_at: Clear[datetime]


@dataclass(frozen=True, slots=True)
class OpeningDateCorrected(Event):
    """The opening was opened at another time than recorded, whenever its job was opened."""

    stored_name = "opening-date-corrected.v1"

    opening: Clear[UUID]
    opened_at: Clear[datetime]


@dataclass(frozen=True, slots=True)
class RequisitionClosed(Event):
    """The job is closed: its openings that no hire fills are given up until it is open again."""

    stored_name = "requisition-closed.v1"


@dataclass(frozen=True, slots=True)
class RequisitionReopened(Event):
    """The job is open again, and so are the openings that were given up with it."""

    stored_name = "requisition-reopened.v1"


class RequisitionDoesNotExist(NotFound):
    """Unknown requisition

    There is no requisition {requisition}.

    Open the requisition first.
    """

    where = "requisition"


class RequisitionExistsAlready(Conflict):
    """Requisition already exists

    The requisition {requisition} was already opened.

    Open another opening in it to hire more people.
    """

    where = "requisition"


class OpeningDoesNotExist(NotFound):
    """Unknown opening

    The requisition has no opening {opening}.

    Open it first, or name an opening of this requisition.
    """

    where = "opening"


class OpeningExistsAlready(Conflict):
    """Opening already exists

    The opening {opening} was already opened.

    Use another id for a further seat.
    """

    where = "opening"


class OpeningWasFilled(Conflict):
    """Opening filled

    The opening {opening} was filled.

    Name an opening that is open, or open another.
    """

    where = "opening"


class OpeningWasCancelled(Conflict):
    """Opening cancelled

    The opening {opening} was cancelled.

    Name an opening that is open, or open another.
    """

    where = "opening"


class OpeningIsOpen(Conflict):
    """Opening already open

    The opening {opening} is open.

    Reopen only an opening that was filled or cancelled; open another one for a further seat.
    """

    where = "opening"


class OpeningIsGivenUpWithItsJob(Conflict):
    """Opening of a closed job

    The opening {opening} has been given up since {closed_at}, when its job was closed.

    Reopen the requisition, which opens it again.
    """

    where = "opening"


class OpeningEndedLater(Conflict):
    """Time before the opening ended

    The opening {opening} had not ended by {moment}: it ended on {ended_at}.

    Send a time no earlier than its end, or reopen it for a new need.
    """

    where = "occurred_at"


class OpeningIsTaken(Conflict):
    """Opening filled by a hire

    The opening {opening} is filled by the hire of the application {application}.

    Undo that hire, which reopens it; or, to fill the seat again, reopen it for a new need.
    """

    where = "opening"


class RequisitionIsHeld(Conflict):
    """Requisition on hold

    The requisition {requisition} was already on hold at {moment}.

    Resume it first, or send a time at which it was not on hold.
    """

    where = "requisition"


class RequisitionIsNotHeld(Conflict):
    """Requisition not on hold

    The requisition {requisition} was not on hold at {moment}.

    Hold it first, or send a time at which it was on hold.
    """

    where = "requisition"


ENDINGS: dict[type[Event], type[Conflict]] = {OpeningFilled: OpeningWasFilled, OpeningCancelled: OpeningWasCancelled}


@dataclass(frozen=True, slots=True)
class SeatEnd:
    """An end of an opening that was not taken back; `application`: whose hire it was, None: it was given up."""

    at: datetime
    application: UUID | None


RECORDED = datetime.min.replace(tzinfo=UTC)
"""As of when a date is known that no correction states: it holds until the first one does, whatever its time."""
OF_ITS_JOB = "derived.job."
"""How the date of an opening is derived that has no date of its own."""


@dataclass(frozen=True, slots=True)
class SeatDates:
    """When an opening was opened, as it was recorded and as is stated of it alone. `follows_job`: its date is derived
    from that of its job."""

    recorded: datetime | None = None
    follows_job: bool = False
    own: TemporalProperty[datetime] = field(default_factory=TemporalProperty)

    def own_at(self, moment: datetime) -> datetime | None:
        """Return the opening's own date, as of that moment."""
        return self.own.at(moment) or (None if self.follows_job else self.recorded)


@dataclass(frozen=True, slots=True)
class Requisition:
    """What decisions about a job need to know.

    `openings` has for each the event that ended it (None: it is open), `taken_by` the application whose hire fills it.
    `ends` has the ends that stand of each that has ended, since it was last opened for a new need, in the order of
    recording. Where several stand, the earliest fill counts, and what was filled is not given up.
    """

    id: UUID
    exists: bool = False
    openings: Mapping[UUID, type[Event] | None] = field(default_factory=dict)
    taken_by: Mapping[UUID, UUID] = field(default_factory=dict)
    ends: Mapping[UUID, tuple[SeatEnd, ...]] = field(default_factory=dict)
    holds: TemporalProperty[bool] = field(default_factory=TemporalProperty)
    target: TemporalProperty[date | None] = field(default_factory=TemporalProperty)
    hiring_manager: TemporalProperty[Personal[str | None]] = field(default_factory=TemporalProperty)
    recruiter: TemporalProperty[Personal[str | None]] = field(default_factory=TemporalProperty)
    title: TemporalProperty[Personal[str | None]] = field(default_factory=TemporalProperty)
    opened: TemporalProperty[datetime] = field(default_factory=TemporalProperty)
    closings: TemporalProperty[bool] = field(default_factory=TemporalProperty)
    seat_dates: Mapping[UUID, SeatDates] = field(default_factory=dict)

    @property
    def closed_since(self) -> datetime | None:
        """When the job was closed that is closed now; None: it is open."""
        since: datetime | None = None
        for turn in self.closings.turns:
            since = (since or turn.at) if turn.value else None
        return since

    @property
    def reopened_at(self) -> datetime | None:
        """When the job was last open again after it was closed; None: it never was."""
        turns = self.closings.turns
        again = [turn.at for former, turn in pairwise(turns) if former.value and not turn.value]
        return again[-1] if again else None

    @property
    def held_since(self) -> datetime | None:
        """When the hold began that lasts; None: it is not on hold."""
        since: datetime | None = None
        for turn in self.holds.turns:
            since = (since or turn.at) if turn.value else None
        return since

    def opened_at_of(self, opening: UUID) -> datetime | None:
        """Return when the opening was opened. Its own date takes precedence over a corrected date of its job."""
        dates = self.seat_dates.get(opening, SeatDates())
        job = self.opened.turns[-1:] if dates.follows_job else ()
        corrected = [turn.value for turn in job if turn.at != RECORDED]
        return dates.own.last or (corrected[0] if corrected else dates.recorded)

    def require_known(self) -> None:
        """Raises RequisitionDoesNotExist."""
        if not self.exists:
            raise RequisitionDoesNotExist(requisition=self.id)

    def require_new(self) -> None:
        """Raises RequisitionExistsAlready."""
        if self.exists:
            raise RequisitionExistsAlready(requisition=self.id)

    def require_new_opening(self, opening: UUID) -> None:
        """Raises OpeningExistsAlready."""
        if opening in self.openings:
            raise OpeningExistsAlready(opening=opening)

    def require_opening(self, opening: UUID) -> None:
        """Raises OpeningDoesNotExist."""
        if opening not in self.openings:
            raise OpeningDoesNotExist(opening=opening)

    def require_open(self, opening: UUID) -> None:
        """Raises OpeningDoesNotExist, OpeningWasFilled or OpeningWasCancelled."""
        self.require_opening(opening)
        ended = self.openings[opening]
        if ended is not None:
            raise ENDINGS[ended](opening=opening)

    def require_ended(self, opening: UUID) -> None:
        """Raises OpeningDoesNotExist, OpeningIsGivenUpWithItsJob or OpeningIsOpen."""
        self.require_opening(opening)
        if self.openings[opening] is None and self.closed_since is not None:
            raise OpeningIsGivenUpWithItsJob(opening=opening, closed_at=self.closed_since.isoformat())
        if self.openings[opening] is None:
            raise OpeningIsOpen(opening=opening)

    def require_given_up_by(self, opening: UUID, moment: datetime) -> None:
        """Raises OpeningEndedLater, or OpeningIsTaken where the end that a reopening would take back is a hire's."""
        end = self.end_by(opening, moment)
        if end is None:
            ended_at = min(end.at for end in self.ends[opening]).isoformat()
            raise OpeningEndedLater(opening=opening, moment=moment.isoformat(), ended_at=ended_at)
        if end.application is not None:
            raise OpeningIsTaken(opening=opening, application=end.application)

    def end_of(self, opening: UUID) -> SeatEnd | None:
        """Return the end of the opening that counts: the earliest standing fill, else the earliest standing end."""
        ends = self.ends.get(opening, ())
        fills = [end for end in ends if end.application is not None]
        return min(fills or ends, key=lambda end: end.at, default=None)

    def end_by(
        self, opening: UUID, moment: datetime, *, undone: UUID | None = None, in_any_order: bool = False
    ) -> SeatEnd | None:
        """Return the end of the opening that can be taken back at that moment.

        undone: the application whose hire is undone, if one is.
        """
        ends = ends_to_take_back(self.ends.get(opening, ()), undone)
        return (taken_back if in_any_order else last_by)(ends, moment)

    def require_running(self, moment: datetime) -> None:
        """Raises RequisitionIsHeld."""
        if self.holds.at(moment):
            raise RequisitionIsHeld(requisition=self.id, moment=moment.isoformat())

    def require_held(self, moment: datetime) -> None:
        """Raises RequisitionIsNotHeld."""
        if not self.holds.at(moment):
            raise RequisitionIsNotHeld(requisition=self.id, moment=moment.isoformat())


def evolve(requisition: Requisition, recorded: Recorded[Event]) -> Requisition:
    """Return the requisition after one more event."""
    match recorded.event:
        case RequisitionOpened(title=title):
            opened = requisition.opened.turned(RECORDED, recorded.at)
            return replace(requisition, exists=True, title=requisition.title.turned(recorded.at, title), opened=opened)
        case RequisitionRenamed(title=title):
            return replace(requisition, title=requisition.title.turned(recorded.at, title))
        case RequisitionDateCorrected(opened_at=opened_at):
            return replace(requisition, opened=requisition.opened.turned(recorded.at, opened_at))
        case RequisitionHeld() | RequisitionResumed() as event:
            held = isinstance(event, RequisitionHeld)
            return replace(requisition, holds=requisition.holds.turned(recorded.at, held))
        case RequisitionClosed() | RequisitionReopened() as event:
            closed = isinstance(event, RequisitionClosed)
            return replace(requisition, closings=requisition.closings.turned(recorded.at, closed))
        case TargetDateSet(target=target):
            return replace(requisition, target=requisition.target.turned(recorded.at, target))
        case HiringManagerAssigned(user=user):
            return replace(requisition, hiring_manager=requisition.hiring_manager.turned(recorded.at, user))
        case RecruiterAssigned(user=user):
            return replace(requisition, recruiter=requisition.recruiter.turned(recorded.at, user))
        case OpeningOpened() | OpeningDateCorrected():
            return seated(dated(requisition, recorded), recorded.event, recorded.at)
        case event:
            return seated(requisition, event, recorded.at)


def dated(requisition: Requisition, recorded: Recorded[Event]) -> Requisition:
    """Return the requisition after an event that states when one of its openings was opened."""
    match recorded.event:
        case OpeningOpened(opening=opening) if opening not in requisition.openings:
            dates = SeatDates(recorded.at, recorded.occurred_how.startswith(OF_ITS_JOB))
        case OpeningDateCorrected(opening=opening, opened_at=opened_at):
            dates = requisition.seat_dates.get(opening, SeatDates())
            dates = replace(dates, own=dates.own.turned(recorded.at, opened_at))
        case _:
            return requisition
    return replace(requisition, seat_dates={**requisition.seat_dates, opening: dates})


def seated(requisition: Requisition, event: Event, at: datetime) -> Requisition:
    """Return the requisition after an event of one of its openings. Reopening for the same need takes back one end."""
    match event:
        case OpeningOpened(opening=opening) if opening not in requisition.openings:
            return standing(requisition, opening, ())
        case OpeningFilled(opening=opening, application=application):
            return standing(requisition, opening, (*requisition.ends.get(opening, ()), SeatEnd(at, application)))
        case OpeningCancelled(opening=opening):
            return standing(requisition, opening, (*requisition.ends.get(opening, ()), SeatEnd(at, None)))
        case OpeningReopened(opening=opening, need="new"):
            return standing(requisition, opening, ())
        case OpeningReopened(opening=opening, application=undone):
            ends = requisition.ends.get(opening, ())
            return standing(requisition, opening, without(ends, taken_back(ends_to_take_back(ends, undone), at)))
        case _:
            return requisition


def ends_to_take_back(ends: tuple[SeatEnd, ...], undone: UUID | None) -> tuple[SeatEnd, ...]:
    """Of which ends one is taken back: where a hire is undone, of its own, if it has any."""
    own = tuple(end for end in ends if undone is not None and end.application == undone)
    return own or ends


def standing(requisition: Requisition, opening: UUID, ends: tuple[SeatEnd, ...]) -> Requisition:
    """Return the requisition with these ends of the opening."""
    requisition = replace(requisition, ends={**requisition.ends, opening: ends})
    taken_by = dict(requisition.taken_by)
    taken_by.pop(opening, None)
    ended: type[Event] | None = None
    if (end := requisition.end_of(opening)) is not None:
        ended = OpeningCancelled if end.application is None else OpeningFilled
        taken_by |= {opening: end.application} if end.application is not None else {}
    return replace(requisition, openings={**requisition.openings, opening: ended}, taken_by=taken_by)


REQUISITION = Aggregate("requisition", Requisition, evolve)

OPENINGS: tuple[type[Event], ...] = (
    *(OpeningOpened, OpeningFilled, OpeningCancelled, OpeningReopened),
    OpeningDateCorrected,
)
"""The events of a requisition's openings."""

HOLDS: tuple[type[Event], ...] = (RequisitionHeld, RequisitionResumed)
"""The events of holds."""

CLOSINGS: tuple[type[Event], ...] = (RequisitionClosed, RequisitionReopened)
"""The events that say when it is closed."""
