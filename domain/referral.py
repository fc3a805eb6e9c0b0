"""Somebody vouches for somebody: asked for, made, accepted, turned into an application, credited after the hire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.event import Clear, Event, Personal, SealedFor


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
