"""A referral is not taken up: we do not want to, or the candidate does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.codes import UNKNOWN, Code
from domain.referral import (
    ANSWERS,
    BEGINNINGS,
    REFERRAL,
    Referral,
    ReferralBecameAnApplication,
    ReferralDeclined,
    ReferralDoesNotExist,
    ReferralTurnedIntoApplication,
    ReferralWasNotMade,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineReferral(Command):
    """Decline a referral, also an accepted one. Declining it again changes nothing."""

    referral: Annotated[UUID, Help("The referral's stream.")]
    by: Annotated[Code, Help("The decider: 'recruiter' or 'candidate'.")] = "recruiter"
    reason: Annotated[Code, Help("The reason, as a code.")] = UNKNOWN


def decide(referral: Referral, command: DeclineReferral) -> Events:
    """Raises ReferralDoesNotExist, ReferralWasNotMade or ReferralBecameAnApplication."""
    made = referral.require_made()
    if referral.applications:
        raise ReferralBecameAnApplication(referral=command.referral)
    if referral.declined:
        return {}
    return {command.referral: [ReferralDeclined(made.referrer, made.candidate, command.by, command.reason)]}


READS = (*BEGINNINGS, *ANSWERS, ReferralTurnedIntoApplication)
VERB = Verb(
    DeclineReferral,
    (Load("referral", REFERRAL, READS),),
    decide,
    writes=ReferralDeclined,
    raises=(ReferralBecameAnApplication, ReferralDoesNotExist, ReferralWasNotMade),
)
