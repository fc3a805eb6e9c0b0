"""The ground is gone on which a person's data was only to be kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    Candidate,
    CandidateDoesNotExist,
    ProcessingIsNotRestricted,
    RestrictionLifted,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftRestriction(Command):
    """Lift the restriction of processing from all records of a person."""

    candidate: Annotated[UUID, Help("Any record of the person.")]
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None


def decide(candidate: Candidate, command: LiftRestriction) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased or ProcessingIsNotRestricted."""
    candidate.require_known()
    if not candidate.is_restricted(command.moment):
        raise ProcessingIsNotRestricted(candidate=command.candidate)
    return {
        record: [RestrictionLifted(command.note)]
        for record in candidate.all_records()
        if candidate.records.get(record, candidate).restriction.at(command.moment)
    }


VERB = Verb(
    LiftRestriction,
    (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS)),),
    decide,
    writes=RestrictionLifted,
    raises=(CandidateDoesNotExist, ProcessingIsNotRestricted),
)
