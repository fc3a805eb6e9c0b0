"""A person is asked for a referral, which requires their consent to being asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid5

from commands.verb import CLOCKS_DIFFER_BY, Command, Events, Help, Load, Verb
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    Candidate,
    CandidateDoesNotExist,
    CandidateExistsAlready,
    CandidateWasMerged,
    ProcessingIsRestricted,
)
from domain.consent import (
    ConsentHasExpired,
    ConsentIsMissing,
    ConsentIsWithheld,
    ConsentWasRefused,
    ConsentWasWithdrawn,
)
from domain.referral import BEGINNINGS, REFERRAL, Referral, ReferralAsked, ReferralExistsAlready
from domain.requisition import (
    REQUISITION,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionExistsAlready,
    RequisitionOpened,
)
from domain.touchpoint import OURSELVES, TouchpointRecorded
from domain.touchpoint_kinds import TouchpointKindIsUnknown, kind_named

REFERRAL_ASKED = "referral-asked"
PURPOSE = "referral_contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForReferral(Command):
    """Ask a candidate for a referral. The accepted request is also a touchpoint that cites the consent to it.

    The message of that touchpoint is the referral's id, so that its outcome can be reported.
    """

    referral: Annotated[UUID, Help("The new referral's stream.")]
    referrer: Annotated[UUID, Help("The candidate who is asked for a referral.")]
    requisition: Annotated[UUID | None, Help("The requisition to refer a candidate for. Default: any.")] = None
    note: Annotated[str | None, Help("Free text; personal to the referrer, sealed.")] = None


def decide(referral: Referral, referrer: Candidate, requisition: Requisition | None, command: AskForReferral) -> Events:
    """Raises ReferralExistsAlready, CandidateDoesNotExist, CandidateIsErased, CandidateWasMerged,
    ProcessingIsRestricted, RequisitionDoesNotExist, ConsentIsMissing, ConsentWasRefused, ConsentWasWithdrawn,
    ConsentIsWithheld or ConsentHasExpired."""
    referral.require_new()
    referrer.require_speaking()
    if requisition is not None and command.requisition is not None:
        requisition.require_known()
    parameters = ReferralAsked(command.referrer, command.requisition, command.note)
    return {command.referral: [parameters], command.referrer: [sent(referrer, command)]}


def sent(referrer: Candidate, command: AskForReferral) -> TouchpointRecorded:
    """Return the touchpoint of the request that we send; it needs the same consent as every other send."""
    by = command.now + CLOCKS_DIFFER_BY  # the log's own clock says when it is recorded
    channel = kind_named(REFERRAL_ASKED).channel
    return TouchpointRecorded(
        touchpoint=uuid5(command.referral, REFERRAL_ASKED),
        kind=REFERRAL_ASKED,
        message=command.referral,
        machine=False,
        purpose=PURPOSE,
        authorised=True,
        consent=referrer.require_sendable(PURPOSE, channel, command.now, by, command.occurred_at),
        reported_by=OURSELVES,
        note=None,
    )


VERB = Verb(
    AskForReferral,
    (
        Load("referral", REFERRAL, BEGINNINGS),
        Load("referrer", CANDIDATE, (*ENTRIES, *ANSWERS)),
        Load("requisition", REQUISITION, (RequisitionOpened,)),
    ),
    decide,
    writes=ReferralAsked,
    raises=(
        CandidateDoesNotExist,
        CandidateExistsAlready,
        CandidateWasMerged,
        ConsentHasExpired,
        ConsentIsMissing,
        ConsentIsWithheld,
        ConsentWasRefused,
        ConsentWasWithdrawn,
        ProcessingIsRestricted,
        ReferralExistsAlready,
        RequisitionDoesNotExist,
        RequisitionExistsAlready,
        TouchpointKindIsUnknown,
    ),
)
