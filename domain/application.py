"""One person's way through a job: submitted or a prospect, through stages and offers, to an end that may be undone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, Invalid, NotFound
from domain.event import Aggregate, Clear, Event, Personal, Recorded
from domain.reversal import last_by, taken_back, without
from domain.temporal_property import TemporalProperty


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
    """The candidate accepted the offer, made for this opening where one is named."""

    stored_name = "offer-accepted.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID]
    opening: Clear[UUID | None]


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
class OfferDeclineTakenBack(Event):
    """A recorded decline did not happen: the offer had been accepted before. It is out again, for the acceptance."""

    stored_name = "offer-decline-taken-back.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID]
    opening: Clear[UUID | None]


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
    """Unknown application

    There is no application {application}.

    Submit it first, or add the candidate as a prospect.
    """

    where = "application"


class ApplicationExistsAlready(Conflict):
    """Application already exists

    The application {application} already exists.

    Use another id for a further application.
    """

    where = "application"


class ApplicationWasSubmittedAlready(Conflict):
    """Application already submitted

    The application {application} was already submitted.

    Use another id for a further application.
    """

    where = "application"


class ApplicationHasEnded(Conflict):
    """Closed application

    The application {application} ended on {ended_at}: {ending}.

    Start a new application to consider the candidate again.
    """

    where = "application"


class ApplicationIsOfAnotherCandidate(Conflict):
    """Wrong candidate

    The application {application} does not belong to the candidate {candidate}.

    Name the candidate who applied.
    """

    where = "candidate"


class ApplicationIsForAnotherRequisition(Conflict):
    """Wrong requisition

    The application {application} is not for the requisition {requisition}.

    Name the requisition that the application is for.
    """

    where = "requisition"


class OpeningNeedsItsRequisition(Invalid):
    """Opening without its requisition

    The opening {opening} is named without its requisition.

    Name the requisition too, or leave both out.
    """

    where = "requisition"


class StageWasNeverEntered(Conflict):
    """Stage never entered

    The application {application} had never been in the stage '{stage}' by {moment}.

    Name a stage that it has been in, or enter the stage instead of going back to it.
    """

    where = "stage"


class StageIsNotEarlier(Conflict):
    """Not an earlier stage

    The stage '{stage}' is not earlier than '{current}', the stage of the application {application} at {moment}.

    Name an earlier stage, or enter the stage instead of going back to it.
    """

    where = "stage"


class ApplicationIsNotRejected(Conflict):
    """Application not rejected

    The application {application} was not rejected at {moment}.

    Un-reject only a rejected application, at a time after its rejection.
    """

    where = "application"


class CandidateIsNotHired(Conflict):
    """No hire to undo

    The application {application} had not led to a hire at {moment}.

    Undo only a hire, at a time after it.
    """

    where = "application"


class ApplicationIsForThisRequisition(Conflict):
    """Application is already for this requisition

    The application {application} is already for the requisition {requisition}.

    Name the requisition to move the application to.
    """

    where = "requisition"


class OfferIsOut(Conflict):
    """Open offer

    The application {application} already has an open offer for its present job.

    Decline or rescind that offer first.
    """

    where = "application"


class OfferIsNotOut(Conflict):
    """No open offer

    The application {application} has no open offer.

    Make an offer first.
    """

    where = "application"


class OfferWasAccepted(Conflict):
    """Offer already accepted

    The offer of the application {application} was accepted.

    Rescind it first; the reason may be the candidate's.
    """

    where = "application"


class OfferWasDeclined(Conflict):
    """Offer already declined

    The offer of the application {application} was declined.

    Make another offer first.
    """

    where = "application"


class OfferWasNotDeclined(Conflict):
    """Offer not declined

    No offer of the application {application} stands declined at {moment}.

    Only a decline can be taken back, and at no time before it.
    """

    where = "application"


class OfferWasRescinded(Conflict):
    """Offer already rescinded

    The offer of the application {application} was rescinded.

    Make another offer first.
    """

    where = "application"


class OfferIsForAnotherOpening(Conflict):
    """Offer for another opening

    The offer of the application {application} is for another opening than {opening}.

    Name the opening of the offer, or rescind the offer and make another.
    """

    where = "opening"


class HireStandsOnTheOffer(Conflict):
    """Offer led to a hire

    The candidate was hired on the offer of the application {application}.

    Undo the hire first.
    """

    where = "application"


class OfferIsLater(Conflict):
    """Time before the offer

    The offer of the application {application} has been in its present state since {since}, which is after {moment}.

    Send a time no earlier than that.
    """

    where = "occurred_at"


@dataclass(frozen=True, slots=True)
class Ending:
    """An end of the application that was not undone."""

    event: ApplicationRejected | ApplicationWithdrawn | CandidateHired
    at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer: for which job and opening (None: none in particular), since when, and what became of it.

    `accepted_at` None: it was not accepted; else `accepted_as` is the number of the acceptance in the stream.
    `unmade`: only its acceptance is known.
    `ending`: the event that declined or rescinded it; None: it stands.
    """

    requisition: UUID
    opening: UUID | None
    at: datetime
    accepted_at: datetime | None = None
    accepted_as: int = 0
    ending: type[Event] | None = None
    unmade: bool = False

    @property
    def since(self) -> datetime:
        """When it came to stand as it does: accepted, or else made."""
        return self.accepted_at or self.at


