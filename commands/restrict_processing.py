"""A person has us keep what we hold about them and do nothing else with it, as Article 18 of the GDPR lets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist, ProcessingRestricted
from domain.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictProcessing(Command):
    """Restrict the processing of a person's data: nothing is sent to them, and retention does not erase them.

    Restricting it again changes nothing.
    """

    candidate: Annotated[UUID, Help("Any record of the person.")]
    ground: Annotated[Code, Help("The ground, such as 'accuracy-contested', 'unlawful', 'legal-claim' or 'objection'.")]
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None

    @property
    def takes_precedence(self) -> bool:
        return True


def decide(candidate: Candidate, command: RestrictProcessing) -> Events:
    """Raises CandidateDoesNotExist or CandidateIsErased."""
    candidate.require_known()
    return {
        record: [ProcessingRestricted(command.ground, command.note)]
        for record in candidate.all_records()
        if not candidate.records.get(record, candidate).restriction.at(command.moment)
    }


VERB = Verb(
    RestrictProcessing,
    (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS)),),
    decide,
    writes=ProcessingRestricted,
    raises=(CandidateDoesNotExist,),
)
