"""One person's way through a job: submitted or a prospect, through stages and offers, to an end that may be undone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.course import Course
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


class StageWasNeverEntered(Conflict):
    """The application {application} had never been in the stage '{stage}' by {moment}.

    Name a stage that it has been in, or enter the stage, which needs no way back.
    """

    where = "stage"


class StageIsNotEarlier(Conflict):
    """The stage '{stage}' is not earlier than '{current}', in which the application {application} stood at {moment}.

    Name an earlier stage, or enter the stage, which needs no way back.
    """

    where = "stage"


class ApplicationIsNotRejected(Conflict):
    """The application {application} does not stand rejected at {moment}.

    Only what we rejected can be un-rejected, and at no time before that.
    """

    where = "application"


class CandidateIsNotHired(Conflict):
    """Nobody stands hired by the application {application} at {moment}.

    Only a hire can be undone, and at no time before it.
    """

    where = "application"


class ApplicationIsForThisRequisition(Conflict):
    """The application {application} is for the requisition {requisition} already.

    Name the requisition that it is to go on for.
    """

    where = "requisition"


class OfferIsOut(Conflict):
    """An offer of the application {application} stands, for the job that it is for.

    Have it declined or rescinded first.
    """

    where = "application"


class OfferIsNotOut(Conflict):
    """No offer of the application {application} is out.

    Make an offer first.
    """

    where = "application"


class OfferWasAccepted(Conflict):
    """The offer of the application {application} was accepted.

    Rescind it, which may be the candidate's doing.
    """

    where = "application"


class OfferWasDeclined(Conflict):
    """The offer of the application {application} was declined.

    Make another offer first.
    """

    where = "application"


class OfferWasRescinded(Conflict):
    """The offer of the application {application} was rescinded.

    Make another offer first.
    """

    where = "application"


class OfferIsForAnotherOpening(Conflict):
    """The offer of the application {application} is for another opening than {opening}.

    Name the opening that was offered, or rescind the offer and make another.
    """

    where = "opening"


class HireStandsOnTheOffer(Conflict):
    """The candidate was hired on the offer of the application {application}.

    Undo the hire first.
    """

    where = "application"


@dataclass(frozen=True, slots=True)
class Offer:
    """The last offer: for which job and opening (None: none in particular), and what became of it.

    `accepted_at` None: not accepted. `ending`: the event that declined or rescinded it; None: it stands.
    """

    requisition: UUID
    opening: UUID | None
    accepted_at: datetime | None = None
    ending: type[Event] | None = None


REFUSED_OFFERS: dict[type[Event], type[Conflict]] = {OfferDeclined: OfferWasDeclined, OfferRescinded: OfferWasRescinded}


@dataclass(frozen=True, slots=True)
class Application:
    """What decisions about an application need to know.

    `candidate` None: it does not exist. `stages` is its course through the stages of the job it is for, None in it:
    it came to another job. `left` has the jobs that it was transferred away from. `ending` is the event that ended it
    and was not undone, and `hire` is it where somebody was hired.
    `referral` is the first that it was said to have come of.
    """

    candidate: UUID | None = None
    requisition: UUID | None = None
    submitted: bool = False
    stages: Course[str | None] = field(default_factory=Course)
    left: Course[UUID | None] = field(default_factory=Course)
    offer: Offer | None = None
    ending: type[Event] | None = None
    ended_at: datetime | None = None
    hire: CandidateHired | None = None
    referral: UUID | None = None

    @property
    def exists(self) -> bool:
        return self.candidate is not None

    @property
    def standing_offer(self) -> Offer | None:
        """The offer that was neither declined nor rescinded."""
        return self.offer if self.offer is not None and self.offer.ending is None else None

    def stage_at(self, moment: datetime) -> str | None:
        """The stage it stood in at that time; None before the first."""
        return self.stages.at(moment)

    def requisition_at(self, moment: datetime) -> UUID | None:
        """The job it was for at that time, which it may have left since."""
        return next((turn.value for turn in self.left.turns if turn.at > moment), self.requisition)

    def entered_by(self, moment: datetime) -> list[str]:
        """The stages of this job that it had been in by that time, in the order of their first visits."""
        visits = [turn.value for turn in self.stages.turns if turn.at <= moment]
        since = max((number for number, stage in enumerate(visits, start=1) if stage is None), default=0)
        return list(dict.fromkeys(stage for stage in visits[since:] if stage is not None))

    def accepted_for(self, opening: UUID) -> datetime | None:
        """When the standing offer for this opening was accepted."""
        offer = self.standing_offer
        return offer.accepted_at if offer is not None and offer.opening == opening else None

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

    def require_rejected(self, application: UUID, moment: datetime) -> UUID:
        """Whose application it is; raises ApplicationDoesNotExist or ApplicationIsNotRejected."""
        candidate = self.require_candidate(application)
        if self.ending is not ApplicationRejected or self.ended_at is None or self.ended_at > moment:
            raise ApplicationIsNotRejected(application=application, moment=moment.isoformat())
        return candidate

    def require_hire(self, application: UUID, moment: datetime) -> CandidateHired:
        """The hire that ended it; raises ApplicationDoesNotExist or CandidateIsNotHired."""
        self.require_candidate(application)
        if self.hire is None or self.ended_at is None or self.ended_at > moment:
            raise CandidateIsNotHired(application=application, moment=moment.isoformat())
        return self.hire

    def require_requisition(self, application: UUID, requisition: UUID) -> None:
        """Raises ApplicationIsForAnotherRequisition; a prospect for no requisition suits every one."""
        if self.requisition not in (None, requisition):
            raise ApplicationIsForAnotherRequisition(application=application, requisition=requisition)

    def require_entered_before(self, application: UUID, stage: str, moment: datetime) -> None:
        """Raises StageWasNeverEntered, or StageIsNotEarlier than the one it stood in."""
        entered, current = self.entered_by(moment), self.stage_at(moment)
        named = {"application": application, "stage": stage, "moment": moment.isoformat()}
        if current is None or stage not in entered:
            raise StageWasNeverEntered(**named)
        if entered.index(stage) >= entered.index(current):
            raise StageIsNotEarlier(current=current, **named)

    def require_no_offer(self, application: UUID) -> None:
        """Raises OfferIsOut, accepted or not."""
        if self.standing_offer is not None:
            raise OfferIsOut(application=application)

    def require_offer(self, application: UUID) -> Offer:
        """The offer that is out, accepted or not; raises OfferIsNotOut, OfferWasDeclined or OfferWasRescinded."""
        if self.offer is None:
            raise OfferIsNotOut(application=application)
        if self.offer.ending is not None:
            raise REFUSED_OFFERS[self.offer.ending](application=application)
        return self.offer

    def require_acceptable(self, application: UUID, opening: UUID) -> None:
        """Raises OfferWasDeclined, OfferWasRescinded, OfferWasAccepted or OfferIsForAnotherOpening.

        An acceptance of which we never learned the offer is one.
        """
        if self.offer is None:
            return
        offer = self.require_offer(application)
        if offer.accepted_at is not None:
            raise OfferWasAccepted(application=application)
        if offer.opening not in (None, opening):
            raise OfferIsForAnotherOpening(application=application, opening=opening)


def evolve(application: Application, recorded: Recorded[Event]) -> Application:
    """The application after one more event; what ended it first, ended it, until that is undone."""
    match recorded.event:
        case ApplicationSubmitted() as event:
            return replace(application, candidate=event.candidate, requisition=event.requisition, submitted=True)
        case ProspectAdded() as event if not application.exists:
            return replace(application, candidate=event.candidate, requisition=event.requisition)
        case StageEntered(stage=stage) | ApplicationMovedBack(stage=stage):
            return replace(application, stages=application.stages.turned(recorded.at, stage))
        case ApplicationTransferred() as event:
            return replace(
                application,
                requisition=event.to,
                left=application.left.turned(recorded.at, event.requisition),
                stages=application.stages.turned(recorded.at, None),
            )
        case OfferMade() | OfferAccepted() | OfferDeclined() | OfferRescinded() as event:
            return replace(application, offer=offered(application.offer, event, recorded.at))
        case ApplicationRejected() | ApplicationWithdrawn() | CandidateHired() as event if application.ending is None:
            hire = event if isinstance(event, CandidateHired) else None
            return replace(application, ending=type(event), ended_at=recorded.at, hire=hire)
        case ApplicationReferred() as event if application.referral is None:
            return replace(application, referral=event.referral)
        case ApplicationUnrejected() | CandidateUnhired() as event if application.ending is UNDOES[type(event)]:
            return replace(application, ending=None, ended_at=None, hire=None)
        case _:
            return application


def offered(
    offer: Offer | None, event: OfferMade | OfferAccepted | OfferDeclined | OfferRescinded, at: datetime
) -> Offer:
    """The last offer after one more event of it."""
    match event:
        case OfferMade():
            return Offer(event.requisition, event.opening)
        case OfferAccepted():
            return Offer(event.requisition, event.opening, accepted_at=at)
        case _ if offer is None:
            return Offer(event.requisition, event.opening, ending=type(event))
        case _:
            return replace(offer, ending=type(event))


APPLICATION = Aggregate("application", Application(), evolve)

BEGINNINGS: tuple[type[Event], ...] = (ApplicationSubmitted, ProspectAdded)
"""The events that make an application."""

ENDINGS: tuple[type[Event], ...] = (ApplicationRejected, ApplicationWithdrawn, CandidateHired)
"""The events that end an application."""

UNDOES: dict[type[Event], type[Event]] = {ApplicationUnrejected: ApplicationRejected, CandidateUnhired: CandidateHired}
"""The events that undo an end, with the one that each undoes."""

STANDING: tuple[type[Event], ...] = (*BEGINNINGS, *ENDINGS, *UNDOES, ApplicationTransferred)
"""The events that say whose an application is, for which job, and whether it has ended."""

STAGES: tuple[type[Event], ...] = (StageEntered, ApplicationMovedBack, ApplicationTransferred)
"""The events that say which stage an application is in."""

OFFERS: tuple[type[Event], ...] = (OfferMade, OfferAccepted, OfferDeclined, OfferRescinded)
"""The events of an application's offers."""