@dataclass(frozen=True, slots=True)
class Decline:
    """A decline that was not taken back, and the offer that it answered (None: none that is known)."""

    offer: Offer | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An acceptance that stands, of this offer."""

    offer: Offer
    at: datetime


REFUSED_OFFERS: dict[type[Event], type[Conflict]] = {OfferDeclined: OfferWasDeclined, OfferRescinded: OfferWasRescinded}


@dataclass(frozen=True, slots=True)
class Application:
    """What decisions about an application need to know.

    `candidate` None: it does not exist. `considered`: it was a prospect's. `stages` is its course through the stages of
    the job it is for, None in it: it began, or came to another job. `left` has the jobs that it was transferred away
    from. `ends` and `offers` are those that stand, in the order of recording; `former_offer` is the newest one that was
    declined or rescinded. `referral` is the first that it was said to have come of.
    """

    id: UUID
    candidate: UUID | None = None
    requisition: UUID | None = None
    submitted: bool = False
    submitted_at: datetime | None = None
    considered: bool = False
    stages: TemporalProperty[str | None] = field(default_factory=TemporalProperty)
    left: TemporalProperty[UUID | None] = field(default_factory=TemporalProperty)
    offers: tuple[Offer, ...] = ()
    former_offer: Offer | None = None
    declines: tuple[Decline, ...] = ()
    ends: tuple[Ending, ...] = ()
    referral: UUID | None = None

    @property
    def exists(self) -> bool:
        return self.candidate is not None

    @property
    def hires(self) -> tuple[Ending, ...]:
        """The hires that stand, in the order of recording."""
        return tuple(end for end in self.ends if isinstance(end.event, CandidateHired))

    @property
    def end(self) -> Ending | None:
        """The end that counts: the earliest hire that stands, else the earliest end that does."""
        return min(self.hires or self.ends, key=lambda end: end.at, default=None)

    @property
    def ending(self) -> type[Event] | None:
        """The event that ended it and was not undone."""
        return None if self.end is None else type(self.end.event)

    @property
    def ended_at(self) -> datetime | None:
        """When the end that counts was."""
        return None if self.end is None else self.end.at

    @property
    def hire(self) -> CandidateHired | None:
        """The hire that counts, where the candidate stands hired."""
        event = None if self.end is None else self.end.event
        return event if isinstance(event, CandidateHired) else None

    @property
    def offer(self) -> Offer | None:
        """The last offer, be it one that was declined or rescinded."""
        return self.standing_offer or self.former_offer

    @property
    def standing_offer(self) -> Offer | None:
        """The newest offer that was neither declined nor rescinded."""
        return max(reversed(self.offers), key=lambda offer: offer.since, default=None)

    def accepted_unmade(self, moment: datetime) -> Offer | None:
        """Return the offer made at that moment of which only the acceptance is known."""
        offers = [each for each in self.offers if each.unmade and each.since >= moment]
        return min(offers, key=lambda offer: offer.since, default=None)

    @property
    def acceptances(self) -> list[Acceptance]:
        """The acceptances that stand, in the order of recording."""
        accepted = sorted(self.offers, key=lambda offer: offer.accepted_as)
        return [Acceptance(offer, offer.accepted_at) for offer in accepted if offer.accepted_at is not None]

    def may_have_been_prospect(self, moment: datetime) -> bool:
        """Return whether a prospect at that moment would be news: none is known, and it was not submitted by then."""
        return not self.considered and (self.submitted_at is None or moment < self.submitted_at)

    def may_be_submitted(self, moment: datetime) -> bool:
        """Return whether it can be submitted at that moment: it is not submitted yet, and it had not ended before."""
        return not self.submitted and (self.ended_at is None or moment < self.ended_at)

    def stage_at(self, moment: datetime) -> str | None:
        """Return the stage at that time; None before the first stage of the job that it was for."""
        return self.stages.at(moment)

    def requisition_at(self, moment: datetime) -> UUID | None:
        """Return the job that it was for at that time, which it may have left since."""
        return next((turn.value for turn in self.left.turns if turn.at > moment), self.requisition)

    def entered_by(self, moment: datetime) -> list[str]:
        """Return the stages of this job that it had been in by that time, in the order of their first visits."""
        visits = [turn for turn in self.stages.turns if turn.at <= moment]
        came = self.left.dated_value_at(moment)
        since = max(
            (no for no, turn in enumerate(visits, start=1) if turn.value is None and came and turn.at == came.at),
            default=0,
        )
        return list(dict.fromkeys(turn.value for turn in visits[since:] if turn.value is not None))

    def accepted_for(self, opening: UUID | None) -> datetime | None:
        """Return the time of the last standing acceptance for this opening or for none in particular."""
        return next(
            (acceptance.at for acceptance in reversed(self.acceptances) if acceptance.offer.opening in (None, opening)),
            None,
        )

    def require_candidate(self) -> UUID:
        """Whose application it is; raises ApplicationDoesNotExist."""
        if self.candidate is None:
            raise ApplicationDoesNotExist(application=self.id)
        return self.candidate

    def require_live(self, moment: datetime | None = None, *, in_any_order: bool = False) -> UUID:
        """Whose application it is; raises ApplicationDoesNotExist, or ApplicationHasEnded.

        With a moment, an end that came after it does not matter: what happened before it may be learned later.
        `in_any_order`: no end matters; events recorded later may have happened before.
        """
        candidate = self.require_candidate()
        if in_any_order:
            return candidate
        first = min(self.ends, key=lambda end: end.at, default=None)
        if first is not None and (moment is None or moment >= first.at):
            ending, ended_at = first.event.stored_name, first.at.isoformat()
            raise ApplicationHasEnded(application=self.id, ending=ending, ended_at=ended_at)
        return candidate

    def require_rejected(self, moment: datetime, *, in_any_order: bool = False) -> UUID:
        """Whose application it is; raises ApplicationDoesNotExist or ApplicationIsNotRejected."""
        candidate = self.require_candidate()
        if (taken_back if in_any_order else last_by)(self.of(ApplicationRejected), moment) is None:
            raise ApplicationIsNotRejected(application=self.id, moment=moment.isoformat())
        return candidate

    def require_hire(self, moment: datetime, *, in_any_order: bool = False) -> CandidateHired:
        """Return the hire that can be undone at that moment. Raises ApplicationDoesNotExist or CandidateIsNotHired."""
        self.require_candidate()
        hire = (taken_back if in_any_order else last_by)(self.hires, moment)
        if hire is None or not isinstance(hire.event, CandidateHired):
            raise CandidateIsNotHired(application=self.id, moment=moment.isoformat())
        return hire.event

    def of(self, kind: type[Event]) -> tuple[Ending, ...]:
        """Return the standing ends of that kind, in the order of recording."""
        return tuple(end for end in self.ends if isinstance(end.event, kind))

    def require_requisition(self, requisition: UUID) -> None:
        """Raises ApplicationIsForAnotherRequisition; a prospect for no requisition suits every one."""
        if self.requisition not in (None, requisition):
            raise ApplicationIsForAnotherRequisition(application=self.id, requisition=requisition)

    def require_entered_before(self, stage: str, moment: datetime) -> None:
        """Raises StageWasNeverEntered, or StageIsNotEarlier than the one it stood in."""
        entered, current = self.entered_by(moment), self.stage_at(moment)
        named = {"application": self.id, "stage": stage, "moment": moment.isoformat()}
        if current is None or stage not in entered:
            raise StageWasNeverEntered(**named)
        if entered.index(stage) >= entered.index(current):
            raise StageIsNotEarlier(current=current, **named)

    def require_no_offer(self) -> None:
        """Raises OfferIsOut, accepted or not."""
        if self.standing_offer is not None:
            raise OfferIsOut(application=self.id)

    def require_offer(self) -> Offer:
        """Return the offer that is out, accepted or not.

        Raises OfferIsNotOut, OfferWasDeclined or OfferWasRescinded.
        """
        if self.standing_offer is not None:
            return self.standing_offer
        if self.former_offer is None or self.former_offer.ending is None:
            raise OfferIsNotOut(application=self.id)
        raise REFUSED_OFFERS[self.former_offer.ending](application=self.id)

    def require_declinable(self, moment: datetime, *, in_any_order: bool = False) -> Offer:
        """Return the offer that can be declined at that moment; `in_any_order`, it may have been made later.

        Raises OfferWasAccepted, OfferIsLater, OfferIsNotOut, OfferWasDeclined or OfferWasRescinded.
        """
        last = self.require_offer()
        if not self.open_offers:
            raise OfferWasAccepted(application=self.id)
        offer = (taken_back if in_any_order else last_by)(self.open_offers, moment)
        return self.require_by(offer, last, moment)

    def require_rescindable(self, moment: datetime) -> Offer:
        """Return the offer that can be rescinded at that moment: the accepted one, if one was accepted.

        Raises OfferIsLater, OfferIsNotOut, OfferWasDeclined or OfferWasRescinded.
        """
        last, accepted = self.require_offer(), last_by(self.acceptances, moment)
        offer = accepted.offer if accepted else None if self.acceptances else last_by(self.offers, moment)
        return self.require_by(offer, last, moment)

    def require_declined(self, moment: datetime) -> Offer:
        """Return the offer whose decline can be taken back at that moment. Raises OfferWasNotDeclined."""
        decline = last_by(self.declines, moment)
        if decline is None or decline.offer is None:
            raise OfferWasNotDeclined(application=self.id, moment=moment.isoformat())
        return decline.offer

    def require_by(self, offer: Offer | None, last: Offer, moment: datetime) -> Offer:
        """Return the offer; raises OfferIsLater where there is none by that moment."""
        if offer is None:
            raise OfferIsLater(application=self.id, since=last.since.isoformat(), moment=moment.isoformat())
        return offer

    @property
    def open_offers(self) -> tuple[Offer, ...]:
        """The offers that wait for an answer, in the order of recording."""
        return tuple(offer for offer in self.offers if offer.accepted_at is None)

    def require_acceptable(self, opening: UUID | None) -> None:
        """Raises OfferWasDeclined, OfferWasRescinded, OfferWasAccepted or OfferIsForAnotherOpening.

        An acceptance of which we never learned the offer is one.
        """
        if self.offer is None:
            return
        offer = self.require_offer()
        if offer.accepted_at is not None:
            raise OfferWasAccepted(application=self.id)
        if opening is not None and offer.opening not in (None, opening):
            raise OfferIsForAnotherOpening(application=self.id, opening=opening)


def evolve(application: Application, recorded: Recorded[Event]) -> Application:
    """Return the application after one more event.

    A reversal takes back one fact; every other event adds one, whatever its date.
    """
    match recorded.event:
        case ApplicationSubmitted() as event:
            application = replace(application, candidate=event.candidate, requisition=event.requisition, submitted=True)
            application = replace(application, submitted_at=recorded.at)
            return replace(application, stages=application.stages.turned(recorded.at, None))
        case ProspectAdded() as event:
            if not application.exists:
                application = replace(application, candidate=event.candidate, requisition=event.requisition)
            application = replace(application, considered=True)
            return replace(application, stages=application.stages.turned(recorded.at, None))
        case StageEntered(stage=stage) | ApplicationMovedBack(stage=stage):
            return replace(application, stages=application.stages.turned(recorded.at, stage))
        case ApplicationTransferred() as event:
            return replace(
                application,
                requisition=event.to,
                left=application.left.turned(recorded.at, event.requisition),
                stages=application.stages.turned(recorded.at, None),
            )
        case OfferMade() as event:
            return made(application, event, recorded.at)
        case OfferAccepted() as event:
            return accepted(application, event, recorded)
        case OfferDeclined() | OfferRescinded() as event:
            return offer_ended(application, event, recorded.at)
        case OfferDeclineTakenBack():
            return decline_taken_back(application, recorded.at)
        case ApplicationRejected() | ApplicationWithdrawn() | CandidateHired() as event:
            return replace(application, ends=(*application.ends, Ending(event, recorded.at)))
        case ApplicationReferred() as event if application.referral is None:
            return replace(application, referral=event.referral)
        case ApplicationUnrejected() | CandidateUnhired() as event:
            undone = taken_back(application.of(UNDOES[type(event)]), recorded.at)
            return replace(application, ends=without(application.ends, undone))
        case _:
            return application


def made(application: Application, event: OfferMade, at: datetime) -> Application:
    """Return the application after an offer.

    An acceptance that was recorded before the offer, and is dated no earlier, belongs to it, unless a newer offer had
    been made by then. The offer to which the acceptance had been assigned waits for an answer again.
    """
    later = [offer for offer in application.offers if offer.accepted_at and offer.accepted_at >= at]
    taken = min((each for each in later if each.unmade or each.at <= at), key=lambda each: each.since, default=None)
    if taken is None:
        return replace(application, offers=(*application.offers, Offer(event.requisition, event.opening, at)))
    whole = replace(taken, at=at, unmade=False)
    former = () if taken.unmade else (replace(taken, accepted_at=None, accepted_as=0),)
    offers = tuple(whole if offer is taken else offer for offer in application.offers)
    return replace(application, offers=(*offers, *former))


def accepted(application: Application, event: OfferAccepted, recorded: Recorded[Event]) -> Application:
    """Return the application after an acceptance.

    It accepts the newest offer made by then that waits for an answer, else the last that waits for one, else an offer
    that was never recorded.
    """
    by_then = [offer for offer in application.open_offers if offer.at <= recorded.at]
    waiting = max(reversed(by_then), key=lambda offer: offer.at, default=next(reversed(application.open_offers), None))
    made_at = recorded.at if waiting is None else waiting.at
    offer = Offer(event.requisition, event.opening, made_at, recorded.at, recorded.version, unmade=waiting is None)
    if waiting is None:
        return replace(application, offers=(*application.offers, offer))
    return replace(application, offers=tuple(offer if each is waiting else each for each in application.offers))


def offer_ended(application: Application, event: OfferDeclined | OfferRescinded, at: datetime) -> Application:
    """Return the application after an offer was declined or rescinded.

    A decline ends an offer that is not accepted. A rescission ends an accepted one, or another where none is accepted.
    """
    if isinstance(event, OfferDeclined):
        gone = taken_back(application.open_offers, at)
        application = replace(application, declines=(*application.declines, Decline(gone, at)))
    elif application.acceptances:
        acceptance = taken_back(application.acceptances, at)
        gone = None if acceptance is None else acceptance.offer
    else:
        gone = taken_back(application.offers, at)
    if gone is None and not application.offers:
        former = Offer(event.requisition, event.opening, at, ending=type(event))
        return replace(application, former_offer=newer(application.former_offer, former))
    if gone is None:
        return application
    return replace(
        application,
        offers=without(application.offers, gone),
        former_offer=newer(application.former_offer, replace(gone, ending=type(event))),
    )


def newer(former: Offer | None, offer: Offer) -> Offer:
    """Return the newer of two offers that ended, whichever end was recorded first."""
    return offer if former is None or offer.since >= former.since else former


def decline_taken_back(application: Application, at: datetime) -> Application:
    """Return the application after a decline was taken back: the offer that it answered waits for an answer again."""
    decline = taken_back(application.declines, at)
    again = () if decline is None or decline.offer is None else (decline.offer,)
    declines = without(application.declines, decline)
    return replace(application, declines=declines, offers=(*application.offers, *again))


APPLICATION = Aggregate("application", Application, evolve)

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

OFFERS: tuple[type[Event], ...] = (OfferMade, OfferAccepted, OfferDeclined, OfferDeclineTakenBack, OfferRescinded)
"""The events of an application's offers."""
