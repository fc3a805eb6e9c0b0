"""We learn one thing about a candidate, and remember from where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from commands.addresses import ADDRESSES, LOAD, WithAddresses, Written
from commands.verb import Events, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, FACTS, Candidate, ProfileFactLearned
from domain.codes import Code
from domain.event import Erased
from domain.profile_facts import held
from domain.suppression import Suppressions, recognised, require_arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnProfileFact(WithAddresses):
    """Learn a fact; what the same source says already is no news. Who is believed, the catalogue of facts says.
    An address that is kept out is not learned of somebody who does not have it yet.

    candidate: the candidate's stream. fact: what it is about, such as 'current-employer'; some, such as 'skill', may
    have several values at once. learned_from: who says so, such as 'self' or 'greenhouse'. value: personal, sealed.
    """

    candidate: UUID
    fact: Code
    learned_from: Code
    value: str

    def brought(self) -> Iterable[Written]:
        return ((self.fact, self.value),) if self.fact in ADDRESSES else ()


def decide(candidate: Candidate, known: Suppressions, command: LearnProfileFact) -> Events:
    """Raises CandidateDoesNotExist, AddressIsSuppressed or CandidateIsErased."""
    candidate.require_record(command.candidate)
    if command.addresses and not has(
        candidate, command
    ):  # an erased one has none: that theirs came again is to be written down
        require_arrival(
            known,
            command.addresses,
            source=command.learned_from,
            candidate=command.candidate,
            fields=dict.fromkeys(ADDRESSES, "value"),
        )
    candidate.require_known(command.candidate)
    said = held(candidate.told(command.fact, command.learned_from, command.value, command.moment))
    if any(one.value == command.value for one in said):
        return {}
    return {command.candidate: [ProfileFactLearned(command.fact, command.learned_from, command.value)]}


def has(candidate: Candidate, command: LearnProfileFact) -> bool:
    """Whether somebody told of this address before."""
    told = (one.value for one in candidate.everything_told() if one.fact == command.fact)
    said = recognised(command.fact, command.value)
    return any(not isinstance(value, Erased) and recognised(command.fact, value) == said for value in told)


VERB = Verb(LearnProfileFact, (Load("candidate", CANDIDATE, (*ENTRIES, *FACTS)), LOAD), decide)
