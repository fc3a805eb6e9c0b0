"""A candidate says yes to one purpose on some channels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, MERGES, Candidate
from domain.codes import UNKNOWN, Code, Sha256
from domain.consent import (
    ConsentEndsBeforeItBegins,
    ConsentGiven,
    ConsentNamesNoChannel,
    ImportedConsentNeedsItsEvidence,
)
from domain.purposes import require_basis, require_channels, require_purpose

IMPORT = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveConsent(Command):
    """Record a consent; given again, it is renewed. An imported one holds from the day it was given: a no of any later
    day wins over it, however late we learn of the consent.

    candidate: the candidate's stream. purpose: a purpose of the list. channels: at least one channel of the list.
    basis: the lawful basis. jurisdiction: whose law, such as 'de' or 'us-ca'.
    notice, notice_version, notice_sha256, language: what the candidate read, its hash and the language it was in.
    method: how the yes was collected, such as 'web-form'. answered_by: 'self', 'recruiter' or 'import'; where either
    of them is 'import', occurred_at and evidence must be given.
    valid_until: when it ends unless renewed; left out: it does not. evidence: personal, sealed.
    """

    candidate: UUID
    purpose: Code
    channels: tuple[Code, ...]
    basis: Code = "consent"
    jurisdiction: Code = UNKNOWN
    notice: Code = UNKNOWN
    notice_version: Code = UNKNOWN
    notice_sha256: Sha256 | None = None
    language: Code = UNKNOWN
    method: Code = UNKNOWN
    answered_by: Code = "self"
    valid_until: datetime | None = None
    evidence: str | None = None


def decide(candidate: Candidate, command: GiveConsent) -> Events:
    """Raises CandidateDoesNotExist, CandidateWasMerged, PurposeIsUnknown, LawfulBasisIsUnknown, ChannelIsUnknown,
    ConsentNamesNoChannel, ImportedConsentNeedsItsEvidence or ConsentEndsBeforeItBegins."""
    candidate.require_speaking(command.candidate)
    require_purpose(command.purpose)
    require_basis(command.basis)
    channels = require_channels(command.channels)
    if not channels:
        raise ConsentNamesNoChannel(purpose=command.purpose)
    if IMPORT in (command.method, command.answered_by):
        require_evidence(command)
    if command.valid_until is not None and command.valid_until <= command.moment:
        raise ConsentEndsBeforeItBegins(purpose=command.purpose)
    given = ConsentGiven(
        purpose=command.purpose,
        channels=channels,
        basis=command.basis,
        jurisdiction=command.jurisdiction,
        notice=command.notice,
        notice_version=command.notice_version,
        notice_sha256=command.notice_sha256,
        language=command.language,
        method=command.method,
        answered_by=command.answered_by,
        valid_until=command.valid_until,
        evidence=command.evidence,
    )
    return {command.candidate: [given]}


def require_evidence(command: GiveConsent) -> None:
    """Raises ImportedConsentNeedsItsEvidence: dated by its import, an old consent would pass for a fresh one."""
    if command.occurred_at is None or not (command.evidence or "").strip():
        raise ImportedConsentNeedsItsEvidence(purpose=command.purpose)


VERB = Verb(GiveConsent, (Load("candidate", CANDIDATE, (*ENTRIES, *MERGES)),), decide)
