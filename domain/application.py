"""One person's way through one job: submitted or a prospect, through stages, to an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, Invalid, NotFound
from domain.event import Aggregate, Clear, Event, Personal, Recorded


@dataclass(frozen=True, slots=True)
class ApplicationSubmitted(Event):
    """The candidate applied."""

    stored_name = "application-submitted.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID]
    source: Clear[str]
    outside_source: Clear[str | None]
    outside_id: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ProspectAdded(Event):
    """We consider the candidate, who has not applied; perhaps for a requisition, perhaps for none yet."""

    stored_name = "prospect-added.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    source: Clear[str]
    outside_source: Clear[str | None]
    outside_id: Personal[str | None]


@dataclass(frozen=True, slots=True)
class StageEntered(Event):
    """The application moved to a stage of the job's process."""

    stored_name = "stage-entered.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    stage: Clear[str]


@dataclass(frozen=True, slots=True)
class ApplicationRejected(Event):
    """We said no."""

    stored_name = "application-rejected.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    reason: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ApplicationWithdrawn(Event):
    """The candidate said no."""

    stored_name = "application-withdrawn.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    reason: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class OfferAccepted(Event):
    """The candidate accepted the offer made for this opening."""

    stored_name = "offer-accepted.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID]
    opening: Clear[UUID]


@dataclass(frozen=True, slots=True)
class CandidateHired(Event):
    """The candidate was hired, into an opening where one is named."""

    stored_name = "candidate-hired.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    opening: Clear[UUID | None]


@dataclass(frozen=True, slots=True)
class ApplicationMovedBack(Event):
    """The application went back to an earlier stage of the process."""

    stored_name = "application-moved-back.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    stage: Clear[str]
    reason: Clear[str]


@dataclass(frozen=True, slots=True)
class ApplicationUnrejected(Event):
    """Our no was taken back: the application goes on where it was."""

    stored_name = "application-unrejected.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    reason: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class CandidateUnhired(Event):
    """The hire was undone: the application goes on, and the opening that it filled (if any) is open again."""

    stored_name = "candidate-unhired.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    opening: Clear[UUID | None]
    reason: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class OfferMade(Event):
    """We offered the candidate the job, for an opening where one is named."""

    stored_name = "offer-made.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID]
    opening: Clear[UUID | None]


@dataclass(frozen=True, slots=True)
class OfferDeclined(Event):
    """The candidate said no to the offer; the application has not ended by that."""

    stored_name = "offer-declined.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID]
    opening: Clear[UUID | None]
    reason: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class OfferRescinded(Event):
    """The offer was taken back, accepted or not; an acceptance that it undoes fills nothing."""

    stored_name = "offer-rescinded.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID]
    opening: Clear[UUID | None]
    by: Clear[str]
    reason: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ApplicationTransferred(Event):
    """The application goes on for another job: `requisition` is the one it leaves, `to` the one it is for now."""

    stored_name = "application-transferred.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    to: Clear[UUID]
    reason: Clear[str]


@dataclass(frozen=True, slots=True)
class ApplicationReferred(Event):
    """The application came of a referral; an application takes one referral, the first that is named."""

    stored_name = "application-referred.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    referral: Clear[UUID]
    referrer: Clear[UUID]


class ApplicationDoesNotExist(NotFound):
    """There is no application {application}.

    Submit it, or add the candidate as a prospect, first.
    """

    where = "application"


class ApplicationExistsAlready(Conflict):
    """The application {application} exists already.

    Give a further application an id of its own.
    """

    where = "application"


class ApplicationWasSubmittedAlready(Conflict):
    """The application {application} was submitted already.

    Give a further application an id of its own.
    """

    where = "application"


class ApplicationHasEnded(Conflict):
    """The application {application} ended on {ended_at}: {ending}.

    To consider the candidate again, begin a new application.
    """

    where = "application"


class ApplicationIsOfAnotherCandidate(Conflict):
    """The application {application} is not of the candidate {candidate}.

    Name the candidate that the application began with.
    """

    where = "candidate"


class ApplicationIsForAnotherRequisition(Conflict):
    """The application {application} is not for the requisition {requisition}.

    Name the requisition that the application is for.
    """

    where = "requisition"


class OpeningNeedsItsRequisition(Invalid):
    """The opening {opening} is named without its requisition.

    Name the requisition too, or neither.
    """

    where = "requisition"


@dataclass(frozen=True, slots=True)
class StageVisit:
    """The application entered a stage at a time."""

    at: datetime
    stage: str


@dataclass(frozen=True, slots=True)
class Application:
    """What decisions about an application need to know.

    `candidate` None: it does not exist. `stages` stand in the order in which they were entered, however late we
    learned it; `accepted` has the time of the acceptance per opening; `ending` is the event that ended it.
    """

    candidate: UUID | None = None
    requisition: UUID | None = None
    submitted: bool = False
    stages: tuple[StageVisit, ...] = ()
    accepted: Mapping[UUID, datetime] = field(default_factory=dict)
    ending: type[Event] | None = None
    ended_at: datetime | None = None

    @property
    def exists(self) -> bool:
        return self.candidate is not None

    def stage_at(self, moment: datetime) -> str | None:
        """The stage it stood in at that time; None before the first."""
        return next((visit.stage for visit in reversed(self.stages) if visit.at <= moment), None)

    def require_candidate(self, application: UUID) -> UUID:
        """Whose application it is; raises ApplicationDoesNotExist."""
        if self.candidate is None:
            raise ApplicationDoesNotExist(application=application)
        return self.candidate

    def require_live(self, application: UUID, moment: datetime | None = None) -> UUID:
        """Whose application it is; raises ApplicationDoesNotExist, or ApplicationHasEnded.

        With a moment, an end that came after it does not matter: what happened before it may be learned later.
        """
        candidate = self.require_candidate(application)
        if self.ended_at is not None and self.ending is not None and (moment is None or moment >= self.ended_at):
            ended_at = self.ended_at.isoformat()
            raise ApplicationHasEnded(application=application, ending=self.ending.stored_name, ended_at=ended_at)
        return candidate

    def require_requisition(self, application: UUID, requisition: UUID) -> None:
        """Raises ApplicationIsForAnotherRequisition; a prospect for no requisition suits every one."""
        if self.requisition not in (None, requisition):
            raise ApplicationIsForAnotherRequisition(application=application, requisition=requisition)


def evolve(application: Application, recorded: Recorded[Event]) -> Application:
    """The application after one more event; what ended it first, ended it."""
    match recorded.event:
        case ApplicationSubmitted() as event:
            return replace(application, candidate=event.candidate, requisition=event.requisition, submitted=True)
        case ProspectAdded() as event if not application.exists:
            return replace(application, candidate=event.candidate, requisition=event.requisition)
        case StageEntered() as event:
            visits = sorted((*application.stages, StageVisit(recorded.at, event.stage)), key=lambda visit: visit.at)
            return replace(application, stages=tuple(visits))
        case OfferAccepted() as event:
            return replace(application, accepted={**application.accepted, event.opening: recorded.at})
        case ApplicationRejected() | ApplicationWithdrawn() | CandidateHired() as event if application.ending is None:
            return replace(application, ending=type(event), ended_at=recorded.at)
        case _:
            return application


APPLICATION = Aggregate("application", Application(), evolve)

BEGINNINGS: tuple[type[Event], ...] = (ApplicationSubmitted, ProspectAdded)
"""The events that make an application."""

ENDINGS: tuple[type[Event], ...] = (ApplicationRejected, ApplicationWithdrawn, CandidateHired)
"""The events that end an application."""
