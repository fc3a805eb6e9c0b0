"""Two records turn out to be one person; both keep their history, one speaks for both."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import CLOCKS_DIFFER_BY, Command, Events, Load, Verb
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    Candidate,
    CandidateCannotBeMergedWithItself,
    CandidatesMerged,
    MergeCannotBeDatedBack,
)
from domain.codes import Code
from domain.consent import stricter
from domain.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCandidates(Command):
    """Merge two records of one person; what one of them denied us and the other allowed is withdrawn from both.

    candidate: the record that will speak for the person. absorbed: the other one.
    evidence: what tells that they are one, such as 'same-address', 'same-phone', 'same-name-and-employer' or 'stated'.
    reason: why, in free text; personal, sealed.
    """

    candidate: UUID
    absorbed: UUID
    evidence: tuple[Code, ...]
    reason: str | None = None


def decide(survivor: Candidate, absorbed: Candidate, command: MergeCandidates) -> Events:
    """Raises CandidateDoesNotExist, CandidateWasMerged, CandidateCannotBeMergedWithItself, MergeCannotBeDatedBack."""
    survivor.require_speaking(command.candidate)
    if command.absorbed == command.candidate:
        raise CandidateCannotBeMergedWithItself(candidate=command.candidate)
    absorbed.require_speaking(command.absorbed)
    if command.moment < command.now - CLOCKS_DIFFER_BY:
        raise MergeCannotBeDatedBack
    merged = CandidatesMerged(command.candidate, command.absorbed, command.evidence, command.reason)
    denied = stricter(survivor.consents, absorbed.consents, command.moment)
    told: list[Event] = [merged, *denied]
    return {command.absorbed: told, command.candidate: told}


READS = (*ENTRIES, *ANSWERS)
VERB = Verb(
    MergeCandidates,
    (Load("candidate", CANDIDATE, READS), Load("absorbed", CANDIDATE, READS)),
    decide,
)
