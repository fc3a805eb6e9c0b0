"""What we hold about a person is needed for a legal matter, and must not be erased before that is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, HOLDS, MERGES, Candidate, CandidateDoesNotExist, LegalHoldSet
from domain.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLegalHold(Command):
    """Set a legal hold on a person: erasures are refused, and retention does not erase them. Setting it again changes
    nothing.
    """

    candidate: Annotated[UUID, Help("Any record of the person.")]
    matter: Annotated[Code, Help("The matter that the data is kept for, as a code.")]
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None

    @property
    def takes_precedence(self) -> bool:
        return True


def decide(candidate: Candidate, command: SetLegalHold) -> Events:
    """Raises CandidateDoesNotExist or CandidateIsErased."""
    candidate.require_known()
    return {
        record: [LegalHoldSet(command.matter, command.note)]
        for record in candidate.all_records()
        if command.matter not in candidate.records.get(record, candidate).holds
    }


VERB = Verb(
    SetLegalHold,
    (Load("candidate", CANDIDATE, (*ENTRIES, *MERGES, *HOLDS)),),
    decide,
    writes=LegalHoldSet,
    raises=(CandidateDoesNotExist,),
)
