"""A person has us keep what we hold about them and do nothing else with it, as Article 18 of the GDPR lets them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist, ProcessingRestricted
from domain.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictProcessing(Command):
    """Restrict the processing of a person's data: nothing is sent to them, and retention does not erase them.

    Restricting it again changes nothing.

    candidate: any record of the person. ground: 'accuracy-contested', 'unlawful', 'legal-claim', 'objection' or another
    code. note: free text, personal, sealed.
    """

    candidate: UUID
    ground: Code
    note: str | None = None

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
