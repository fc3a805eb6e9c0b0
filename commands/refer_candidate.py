"""A new candidate enters the pool by the referral of a known person."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.addresses import LOAD, Arrival, admit
from commands.verb import Events, Load, Verb
from domain.addresses import AddressCannotBeRead, AddressIsPlaceholder, ValueHoldsSeveralAddresses
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    Candidate,
    CandidateCannotReferThemselves,
    CandidateDoesNotExist,
    CandidateExistsAlready,
    CandidateReferred,
    NothingNamesTheCandidate,
)
from domain.codes import UNKNOWN, Code
from domain.suppression import AddressIsSuppressed, Suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferCandidate(Arrival):
    """Refer a candidate; source, role and location are the segments. A segment that is known never changes.

    candidate: the new candidate's stream. referrer: the person who refers, whose key seals their words.
    source: the source of the candidate. role: the kind of work. location: the place of work.
    name, emails, phones: personal to the candidate. referrer_name, referrer_words: personal to the referrer.
    returning: the person returned on their own, which releases their suppressed addresses.
    """

    referrer: UUID
    source: Code = "referral"
    role: Code = UNKNOWN
    location: Code = UNKNOWN
    name: str | None = None
    referrer_name: str | None = None
    referrer_words: str | None = None


def decide(candidate: Candidate, suppressions: Suppressions, command: ReferCandidate) -> Events:
    """Raises NothingNamesTheCandidate, CandidateExistsAlready, CandidateIsErased, CandidateCannotReferThemselves, and
    what `admit` raises."""
    command.require_named(command.name)
    candidate.require_new()
    if command.referrer == command.candidate:
        raise CandidateCannotReferThemselves(candidate=command.candidate)
    emails, phones, released = admit(command, suppressions)
    referred = CandidateReferred(
        source=command.source,
        role=command.role,
        location=command.location,
        referrer=command.referrer,
        name=command.name,
        emails=emails,
        phones=phones,
        referrer_name=command.referrer_name,
        referrer_words=command.referrer_words,
    )
    return {command.candidate: [referred], **released}


VERB = Verb(
    ReferCandidate,
    (Load("candidate", CANDIDATE, ENTRIES), LOAD),
    decide,
    writes=CandidateReferred,
    raises=(
        AddressCannotBeRead,
        AddressIsPlaceholder,
        AddressIsSuppressed,
        CandidateCannotReferThemselves,
        CandidateDoesNotExist,
        CandidateExistsAlready,
        NothingNamesTheCandidate,
        ValueHoldsSeveralAddresses,
    ),
)
