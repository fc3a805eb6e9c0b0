"""An application turns out to have come of a referral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.application import (
    APPLICATION,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationIsOfAnotherCandidate,
    ApplicationReferred,
)
from domain.referral import (
    ANSWERS,
    BEGINNINGS,
    REFERRAL,
    ApplicationCameOfAnotherReferral,
    Referral,
    ReferralDoesNotExist,
    ReferralTurnedIntoApplication,
    ReferralWasDeclined,
    ReferralWasNotMade,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReferral(Command):
    """Link an application to the referral that led to it. Linking it again changes nothing.

    An application keeps the first referral that it is linked to. A referral may lead to several applications.
    """

    referral: Annotated[UUID, Help("The referral's stream.")]
    application: Annotated[UUID, Help("An application of the candidate who was referred.")]


def decide(referral: Referral, application: Application, command: LinkReferral) -> Events:
    """Raises ReferralDoesNotExist, ReferralWasNotMade, ReferralWasDeclined, ApplicationDoesNotExist,
    ApplicationIsOfAnotherCandidate or ApplicationCameOfAnotherReferral."""
    made = referral.require_made()
    referral.require_not_declined()
    if application.require_candidate() != made.candidate:
        raise ApplicationIsOfAnotherCandidate(application=command.application, candidate=made.candidate)
    if application.referral == command.referral:
        return {}
    if application.referral is not None:
        raise ApplicationCameOfAnotherReferral(application=command.application)
    came_of = ApplicationReferred(made.candidate, application.requisition, command.referral, made.referrer)
    became = ReferralTurnedIntoApplication(made.referrer, made.candidate, command.application)
    return {command.referral: [became], command.application: [came_of]}


VERB = Verb(
    LinkReferral,
    (
        Load("referral", REFERRAL, (*BEGINNINGS, *ANSWERS)),
        Load("application", APPLICATION, (*STANDING, ApplicationReferred)),
    ),
    decide,
    writes=ReferralTurnedIntoApplication,
    raises=(
        ApplicationCameOfAnotherReferral,
        ApplicationDoesNotExist,
        ApplicationIsOfAnotherCandidate,
        ReferralDoesNotExist,
        ReferralWasDeclined,
        ReferralWasNotMade,
    ),
)
