"""Two records that were taken for one person are two people after all."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import CANDIDATE, ENTRIES, MERGES, Candidate, CandidatesAreNotMerged, CandidatesUnmerged


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeCandidates(Command):
    """Undo a merge; each record has its own history again. Consent that the merge withdrew only the person gives anew.

    candidate: the record that the other was merged into. absorbed: the other one.
    reason: why, in free text; personal, sealed.
    """

    candidate: UUID
    absorbed: UUID
    reason: str | None = None


def decide(survivor: Candidate, absorbed: Candidate, command: UnmergeCandidates) -> Events:
    """Raises CandidateDoesNotExist or CandidatesAreNotMerged."""
    survivor.require_known(command.candidate)
    absorbed.require_known(command.absorbed)
    if absorbed.merged_into != command.candidate:
        raise CandidatesAreNotMerged(absorbed=command.absorbed, candidate=command.candidate)
    unmerged = CandidatesUnmerged(command.candidate, command.absorbed, command.reason)
    return {command.absorbed: [unmerged], command.candidate: [unmerged]}


READS = (*ENTRIES, *MERGES)
VERB = Verb(
    UnmergeCandidates,
    (Load("candidate", CANDIDATE, READS), Load("absorbed", CANDIDATE, READS)),
    decide,
)
