"""We learn one thing about a candidate, and remember from where."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, Candidate, ProfileFactLearned
from domain.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnProfileFact(Command):
    """Learn a fact; the same value from the same source again is no news.

    candidate: the candidate's stream. fact: what it is about, such as 'current-employer'.
    learned_from: who says so, such as 'self' or 'greenhouse'. value: personal, sealed.
    """

    candidate: UUID
    fact: Code
    learned_from: Code
    value: str


def decide(candidate: Candidate, command: LearnProfileFact) -> Events:
    """Raises CandidateDoesNotExist."""
    candidate.require_known(command.candidate)
    if candidate.facts.get((command.fact, command.learned_from)) == command.value:
        return {}
    return {command.candidate: [ProfileFactLearned(command.fact, command.learned_from, command.value)]}


VERB = Verb(LearnProfileFact, (Load("candidate", CANDIDATE, (*ENTRIES, ProfileFactLearned)),), decide)
