"""We ask to send something to a candidate, which nobody may without the consent it needs."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate
from domain.codes import Code
from domain.consent import require_consent
from domain.touchpoint import TouchpointRecorded
from domain.touchpoint_kinds import Kind, sent_kind_named


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSend(Command):
    """Request a send; accepted, it is a touchpoint that cites the consent event which allowed it.

    candidate: the candidate's stream. touchpoint: the new touchpoint's id. kind: an outbound kind of the catalogue.
    message: what ties the fates of this message together; left out: nothing does.
    purpose: what it is for; left out: the purpose that the catalogue names for the kind.
    note: free text, personal, sealed.
    """

    candidate: UUID
    touchpoint: UUID
    kind: Code
    message: UUID | None = None
    purpose: Code | None = None
    note: str | None = None


def decide(candidate: Candidate, command: RequestSend) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, CandidateWasMerged, ProcessingIsRestricted,
    TouchpointKindIsUnknown, TouchpointKindIsNotSent, ConsentIsMissing, ConsentWasRefused, ConsentWasWithdrawn or
    ConsentHasExpired."""
    candidate.require_speaking(command.candidate)
    candidate.require_unrestricted(command.candidate, command.now, command.moment)
    kind = sent_kind_named(command.kind)
    consent = authorising_consent(candidate, kind, command)
    sent = TouchpointRecorded(
        touchpoint=command.touchpoint,
        kind=command.kind,
        message=command.message,
        machine=False,
        purpose=command.purpose or kind.purpose,
        authorised=None if consent is None else True,
        consent=consent,
        reported_by="perennial",
        note=command.note,
    )
    return {command.candidate: [sent]}


def authorising_consent(candidate: Candidate, kind: Kind, command: RequestSend) -> UUID | None:
    """The consent event that allows the send, None where none is needed; raises why there is no consent.

    It must allow it at the time stated and also now: a send dated back must not slip in before a withdrawal.
    """
    purpose = command.purpose or kind.purpose
    if purpose is None:
        return None
    require_consent(candidate.consents, purpose, kind.channel, command.now)
    return require_consent(candidate.consents, purpose, kind.channel, command.moment)


VERB = Verb(RequestSend, (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS)),), decide)
