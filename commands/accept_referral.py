"""We take a referral up, and the candidate agrees to be referred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid5

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.referral import (
    ANSWERS,
    BEGINNINGS,
    REFERRAL,
    Referral,
    ReferralAccepted,
    ReferralDoesNotExist,
    ReferralIsOfAnotherCandidate,
    ReferralWasDeclined,
    ReferralWasNotMade,
)
from domain.touchpoint import following

ACCEPTED = "referral-accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptReferral(Command):
    """Accept a referral, which is also a touchpoint of the candidate. Accepting it again changes nothing."""

    referral: Annotated[UUID, Help("The referral's stream.")]
    candidate: Annotated[UUID, Help("The candidate who was referred.")]


def decide(referral: Referral, candidate: Candidate, command: AcceptReferral) -> Events:
    """Raises ReferralDoesNotExist, ReferralWasNotMade, ReferralIsOfAnotherCandidate, ReferralWasDeclined or
    CandidateDoesNotExist."""
    made = referral.require_made()
    if made.candidate != command.candidate:
        raise ReferralIsOfAnotherCandidate(referral=command.referral, candidate=command.candidate)
    candidate.require_known()
    referral.require_not_declined()
    if referral.accepted:
        return {}
    touchpoint = following(uuid5(command.referral, ACCEPTED), ACCEPTED)
    return {command.referral: [ReferralAccepted(made.referrer, made.candidate)], command.candidate: [touchpoint]}


VERB = Verb(
    AcceptReferral,
    (Load("referral", REFERRAL, (*BEGINNINGS, *ANSWERS)), Load("candidate", CANDIDATE, ENTRIES)),
    decide,
    writes=ReferralAccepted,
    raises=(
        CandidateDoesNotExist,
        ReferralDoesNotExist,
        ReferralIsOfAnotherCandidate,
        ReferralWasDeclined,
        ReferralWasNotMade,
    ),
)
