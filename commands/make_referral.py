"""An existing candidate is referred, on request or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid5

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    MERGES,
    Candidate,
    CandidateCannotReferThemselves,
    CandidateDoesNotExist,
)
from domain.codes import UNKNOWN, Code
from domain.referral import (
    BEGINNINGS,
    REFERRAL,
    Referral,
    ReferralMade,
    ReferralWasMadeAlready,
    ReferrerIsAnother,
)
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened
from domain.touchpoint import following

MADE = "referral-made"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeReferral(Command):
    """Record a referral of an existing candidate. A person without a record is referred as a new candidate first.

    It is also a touchpoint of the referrer, if that is a candidate too.
    """

    referral: Annotated[UUID, Help("The referral's stream: a new one, or that of the referral that was asked for.")]
    referrer: Annotated[UUID, Help("The person who refers; their words are sealed by their key.")]
    candidate: Annotated[UUID, Help("The candidate who is referred.")]
    requisition: Annotated[UUID | None, Help("The requisition of the referral. Default: any.")] = None
    relation: Annotated[Code, Help("How they know each other, such as 'former-colleague'.")] = UNKNOWN
    referrer_words: Annotated[str | None, Help("The referrer's words; personal to the referrer, sealed.")] = None


def decide(
    referral: Referral,
    candidate: Candidate,
    referrer: Candidate,
    requisition: Requisition | None,
    command: MakeReferral,
) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, CandidateCannotReferThemselves, RequisitionDoesNotExist,
    ReferralWasMadeAlready or ReferrerIsAnother."""
    candidate.require_known()
    if (referrer.speaker or command.referrer) == (candidate.speaker or command.candidate):
        raise CandidateCannotReferThemselves(candidate=command.candidate)
    if requisition is not None and command.requisition is not None:
        requisition.require_known()
    referral.require_not_made(command.referrer)
    made = ReferralMade(
        referrer=command.referrer,
        candidate=command.candidate,
        requisition=command.requisition,
        relation=command.relation,
        referrer_words=command.referrer_words,
    )
    if not referrer.exists:
        return {command.referral: [made]}
    referrer.require_known()
    return {command.referral: [made], command.referrer: [following(uuid5(command.referral, MADE), MADE)]}


PERSON = (*ENTRIES, *MERGES)
VERB = Verb(
    MakeReferral,
    (
        Load("referral", REFERRAL, BEGINNINGS),
        Load("candidate", CANDIDATE, PERSON),
        Load("referrer", CANDIDATE, PERSON),
        Load("requisition", REQUISITION, (RequisitionOpened,)),
    ),
    decide,
    writes=ReferralMade,
    raises=(
        CandidateCannotReferThemselves,
        CandidateDoesNotExist,
        ReferrerIsAnother,
        ReferralWasMadeAlready,
        RequisitionDoesNotExist,
    ),
)
