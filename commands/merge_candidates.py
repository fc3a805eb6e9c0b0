"""Two records turn out to be one person; both keep their history, one speaks for both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from commands.addresses import LOAD, WithAddresses, shut_out
from commands.verb import CLOCKS_DIFFER_BY, Events, Help, Load, Verb
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    Candidate,
    CandidateCannotBeMergedWithItself,
    CandidateDoesNotExist,
    CandidatesMerged,
    CandidateWasMerged,
    MergeCannotBeDatedBack,
    ProcessingIsRestricted,
)
from domain.codes import Code
from domain.consent import (
    ConsentIsMissing,
    ConsentIsWithheld,
    ConsentWasRefused,
    ConsentWasWithdrawn,
    Merge,
    together,
    withheld_by,
)
from domain.event import Event
from domain.purposes import ChannelIsUnknown, PurposeIsUnknown
from domain.suppression import Suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCandidates(WithAddresses):
    """Merge two records of one person. A consent that one record has and the other denies is withheld while they are
    merged; this is no withdrawal. If no consent is left then, the addresses of both are suppressed, and only the person
    can release them.
    """

    candidate: Annotated[UUID, Help("The record that speaks for the person after the merge.")]
    absorbed: Annotated[UUID, Help("The other record.")]
    evidence: Annotated[
        tuple[Code, ...],
        Help("Why both are one person, such as 'same-address', 'same-phone', 'same-name-and-employer' or 'stated'."),
    ]
    reason: Annotated[str | None, Help("The reason in free text; personal, sealed.")] = None

    def answering(self) -> tuple[UUID, ...]:
        return self.candidate, self.absorbed


def decide(survivor: Candidate, absorbed: Candidate, suppressions: Suppressions, command: MergeCandidates) -> Events:
    """Raises CandidateDoesNotExist, CandidateWasMerged, CandidateCannotBeMergedWithItself, MergeCannotBeDatedBack."""
    survivor.require_speaking()
    if command.absorbed == command.candidate:
        raise CandidateCannotBeMergedWithItself(candidate=command.candidate)
    absorbed.require_speaking()
    if command.moment < command.now - CLOCKS_DIFFER_BY:
        raise MergeCannotBeDatedBack
    merged = CandidatesMerged(command.candidate, command.absorbed, command.evidence, command.reason)
    person = replace(survivor, consents=together([survivor.consents, absorbed.consents]))
    merge, moment = Merge(command.candidate, command.absorbed), command.occurred_at or person.latest(command.now)
    withheld = withheld_by(merge, survivor.consents, absorbed.consents, moment)
    events: list[Event] = [merged, *withheld]
    kept_out = shut_out(person, suppressions, withheld, command) if withheld else {}
    return {command.absorbed: events, command.candidate: events, **kept_out}


READS = (*ENTRIES, *ANSWERS)
VERB = Verb(
    MergeCandidates,
    (Load("candidate", CANDIDATE, READS), Load("absorbed", CANDIDATE, READS), LOAD),
    decide,
    writes=CandidatesMerged,
    raises=(
        CandidateCannotBeMergedWithItself,
        CandidateDoesNotExist,
        CandidateWasMerged,
        ChannelIsUnknown,
        ConsentIsMissing,
        ConsentIsWithheld,
        ConsentWasRefused,
        ConsentWasWithdrawn,
        MergeCannotBeDatedBack,
        ProcessingIsRestricted,
        PurposeIsUnknown,
    ),
)
