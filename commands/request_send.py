"""A send to a candidate is requested, which requires a consent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import CLOCKS_DIFFER_BY, Command, Events, Help, Load, Verb
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    Candidate,
    CandidateDoesNotExist,
    CandidateWasMerged,
    ProcessingIsRestricted,
)
from domain.codes import Code
from domain.consent import (
    ConsentHasExpired,
    ConsentIsMissing,
    ConsentIsWithheld,
    ConsentWasRefused,
    ConsentWasWithdrawn,
)
from domain.touchpoint import OURSELVES, TouchpointRecorded
from domain.touchpoint_kinds import TouchpointKindIsNotSent, TouchpointKindIsUnknown, sent_kind_named


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSend(Command):
    """Request a send. The accepted send is a touchpoint that cites the event of the consent that permits it."""

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    touchpoint: Annotated[UUID, Help("The new touchpoint's id.")]
    kind: Annotated[Code, Help("An outbound kind of the catalogue.")]
    message: Annotated[
        UUID | None, Help("The message that it belongs to: opens, clicks and replies of one message share it.")
    ] = None
    purpose: Annotated[Code | None, Help("The purpose. Default: the one that the catalogue names for the kind.")] = None
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None


def decide(candidate: Candidate, command: RequestSend) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, CandidateWasMerged, ProcessingIsRestricted,
    TouchpointKindIsUnknown, TouchpointKindIsNotSent, ConsentIsMissing, ConsentWasRefused, ConsentWasWithdrawn,
    ConsentIsWithheld or ConsentHasExpired."""
    candidate.require_speaking()
    kind = sent_kind_named(command.kind)
    purpose = command.purpose or kind.purpose
    by = command.now + CLOCKS_DIFFER_BY  # the log's own clock says when it is recorded
    consent = candidate.require_sendable(purpose, kind.channel, command.now, by, command.occurred_at)
    sent = TouchpointRecorded(
        touchpoint=command.touchpoint,
        kind=command.kind,
        message=command.message,
        machine=False,
        purpose=purpose,
        authorised=None if consent is None else True,
        consent=consent,
        reported_by=OURSELVES,
        note=command.note,
    )
    return {command.candidate: [sent]}


VERB = Verb(
    RequestSend,
    (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS)),),
    decide,
    writes=TouchpointRecorded,
    raises=(
        CandidateDoesNotExist,
        CandidateWasMerged,
        ConsentHasExpired,
        ConsentIsMissing,
        ConsentIsWithheld,
        ConsentWasRefused,
        ConsentWasWithdrawn,
        ProcessingIsRestricted,
        TouchpointKindIsNotSent,
        TouchpointKindIsUnknown,
    ),
)
