"""Two records that were taken for one person are two people after all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from commands.addresses import LOAD, WithHolders
from commands.verb import CLOCKS_DIFFER_BY, Events, Help, Load, Verb
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    Candidate,
    CandidateDoesNotExist,
    CandidatesAreNotMerged,
    CandidatesUnmerged,
    UnmergeCannotBeDatedBack,
    sides,
)
from domain.consent import (
    Consents,
    ConsentWithholdingEnded,
    Merge,
    anything_is_allowed,
    anything_is_denied,
    anything_lives,
    endings,
    together,
    without,
)
from domain.event import Event
from domain.suppression import (
    MERGED,
    WITHDREW,
    Address,
    AddressSuppressed,
    AddressWithheld,
    AddressWithholdingEnded,
    Suppressions,
    merge_named,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeCandidates(WithHolders):
    """Undo a merge. Each record has its own history again, and consents that this merge withheld are in effect again.

    A refusal or withdrawal that was recorded while they were merged is valid for both. The addresses that this merge
    suppressed are released, unless a record that has them denied every consent itself.
    """

    candidate: Annotated[UUID, Help("The record that the other was merged into.")]
    absorbed: Annotated[UUID, Help("The other record.")]
    reason: Annotated[str | None, Help("The reason in free text; personal, sealed.")] = None

    def answering(self) -> tuple[UUID, ...]:
        return self.candidate, self.absorbed


def decide(survivor: Candidate, absorbed: Candidate, suppressions: Suppressions, command: UnmergeCandidates) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, CandidatesAreNotMerged or UnmergeCannotBeDatedBack."""
    survivor.require_known()
    absorbed.require_known()
    if absorbed.merged_into != command.candidate:
        raise CandidatesAreNotMerged(absorbed=command.absorbed, candidate=command.candidate)
    if command.moment < command.now - CLOCKS_DIFFER_BY:
        raise UnmergeCannotBeDatedBack
    merge = Merge(command.candidate, command.absorbed)
    records = {**absorbed.records, **survivor.records}
    ended = {
        record: endings(records[record].consents, merge, side) for side in sides(records, merge) for record in side
    }
    unmerged = CandidatesUnmerged(command.candidate, command.absorbed, command.reason)
    changes: dict[UUID, list[Event]] = {command.absorbed: [unmerged], command.candidate: [unmerged]}
    for record, events in ended.items():
        if events:
            changes.setdefault(record, []).extend(events)
    moment = command.occurred_at or survivor.latest(command.now)
    return {**changes, **let_in(Parted.of(records, ended, merge, moment), suppressions, command)}


@dataclass(frozen=True, slots=True)
class Parted:
    """The records of what was one person, each as it is once the merge is undone, and who is left with whom."""

    merge: Merge
    records: Mapping[UUID, Candidate]
    sides: tuple[frozenset[UUID], frozenset[UUID]]
    ended: Mapping[UUID, Collection[ConsentWithholdingEnded]]
    moment: datetime

    @classmethod
    def of(
        cls,
        records: Mapping[UUID, Candidate],
        ended: Mapping[UUID, Collection[ConsentWithholdingEnded]],
        merge: Merge,
        moment: datetime,
    ) -> Parted:
        return cls(merge, records, sides(records, merge), ended, moment)

    def merges(self, records: Collection[UUID]) -> set[UUID]:
        """Return the names of the merges that still withhold something in these records."""
        over = {ending.withheld for endings in self.ended.values() for ending in endings}
        answers = (answer for record in records for answer in self.records[record].consents.answers)
        return {
            merge_named(*given.merge)
            for given in answers
            if given.merge is not None and given.lifted is None and given.event not in over
        }

    def all_merges(self) -> set[UUID]:
        """Return the names of all merges that ever withheld something in any record, and of the one that is undone."""
        answers = (answer for record in self.records.values() for answer in record.consents.answers)
        return {merge_named(*self.merge), *(merge_named(*given.merge) for given in answers if given.merge is not None)}

    def left_with(self, holders: Collection[UUID]) -> set[UUID]:
        """Return the records that stay one person with any of these."""
        return {record for side in self.sides if not side.isdisjoint(holders) for record in side}

    def denied_all(self, holders: Collection[UUID]) -> bool:
        """Return whether one of these records, or the person it stays with, denied something and allows nothing."""
        people = [{record} for record in holders] + [set(side) for side in self.sides if not side.isdisjoint(holders)]
        return any(
            not anything_is_allowed(answer, self.moment) and anything_is_denied(answer, self.moment)
            for answer in map(self._said, people)
        )

    def is_withheld(self, holders: Collection[UUID]) -> bool:
        """Return whether other merges withhold everything that a person of these records allows."""
        people = [side for side in self.sides if not side.isdisjoint(holders)]
        return any(not anything_lives(self._said(side), self.moment) for side in people)

    def _said(self, person: Collection[UUID]) -> Consents:
        return together(
            without(self.records[record].consents, self.ended.get(record, ()), self.moment) for record in person
        )


def let_in(parted: Parted, suppressions: Suppressions, command: UnmergeCandidates) -> Events:
    """Return the events that admit the addresses again that nothing else keeps out."""
    news: Events = {}
    for address in command.addresses:
        holders = command.holders(address)
        others = parted.merges(parted.left_with(holders))
        over = suppressions[address.stream].merges & (parted.all_merges() - others)
        if over:
            is_free = suppressions[address.stream].because == MERGED and suppressions[address.stream].merges == over
            kept_out = still_out(parted, address, holders, others) if is_free else []
            news[address.stream] = [*kept_out, *map(AddressWithholdingEnded, sorted(over))]
    return news


def still_out(parted: Parted, address: Address, holders: Collection[UUID], others: Collection[UUID]) -> list[Event]:
    """Return the event that keeps the address out from now on: for its person's own no, or for the other merges."""
    if parted.denied_all(holders):
        return [AddressSuppressed(address.kind, WITHDREW)]
    if parted.is_withheld(holders):
        return [AddressWithheld(address.kind, merge) for merge in sorted(others)]
    return []


READS = (*ENTRIES, *ANSWERS)
VERB = Verb(
    UnmergeCandidates,
    (Load("candidate", CANDIDATE, READS), Load("absorbed", CANDIDATE, READS), LOAD),
    decide,
    writes=CandidatesUnmerged,
    raises=(CandidateDoesNotExist, CandidatesAreNotMerged, UnmergeCannotBeDatedBack),
)
