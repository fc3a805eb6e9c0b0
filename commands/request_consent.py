"""We ask a candidate for a consent."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, MERGES, Candidate, CandidateDoesNotExist, CandidateWasMerged
from domain.codes import UNKNOWN, Code, Sha256
from domain.consent import ConsentNamesNoChannel, ConsentRequested, require_some_channels
from domain.purposes import ChannelIsUnknown, PurposeIsUnknown, require_purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestConsent(Command):
    """Record a request for consent. It permits nothing until the candidate gives the consent.

    candidate: the candidate's stream. purpose: a purpose of the list. channels: at least one channel of the list.
    jurisdiction: the law that applies, such as 'de' or 'us-ca'.
    notice, notice_version, notice_sha256, language: the notice that was shown, its hash and its language.
    method: how the request was made, such as 'web-form'. note: free text, personal, sealed.
    """

    candidate: UUID
    purpose: Code
    channels: tuple[Code, ...]
    jurisdiction: Code = UNKNOWN
    notice: Code = UNKNOWN
    notice_version: Code = UNKNOWN
    notice_sha256: Sha256 | None = None
    language: Code = UNKNOWN
    method: Code = UNKNOWN
    note: str | None = None


def decide(candidate: Candidate, command: RequestConsent) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, CandidateWasMerged, PurposeIsUnknown, ChannelIsUnknown or
    ConsentNamesNoChannel."""
    candidate.require_speaking()
    require_purpose(command.purpose)
    requested = ConsentRequested(
        purpose=command.purpose,
        channels=require_some_channels(command.purpose, command.channels),
        jurisdiction=command.jurisdiction,
        notice=command.notice,
        notice_version=command.notice_version,
        notice_sha256=command.notice_sha256,
        language=command.language,
        method=command.method,
        note=command.note,
    )
    return {command.candidate: [requested]}


VERB = Verb(
    RequestConsent,
    (Load("candidate", CANDIDATE, (*ENTRIES, *MERGES)),),
    decide,
    writes=ConsentRequested,
    raises=(CandidateDoesNotExist, CandidateWasMerged, ChannelIsUnknown, ConsentNamesNoChannel, PurposeIsUnknown),
)
