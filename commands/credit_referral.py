"""A hire is credited to the referrer of the candidate, by a stated rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.application import APPLICATION, STANDING, Application, ApplicationDoesNotExist, CandidateIsNotHired
from domain.referral import (
    BEGINNINGS,
    CREDIT_RULE,
    REFERRAL,
    HireCameBeforeTheReferral,
    HireCameTooLateForTheReferral,
    Referral,
    ReferralCredited,
    ReferralDoesNotExist,
    ReferralIsNotOfThisApplication,
    ReferralTurnedIntoApplication,
    ReferralWasCreditedAlready,
    ReferralWasNotMade,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditReferral(Command):
    """Credit a referral with a hire: of an application whose first referral it was, not undone, and at most 365 days
    after the referral was made. A referral is credited once.
    """

    referral: Annotated[UUID, Help("The referral's stream.")]
    application: Annotated[UUID, Help("The application that ended in the hire.")]


def decide(referral: Referral, application: Application, command: CreditReferral) -> Events:
    """Raises ReferralDoesNotExist, ReferralWasNotMade, ApplicationDoesNotExist, CandidateIsNotHired,
    ReferralIsNotOfThisApplication, ReferralWasCreditedAlready, HireCameBeforeTheReferral or
    HireCameTooLateForTheReferral."""
    made = referral.require_made()
    application.require_hire(command.moment)
    hired_at = application.ended_at or command.moment
    referral.require_credit(command.application, made.at, hired_at)
    credited = ReferralCredited(made.referrer, made.candidate, command.application, hired_at, CREDIT_RULE)
    return {command.referral: [credited]}


VERB = Verb(
    CreditReferral,
    (
        Load("referral", REFERRAL, (*BEGINNINGS, ReferralTurnedIntoApplication, ReferralCredited)),
        Load("application", APPLICATION, STANDING),
    ),
    decide,
    writes=ReferralCredited,
    raises=(
        ApplicationDoesNotExist,
        CandidateIsNotHired,
        HireCameBeforeTheReferral,
        HireCameTooLateForTheReferral,
        ReferralDoesNotExist,
        ReferralIsNotOfThisApplication,
        ReferralWasCreditedAlready,
        ReferralWasNotMade,
    ),
)
