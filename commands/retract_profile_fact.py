"""A source takes back what it told of a candidate, or we find that it was wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    FACTS,
    Candidate,
    CandidateDoesNotExist,
    ProfileFactRetracted,
    ProfileFactWasNotTold,
)
from domain.codes import Code
from domain.profile_facts import alike, kept


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractProfileFact(Command):
    """Retract a statement of a source about a fact. The statements of other sources remain and decide."""

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    fact: Annotated[Code, Help("What the fact is about.")]
    learned_from: Annotated[
        Code, Help("The source of the fact; of what came with the candidate's entry, the candidate's source.")
    ]
    value: Annotated[str, Help("The value to take back; personal, sealed.")]


def decide(candidate: Candidate, command: RetractProfileFact) -> Events:
    """Raises CandidateDoesNotExist or ProfileFactWasNotTold."""
    candidate.require_known()
    statements = kept(candidate.told(command.fact, command.learned_from, command.value, command.moment))
    if alike(command.fact, command.value) not in [alike(statement.fact, statement.value) for statement in statements]:
        raise ProfileFactWasNotTold(fact=command.fact, learned_from=command.learned_from)
    return {command.candidate: [ProfileFactRetracted(command.fact, command.learned_from, command.value)]}


VERB = Verb(
    RetractProfileFact,
    (Load("candidate", CANDIDATE, (*ENTRIES, *FACTS)),),
    decide,
    writes=ProfileFactRetracted,
    raises=(CandidateDoesNotExist, ProfileFactWasNotTold),
)
