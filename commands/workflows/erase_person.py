"""Erases a person in steps: request, destruction of what is held, completion. An interrupted erasure resumes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID, uuid5

from commands.accept_erasure_proposal import AcceptErasureProposal
from commands.complete_erasure import CompleteErasure
from commands.handle import Occasion, handle
from commands.log import Log
from commands.request_erasure import RequestErasure
from commands.verb import Command, Verb
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    FACTS,
    MERGES,
    Candidate,
    CandidateErased,
    ErasureRequested,
    ErasureWasNotRequested,
)
from domain.event import Aggregate, Erased, Event, Recorded
from domain.streams import Loads, load_with_linked_records

LOGGER = logging.getLogger(__name__)
ACTOR = "clerk:erasure"
ADDRESSES = ("email", "phone")


class EraserMustWait(Exception):
    """What {name} holds of the person cannot be erased yet: {why}. The erasure is retried in the background."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__((self.__doc__ or "").format(name=name, why=why))
        self.name, self.why = name, why


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to erase: all records, and (as long as a key lives) what of them also stands in files.

    `addresses`: (kind, address), kind 'email' or 'phone'.
    """

    records: tuple[UUID, ...]
    addresses: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Eraser:
    """A holder of personal data: `erase` removes what it holds of a person and returns how many items that were.

    It may be called again at any time, and by several processes at once. Errors: EraserMustWait.
    """

    name: str
    erase: Callable[[Person], int]


@dataclass(frozen=True, slots=True)
class Export:
    """Data of a person that left Perennial as a file, and that no erasure here reaches: what, when, by whom.

    `page` is what was exported, `holds` what is in it.
    """

    export: UUID
    page: str
    at: datetime
    by: str
    holds: Sequence[str]


class ErasureRecords(Protocol):
    """What the workflow needs of the database beside the log. Each function takes the records of one person."""

    def unfinished(self) -> Sequence[UUID]:
        """Return the records whose erasure was requested and not completed, in the order of the requests."""
        ...

    def destroy_keys(self, records: Iterable[UUID]) -> int:
        """Destroy the living keys of the records, and return how many there were."""
        ...

    def exports_of(self, records: Iterable[UUID]) -> Sequence[Export]:
        """Return the exports that hold anything of the person, the oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class EraserResult:
    """What one eraser did: how many items it removed; null where that was in an earlier run.

    `waits_for`: why it could not yet.
    """

    name: str
    erased: int | None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure of a person: the event that requested it, how far it is, and what it does not reach.

    `records`: all records of the person, the requested one first. `exports`: files that left Perennial with
    data of the person in them. `erasure_effective_by`: by when the keys that were destroyed cannot be had from an older
    copy of the database either, because what they were wrapped with is destroyed too; null as long as they live.
    `others_shut_out`: how many other people have an address of the person, which is kept out from now on until a
    privacy officer releases it. Only the answer to the request counts them; null where the directory is behind.
    `position`: of the newest event of the erasure; a query with it as `min_position` includes the erasure.
    """

    candidate: UUID
    records: Sequence[UUID]
    request: UUID
    requested_at: datetime
    by: str
    ground: str
    state: Literal["in-progress", "completed"]
    completed_at: datetime | None
    erasers: Sequence[EraserResult]
    exports: Sequence[Export]
    erasure_effective_by: datetime | None
    position: int
    others_shut_out: int | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """What an erasure needs to know of one record: its state under the rules, and the events of its erasure."""

    candidate: Candidate
    requested: Recorded[ErasureRequested] | None = None
    completed: Recorded[CandidateErased] | None = None


def evolve(trail: Trail, recorded: Recorded[Event]) -> Trail:
    """Return the trail after one more event of the record."""
    trail = replace(trail, candidate=CANDIDATE.evolve(trail.candidate, recorded))
    match recorded.event:
        case ErasureRequested() if trail.requested is None:
            return replace(trail, requested=recorded)  # type: ignore[arg-type]  # matched by what it holds
        case CandidateErased():
            return replace(trail, completed=recorded)  # type: ignore[arg-type]  # as above
        case _:
            return trail


def linked_records(trail: Trail) -> Collection[UUID]:
    return CANDIDATE.linked_records(trail.candidate)


TRAIL = Aggregate("trail", lambda record: Trail(Candidate(record)), evolve, linked_records)
READS: frozenset[type[Event]] = frozenset((*ENTRIES, *FACTS, *MERGES))


@dataclass(frozen=True, slots=True)
class ErasureWorkflow:
    """Erases people.

    log: where the events stand. readable: the same log as it reads until a person's keys are destroyed. before, after:
    the erasers that run before the keys are destroyed, while the person can still be read, and after. effective_by: by
    when keys that are destroyed now cannot be had from a copy of the database. others_shut_out: how many other people
    have an address of the person, None where that is not known now.
    """

    log: Log
    readable: Loads
    verbs: Mapping[type, Verb]
    records: ErasureRecords
    before: Sequence[Eraser]
    after: Sequence[Eraser]
    effective_by: Callable[[], datetime]
    others_shut_out: Callable[[Person], int | None]
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def erase(self, candidate: UUID, *, by: str, ground: str, actor: str, count_others: bool = False) -> Erasure:
        """Records the request and carries it out as far as possible now; see the answer's `state`.

        count_others: the answer includes how many people share an address with the person; it may take some seconds.
        Errors: CandidateDoesNotExist, CandidateIsErased, LegalHoldStands; PersistenceError where the log cannot be
        reached: once it is requested, it is resumed in the background.
        """
        command = RequestErasure(candidate=candidate, by=by, ground=ground, now=self.now())
        return self._request(candidate, command, actor, count_others=count_others)

    def accept(self, candidate: UUID, proposal: UUID, *, by: str, ground: str, actor: str) -> Erasure:
        """Accepts another system's proposal: records the decision together with the request, and carries it out.

        Errors: as of `erase`, and ErasureProposalDoesNotExist, ErasureProposalIsDecided.
        """
        now = self.now()
        command = AcceptErasureProposal(candidate=candidate, proposal=proposal, by=by, ground=ground, now=now)
        return self._request(candidate, command, actor, count_others=True)

    def _request(self, candidate: UUID, command: Command, actor: str, *, count_others: bool) -> Erasure:
        """Records the command that requests the erasure, and carries it out."""
        self._handle(Occasion(self.new_id(), actor, command.now), command)
        others = self.others_shut_out(person_of(candidate, self._trails(candidate))) if count_others else None
        return replace(self.carry_out(candidate), others_shut_out=others)

    def carry_out(self, candidate: UUID) -> Erasure:
        """Do everything that is left to do of a requested erasure, and return its state.

        Errors: as of `erase`, and ErasureWasNotRequested.
        """
        trails = self._trails(candidate)
        request = request_in(candidate, trails[candidate])
        results: list[EraserResult] = []
        try:
            if trails[candidate].completed is None:
                self._run_steps(candidate, person_of(candidate, trails), request, results)
        except EraserMustWait as wait:
            results.append(EraserResult(wait.name, None, wait.why))
        return self._erasure(candidate, results)

    def find(self, candidate: UUID) -> Erasure:
        """Returns how far the erasure is. Errors: CandidateDoesNotExist, ErasureWasNotRequested."""
        return self._erasure(candidate, ())

    def resume(self) -> Iterator[Erasure]:
        """Carries out what was requested and not completed, person by person.

        Errors: the first that prevented an erasure, raised once all others are done.
        """
        seen: set[UUID] = set()
        failed: Exception | None = None
        for record in self.records.unfinished():
            if record not in seen:
                try:
                    erasure = self.carry_out(record)
                except Exception as error:  # one person who cannot be erased now holds up no other; raised at the end
                    LOGGER.exception("the erasure of %s cannot be carried out now", record)
                    failed = failed or error
                else:
                    seen.update(erasure.records)
                    yield erasure
        if failed is not None:
            raise failed

    def _run_steps(
        self, candidate: UUID, person: Person, request: Recorded[ErasureRequested], results: list[EraserResult]
    ) -> None:
        """Runs the steps in their order. Each may be repeated: an interrupted run begins again with the first."""
        for eraser in self.before:
            results.append(EraserResult(eraser.name, eraser.erase(person)))
        self.records.destroy_keys(person.records)
        for eraser in self.after:
            results.append(EraserResult(eraser.name, eraser.erase(person)))
        self._complete(candidate, request)

    def _complete(self, candidate: UUID, request: Recorded[ErasureRequested]) -> None:
        now, names = self.now(), tuple(eraser.name for eraser in (*self.before, *self.after))
        command = CompleteErasure(candidate=candidate, erasers=names, effective_by=self.effective_by(), now=now)
        self._handle(Occasion(uuid5(request.id, "completion"), ACTOR, now, request.correlation, request.id), command)

    def _handle(self, occasion: Occasion, command: Command) -> None:
        handle(self.log, self.verbs, occasion, lambda: (command,))

    def _trails(self, candidate: UUID) -> dict[UUID, Trail]:
        """Returns the trail of each record of the person. Errors: CandidateDoesNotExist."""
        loaded = load_with_linked_records(self.readable, {candidate: (TRAIL, READS)})
        loaded[candidate].state.candidate.require_record()
        return {record: stream.state for record, stream in loaded.items()}

    def _erasure(self, candidate: UUID, results: Sequence[EraserResult]) -> Erasure:
        trails = self._trails(candidate)
        request, completed = request_in(candidate, trails[candidate]), trails[candidate].completed
        records = (candidate, *sorted(trails.keys() - {candidate}))
        earlier = {name: EraserResult(name, None) for name in (completed.event.erasers if completed else ())}
        return Erasure(
            candidate=candidate,
            records=records,
            request=request.id,
            requested_at=request.recorded_at,
            by=request.event.by,
            ground=request.event.ground,
            state="completed" if completed else "in-progress",
            completed_at=completed.recorded_at if completed else None,
            erasers=list((earlier | {result.name: result for result in results}).values()),
            exports=self.records.exports_of(records),
            erasure_effective_by=completed.event.effective_by if completed else None,
            position=self._position_of(trails.values()),
        )

    def _position_of(self, trails: Iterable[Trail]) -> int:
        """Returns the position of the newest event of the erasure, in any record of the person."""
        events = (trail.completed or trail.requested for trail in trails)
        return max(self.log.known([event.id for event in events if event]).values())


def request_in(candidate: UUID, trail: Trail) -> Recorded[ErasureRequested]:
    """Return the event that requested the erasure. Errors: ErasureWasNotRequested."""
    if trail.requested is None:
        raise ErasureWasNotRequested(candidate=candidate)
    return trail.requested


def person_of(candidate: UUID, trails: Mapping[UUID, Trail]) -> Person:
    """Return the person as far as it can still be read."""
    facts = [fact for trail in trails.values() for fact in trail.candidate.everything_told()]
    return Person(
        records=(candidate, *sorted(trails.keys() - {candidate})),
        addresses=frozenset(
            (fact.fact, fact.value) for fact in facts if fact.fact in ADDRESSES and not isinstance(fact.value, Erased)
        ),
    )
