"""A referral is not taken up: we do not want to, or the candidate does not."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
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
    """Decline a referral, also an accepted one. Declining it again changes nothing.

    referral: the referral's stream. by: who declines, 'recruiter' or 'candidate'. reason: a code.
    """

    referral: UUID
    by: Code = "recruiter"
    reason: Code = UNKNOWN


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
