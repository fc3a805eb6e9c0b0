"""A candidate says yes to one purpose on some channels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from commands.addresses import LOAD, WithAddresses
from commands.verb import Events, Help, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist, CandidateWasMerged
from domain.codes import UNKNOWN, Code, Sha256
from domain.consent import (
    ConsentEndsBeforeItBegins,
    ConsentGiven,
    ConsentHoldsTooLong,
    ConsentNamesNoChannel,
    ImportedConsentNeedsItsEvidence,
    after,
    anything_lives,
    require_some_channels,
)
from domain.purposes import ChannelIsUnknown, LawfulBasisIsUnknown, PurposeIsUnknown, require_basis, require_purpose
from domain.suppression import MERGED, WITHDREW, Suppressions, releases
from domain.validity import ends_at, validity_of

IMPORT = "import"
SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveConsent(WithAddresses):
    """Record a consent; given again, it is renewed. An imported consent is valid from the day it was given: a refusal
    or withdrawal of a later day overrides it. Given by the candidate themselves, it also releases their addresses, if
    they had withdrawn all consents before.
    """

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    purpose: Annotated[Code, Help("A purpose of the catalogue.")]
    channels: Annotated[tuple[Code, ...], Help("At least one channel of the catalogue.")]
    basis: Annotated[Code, Help("The lawful basis.")] = "consent"
    jurisdiction: Annotated[Code, Help("Whose law applies, such as 'de' or 'us-ca'.")] = UNKNOWN
    notice: Annotated[Code, Help("The notice that the candidate read.")] = UNKNOWN
    notice_version: Annotated[Code, Help("The version of that notice.")] = UNKNOWN
    notice_sha256: Annotated[Sha256 | None, Help("The SHA-256 of that notice.")] = None
    language: Annotated[Code, Help("The language of that notice.")] = UNKNOWN
    method: Annotated[
        Code,
        Help(
            "How the consent was collected, such as 'web-form'. Where it is 'import', occurred_at and "
            "evidence are required."
        ),
    ] = UNKNOWN
    answered_by: Annotated[
        Code, Help("'self', 'recruiter' or 'import'. Where it is 'import', occurred_at and evidence are required.")
    ] = SELF
    valid_until: Annotated[
        datetime | None,
        Help("When it ends unless renewed. Default, and limit: as late as the purpose and the law allow."),
    ] = None
    evidence: Annotated[str | None, Help("The evidence of an imported consent; personal, sealed.")] = None
    came_from: Annotated[
        str | None,
        Help("Where the answer came from, such as a network address without its last part; personal, sealed."),
    ] = None

    @property
    def is_own(self) -> bool:
        """Whether the candidate themselves said it, to us."""
        return self.answered_by == SELF and self.method != IMPORT

    def answering(self) -> tuple[UUID, ...]:
        return (self.candidate,) if self.is_own else ()


def decide(candidate: Candidate, suppressions: Suppressions, command: GiveConsent) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, CandidateWasMerged, PurposeIsUnknown, LawfulBasisIsUnknown,
    ChannelIsUnknown, ConsentNamesNoChannel, ImportedConsentNeedsItsEvidence, ConsentEndsBeforeItBegins or
    ConsentHoldsTooLong."""
    candidate.require_speaking()
    require_purpose(command.purpose)
    require_basis(command.basis)
    channels = require_some_channels(command.purpose, command.channels)
    if IMPORT in (command.method, command.answered_by):
        require_evidence(command)
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
        valid_until=end_of(command),
        evidence=command.evidence,
        came_from=command.came_from,
    )
    came_back = command.is_own and lives(candidate, given, command)
    released = releases(suppressions, command.addresses, command.method, of=(WITHDREW, MERGED)) if came_back else {}
    return {command.candidate: [given], **released}


def lives(candidate: Candidate, given: ConsentGiven, command: GiveConsent) -> bool:
    """Return whether anything is allowed once the consent is given.

    A consent given now is the newest answer; one given in the past may be older than a no.
    """
    if command.occurred_at is None:
        return True
    answers = after(candidate.consents, [given], command.occurred_at)
    return anything_lives(answers, candidate.latest(command.now))


def end_of(command: GiveConsent) -> datetime:
    """Return when the consent ends. Raises ConsentEndsBeforeItBegins or ConsentHoldsTooLong."""
    latest = ends_at(command.purpose, command.jurisdiction, command.moment)
    until = command.valid_until or latest
    if until <= command.moment:
        raise ConsentEndsBeforeItBegins(purpose=command.purpose)
    if until > latest:
        row = validity_of(command.purpose, command.jurisdiction)
        named = {"purpose": command.purpose, "jurisdiction": command.jurisdiction, "latest": latest.isoformat()}
        raise ConsentHoldsTooLong(months=row.months, **named)
    return until


def require_evidence(command: GiveConsent) -> None:
    """Raises ImportedConsentNeedsItsEvidence: dated by its import, an old consent would pass for a fresh one."""
    if command.occurred_at is None or not (command.evidence or "").strip():
        raise ImportedConsentNeedsItsEvidence(purpose=command.purpose)


VERB = Verb(
    GiveConsent,
    (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS)), LOAD),
    decide,
    writes=ConsentGiven,
    raises=(
        CandidateDoesNotExist,
        CandidateWasMerged,
        ChannelIsUnknown,
        ConsentEndsBeforeItBegins,
        ConsentHoldsTooLong,
        ConsentNamesNoChannel,
        ImportedConsentNeedsItsEvidence,
        LawfulBasisIsUnknown,
        PurposeIsUnknown,
    ),
)
