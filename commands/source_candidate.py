"""We find a person, or they find us."""

from __future__ import annotations

from dataclasses import dataclass

from commands.addresses import LOAD, Arrival, admit
from commands.verb import Events, Load, Verb
from domain.addresses import AddressCannotBeRead, AddressIsPlaceholder, ValueHoldsSeveralAddresses
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    Candidate,
    CandidateDoesNotExist,
    CandidateExistsAlready,
    CandidateSourced,
    NothingNamesTheCandidate,
)
from domain.codes import UNKNOWN, Code
from domain.suppression import AddressIsSuppressed, Suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCandidate(Arrival):
    """Source a candidate; source, role and location are the segments. A segment that is known never changes.

    candidate: the new candidate's stream.
    source: the source of the candidate. role: the kind of work. location: the place of work.
    outside_source, outside_id: another system that has the person, and their id there. With both and without
    `candidate`, the stream is derived from them, as in imports, unless the person is returning.
    name, emails, phones: personal, sealed. returning: the person returned on their own, which releases their suppressed
    addresses.
    """

    role: Code = UNKNOWN
    location: Code = UNKNOWN
    outside_source: Code | None = None
    outside_id: str | None = None
    name: str | None = None


def decide(candidate: Candidate, suppressions: Suppressions, command: SourceCandidate) -> Events:
    """Raises NothingNamesTheCandidate, CandidateExistsAlready, CandidateIsErased, and what `admit` raises."""
    command.require_named(command.name, command.outside_id if command.outside_source else None)
    candidate.require_new()
    emails, phones, released = admit(command, suppressions)
    sourced = CandidateSourced(
        source=command.source,
        role=command.role,
        location=command.location,
        outside_source=command.outside_source,
        outside_id=command.outside_id,
        name=command.name,
        emails=emails,
        phones=phones,
    )
    return {command.candidate: [sourced], **released}


VERB = Verb(
    SourceCandidate,
    (Load("candidate", CANDIDATE, ENTRIES), LOAD),
    decide,
    writes=CandidateSourced,
    raises=(
        AddressCannotBeRead,
        AddressIsPlaceholder,
        AddressIsSuppressed,
        CandidateDoesNotExist,
        CandidateExistsAlready,
        NothingNamesTheCandidate,
        ValueHoldsSeveralAddresses,
    ),
)
