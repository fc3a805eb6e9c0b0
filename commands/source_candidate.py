"""We find a person, or they find us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from commands.addresses import LOAD, Arrival, admit
from commands.verb import Events, Help, Load, Verb
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
    """Source a candidate; source, role and location are the segments. A segment that is known never changes."""

    role: Annotated[Code, Help("The kind of work.")] = UNKNOWN
    location: Annotated[Code, Help("Where they want to work.")] = UNKNOWN
    outside_source: Annotated[Code | None, Help("The other system that has this person.")] = None
    outside_id: Annotated[
        str | None,
        Help(
            "The person's id in that system. With both, and without an id of its own, the candidate gets the "
            "stream that an import of the same person gets, unless the person is returning."
        ),
    ] = None
    name: Annotated[str | None, Help("The name; personal, sealed.")] = None


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
