"""A legal matter no longer needs what we hold about a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    HOLDS,
    MERGES,
    Candidate,
    CandidateDoesNotExist,
    LegalHoldIsNotSet,
    LegalHoldLifted,
)
from domain.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftLegalHold(Command):
    """Lift the legal hold of one matter from all records of a person. Holds of other matters remain."""

    candidate: Annotated[UUID, Help("Any record of the person.")]
    matter: Annotated[Code, Help("The matter of the hold, as it was set.")]
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None


def decide(candidate: Candidate, command: LiftLegalHold) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased or LegalHoldIsNotSet."""
    candidate.require_known()
    candidate.require_hold(command.matter)
    return {
        record: [LegalHoldLifted(command.matter, command.note)]
        for record in candidate.all_records()
        if command.matter in candidate.records.get(record, candidate).holds
    }


VERB = Verb(
    LiftLegalHold,
    (Load("candidate", CANDIDATE, (*ENTRIES, *MERGES, *HOLDS)),),
    decide,
    writes=LegalHoldLifted,
    raises=(CandidateDoesNotExist, LegalHoldIsNotSet),
)
