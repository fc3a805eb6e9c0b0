"""A new candidate enters the pool by the referral of a known person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.addresses import LOAD, Arrival, admit
from commands.verb import Events, Help, Load, Verb
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
    """Refer a candidate; source, role and location are the segments. A segment that is known never changes."""

    referrer: Annotated[UUID, Help("The person who refers; their words are sealed by their key.")]
    source: Annotated[Code, Help("Where the person came from.")] = "referral"
    role: Annotated[Code, Help("The kind of work.")] = UNKNOWN
    location: Annotated[Code, Help("Where they want to work.")] = UNKNOWN
    name: Annotated[str | None, Help("The candidate's name; personal, sealed.")] = None
    referrer_name: Annotated[str | None, Help("The referrer's name; personal to the referrer, sealed.")] = None
    referrer_words: Annotated[str | None, Help("The referrer's words; personal to the referrer, sealed.")] = None


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
