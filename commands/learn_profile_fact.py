"""We learn one thing about a candidate, and remember from where."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, FACTS, Candidate, ProfileFactLearned
from domain.codes import Code
from domain.profile_facts import held


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnProfileFact(Command):
    """Learn a fact; what the same source says already is no news. Who is believed, the catalogue of facts says.

    candidate: the candidate's stream. fact: what it is about, such as 'current-employer'; some, such as 'skill', may
    have several values at once. learned_from: who says so, such as 'self' or 'greenhouse'. value: personal, sealed.
    """

    candidate: UUID
    fact: Code
    learned_from: Code
    value: str


def decide(candidate: Candidate, command: LearnProfileFact) -> Events:
    """Raises CandidateDoesNotExist."""
    candidate.require_known(command.candidate)
    known = held(candidate.told(command.fact, command.learned_from, command.moment))
    if any(one.value == command.value for one in known):
        return {}
    return {command.candidate: [ProfileFactLearned(command.fact, command.learned_from, command.value)]}


VERB = Verb(LearnProfileFact, (Load("candidate", CANDIDATE, (*ENTRIES, *FACTS)),), decide)
