"""A referral: requested, made, accepted, turned into an application, credited after the hire."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from domain.errors import Conflict, NotFound
from domain.event import Aggregate, Clear, Event, Personal, Recorded, SealedFor

CREDITED_WITHIN = timedelta(days=365)
CREDIT_RULE = "first-linked-within-365-days"
"""The referral that an application was first linked to is credited with its hire, if that comes within a year of it."""


@dataclass(frozen=True, slots=True)
class ReferralAsked(Event):
    """We asked a person of the log whom they know."""

    stored_name = "referral-asked.v1"
    person_field = "referrer"

    referrer: Clear[UUID]
    requisition: Clear[UUID | None]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ReferralMade(Event):
    """The referrer named the candidate. The words about them belong to the referrer."""

    stored_name = "referral-made.v1"
    person_field = "candidate"

    referrer: Clear[UUID]
    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    relation: Clear[str]
    referrer_words: Annotated[Personal[str | None], SealedFor("referrer")]


@dataclass(frozen=True, slots=True)
class ReferralAccepted(Event):
    """We took the referral up."""

    stored_name = "referral-accepted.v1"
    person_field = "candidate"

    referrer: Clear[UUID]
    candidate: Clear[UUID]


@dataclass(frozen=True, slots=True)
class ReferralDeclined(Event):
    """We did not take the referral up, or the candidate did not want to be referred."""

    stored_name = "referral-declined.v1"
    person_field = "candidate"

    referrer: Clear[UUID]
    candidate: Clear[UUID]
    by: Clear[str]
    reason: Clear[str]


@dataclass(frozen=True, slots=True)
class ReferralTurnedIntoApplication(Event):
    """The referred candidate's application came of this referral."""

    stored_name = "referral-turned-into-application.v1"
    person_field = "candidate"

    referrer: Clear[UUID]
    candidate: Clear[UUID]
    application: Clear[UUID]


@dataclass(frozen=True, slots=True)
class ReferralCredited(Event):
    """The application ended in a hire, and the hire is the referrer's merit by the rule of that time."""

    stored_name = "referral-credited.v1"
    person_field = "candidate"

    referrer: Clear[UUID]
    candidate: Clear[UUID]
    application: Clear[UUID]
    hired_at: Clear[datetime]
    rule: Clear[str]


class ReferralDoesNotExist(NotFound):
    """Unknown referral

    There is no referral {referral}.

    Request or make it first.
    """

    where = "referral"


class ReferralExistsAlready(Conflict):
    """Referral already exists

    The referral {referral} was already requested or made.

    Use another id for a further referral.
    """

    where = "referral"


class ReferralWasMadeAlready(Conflict):
    """Referral already made

    The referral {referral} was already made.

    Use another id for a further referral.
    """

    where = "referral"


class ReferralWasNotMade(Conflict):
    """Referral not made yet

    The referral {referral} was requested, but no person has been referred yet.

    Record the person that the referrer named first.
    """

    where = "referral"


class ReferrerIsAnother(Conflict):
    """Wrong referrer

    The referral {referral} was requested from another person than {referrer}.

    Name the person it was requested from, or use another id for the referral.
    """

    stored_rule = "referral-was-asked-of-somebody-else"

    where = "referrer"


class ReferralIsOfAnotherCandidate(Conflict):
    """Referral of another candidate

    The referral {referral} is not of the candidate {candidate}.

    Name the candidate who was referred.
    """

    where = "candidate"


class ReferralWasDeclined(Conflict):
    """Referral already declined

    The referral {referral} was declined.

    If the person is referred again, record a new referral.
    """

    where = "referral"


class ReferralBecameAnApplication(Conflict):
    """Referral already became an application

    The referral {referral} already led to an application.

    Reject or withdraw the application instead.
    """

    where = "referral"


class ReferralIsNotOfThisApplication(Conflict):
    """Application without this referral

    The application {application} is not linked to the referral {referral}.

    Link the two first, unless the application came from another referral.
    """

    where = "application"


class ApplicationCameOfAnotherReferral(Conflict):
    """Application has another referral

    The application {application} is already linked to another referral.

    Keep that link: an application takes one referral.
    """

    where = "referral"


