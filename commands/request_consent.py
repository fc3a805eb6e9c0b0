"""We ask a candidate for a consent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, MERGES, Candidate, CandidateDoesNotExist, CandidateWasMerged
from domain.codes import UNKNOWN, Code, Sha256
from domain.consent import ConsentNamesNoChannel, ConsentRequested, require_some_channels
from domain.purposes import ChannelIsUnknown, PurposeIsUnknown, require_purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestConsent(Command):
    """Record a request for consent. It permits nothing until the candidate gives the consent."""

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    purpose: Annotated[Code, Help("A purpose of the catalogue.")]
    channels: Annotated[tuple[Code, ...], Help("At least one channel of the catalogue.")]
    jurisdiction: Annotated[Code, Help("Whose law applies, such as 'de' or 'us-ca'.")] = UNKNOWN
    notice: Annotated[Code, Help("The notice that the candidate was given.")] = UNKNOWN
    notice_version: Annotated[Code, Help("The version of that notice.")] = UNKNOWN
    notice_sha256: Annotated[Sha256 | None, Help("The SHA-256 of that notice.")] = None
    language: Annotated[Code, Help("The language of that notice.")] = UNKNOWN
    method: Annotated[Code, Help("How the consent was asked for, such as 'web-form'.")] = UNKNOWN
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None


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
