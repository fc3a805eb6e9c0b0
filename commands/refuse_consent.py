"""A candidate is asked for a consent and says no."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, MERGES, Candidate
from domain.codes import UNKNOWN, Code
from domain.consent import ConsentRefused
from domain.purposes import CONSENT_CHANNELS, require_channels, require_purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseConsent(Command):
    """Record a no; it also ends an earlier yes on the channels it names.

    candidate: the candidate's stream. purpose: a purpose of the list. channels: of the list; none named: all.
    notice, notice_version: what the candidate read. method: how the no was collected.
    answered_by: 'self', 'recruiter' or 'import'. evidence: personal, sealed.
    """

    candidate: UUID
    purpose: Code
    channels: tuple[Code, ...] = ()
    notice: Code = UNKNOWN
    notice_version: Code = UNKNOWN
    method: Code = UNKNOWN
    answered_by: Code = "self"
    evidence: str | None = None


def decide(candidate: Candidate, command: RefuseConsent) -> Events:
    """Raises CandidateDoesNotExist, PurposeIsUnknown or ChannelIsUnknown."""
    candidate.require_known(command.candidate)
    require_purpose(command.purpose)
    refused = ConsentRefused(
        purpose=command.purpose,
        channels=require_channels(command.channels) or CONSENT_CHANNELS,
        notice=command.notice,
        notice_version=command.notice_version,
        method=command.method,
        answered_by=command.answered_by,
        evidence=command.evidence,
    )
    return {record: [refused] for record in candidate.records_of(command.candidate)}


VERB = Verb(RefuseConsent, (Load("candidate", CANDIDATE, (*ENTRIES, *MERGES)),), decide)