class ReferralWasCreditedAlready(Conflict):
    """Referral already credited

    The referral {referral} was already credited.

    Nothing needs to be done: a referral is credited once.
    """

    where = "referral"


class HireCameBeforeTheReferral(Conflict):
    """Hire before the referral

    The hire of {hired_at} came before the referral of {made_at}.

    Credit only a referral that was made before the hire.
    """

    where = "application"


class HireCameTooLateForTheReferral(Conflict):
    """Hire too late for the referral

    The hire of {hired_at} came more than {days} days after the referral of {made_at}.

    Do not credit it: the rule of credit ends after that many days.
    """

    where = "application"


@dataclass(frozen=True, slots=True)
class Made:
    """Who referred whom, and when."""

    referrer: UUID
    candidate: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Referral:
    """What decisions about a referral need to know.

    `asked_of` is who was asked for it. `made` None: no person was referred yet. `applications`: what it became.
    """

    id: UUID
    asked_of: UUID | None = None
    made: Made | None = None
    accepted: bool = False
    declined: bool = False
    applications: frozenset[UUID] = frozenset()
    credited: bool = False

    def require_new(self) -> None:
        """Raises ReferralExistsAlready."""
        if self.asked_of is not None or self.made is not None:
            raise ReferralExistsAlready(referral=self.id)

    def require_not_made(self, referrer: UUID) -> None:
        """Raises ReferralWasMadeAlready, or ReferrerIsAnother."""
        if self.made is not None:
            raise ReferralWasMadeAlready(referral=self.id)
        if self.asked_of not in (None, referrer):
            raise ReferrerIsAnother(referral=self.id, referrer=referrer)

    def require_made(self) -> Made:
        """Return the referral that was made. Raises ReferralDoesNotExist or ReferralWasNotMade."""
        if self.made is not None:
            return self.made
        if self.asked_of is not None:
            raise ReferralWasNotMade(referral=self.id)
        raise ReferralDoesNotExist(referral=self.id)

    def require_not_declined(self) -> None:
        """Raises ReferralWasDeclined."""
        if self.declined:
            raise ReferralWasDeclined(referral=self.id)

    def require_credit(self, application: UUID, made_at: datetime, hired_at: datetime) -> None:
        """Raises which part of the rule fails: ReferralIsNotOfThisApplication, ReferralWasCreditedAlready,
        HireCameBeforeTheReferral or HireCameTooLateForTheReferral."""
        if application not in self.applications:
            raise ReferralIsNotOfThisApplication(referral=self.id, application=application)
        if self.credited:
            raise ReferralWasCreditedAlready(referral=self.id)
        named = {"hired_at": hired_at.isoformat(), "made_at": made_at.isoformat()}
        if hired_at < made_at:
            raise HireCameBeforeTheReferral(**named)
        if hired_at - made_at > CREDITED_WITHIN:
            raise HireCameTooLateForTheReferral(days=CREDITED_WITHIN.days, **named)


def evolve(referral: Referral, recorded: Recorded[Event]) -> Referral:
    """Return the referral after one more event. If it is made twice, the first time counts."""
    match recorded.event:
        case ReferralAsked() as event if referral.asked_of is None:
            return replace(referral, asked_of=event.referrer)
        case ReferralMade() as event if referral.made is None:
            return replace(referral, made=Made(event.referrer, event.candidate, recorded.at))
        case ReferralAccepted():
            return replace(referral, accepted=True)
        case ReferralDeclined():
            return replace(referral, declined=True)
        case ReferralTurnedIntoApplication() as event:
            return replace(referral, applications=referral.applications | {event.application})
        case ReferralCredited():
            return replace(referral, credited=True)
        case _:
            return referral


REFERRAL = Aggregate("referral", Referral, evolve)

BEGINNINGS: tuple[type[Event], ...] = (ReferralAsked, ReferralMade)
"""The events that make a referral."""

ANSWERS: tuple[type[Event], ...] = (ReferralAccepted, ReferralDeclined)
"""What became of it, before there is an application."""
