"""The one way to erase a person: asked for, carried out step by step, completed; broken off anywhere, it is resumed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

from adapters.erasure.eraser import Eraser, EraserMustWait, Holdings, Person
from adapters.erasure.index import AFTER_THE_KEYS, WHILE_IT_CAN_BE_READ
from adapters.erasure.sharing import others_shut_out
from adapters.postgres.keys.epochs import next_rotation
from adapters.postgres.tables.erasures import Export
from commands.accept_erasure_proposal import AcceptErasureProposal
from commands.complete_erasure import CompleteErasure
from commands.handle import Occasion, handle
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
from domain.streams import load_with_linked_records

LOGGER = logging.getLogger(__name__)
ACTOR = "clerk:erasure"
ADDRESSES = ("email", "phone")


@dataclass(frozen=True, slots=True)
class LetGo:
    """One eraser's answer: how many things it took away; null where that was in an earlier run.

    `waits_for`: why it could not yet.
    """

    name: str
    erased: int | None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure of a person: the event that asked for it, how far it is, and what it does not reach.

    `records`: all records of the person, the one that was asked about first. `exports`: files that left Perennial with
    data of the person in them. `erasure_effective_by`: by when the keys that were destroyed cannot be had from an older
    copy of the database either, because what they were wrapped with is destroyed too; null as long as they live.
    `others_shut_out`: how many other people have an address of the person, which is kept out from now on until a
    privacy officer releases it. Only the answer to the request counts them; null where the directory is behind.
    `position`: of the newest event of the erasure; whoever asks with it as `min_position` gets answers that know of it.
    """

    candidate: UUID
    records: Sequence[UUID]
    request: UUID
    requested_at: datetime
    by: str
    ground: str
    state: Literal["in-progress", "completed"]
    completed_at: datetime | None
    erasers: Sequence[LetGo]
    exports: Sequence[Export]
    erasure_effective_by: datetime | None
    position: int
    others_shut_out: int | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """What an erasure needs to know of one record: what the rules know of it, and the events of its erasure."""

    candidate: Candidate
    requested: Recorded[ErasureRequested] | None = None
    completed: Recorded[CandidateErased] | None = None


def evolve(trail: Trail, recorded: Recorded[Event]) -> Trail:
    """The trail after one more event of the record."""
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
class Erasing:
    """Erases people. `rotates_every`: how often key epochs change, see docs/privacy.md."""

    verbs: Mapping[type, Verb]
    holdings: Holdings
    rotates_every: timedelta
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    before: Sequence[Eraser] = WHILE_IT_CAN_BE_READ
    after: Sequence[Eraser] = AFTER_THE_KEYS

    def erase(self, candidate: UUID, *, by: str, ground: str, actor: str, count_others: bool = False) -> Erasure:
        """Records the request and carries it out as far as that goes now; see the answer's `state`.

        count_others: the answer says how many people share an address with the person; it may take some seconds.
        Errors: CandidateDoesNotExist, CandidateIsErased, LegalHoldStands; PersistenceError where the log cannot be
        reached: once it was requested, it goes on by itself.
        """
        now = self.now()
        command = RequestErasure(candidate=candidate, by=by, ground=ground, now=now)
        return self._request(candidate, command, actor, count_others=count_others)

    def accept(self, candidate: UUID, proposal: UUID, *, by: str, ground: str, actor: str) -> Erasure:
        """Accepts another system's proposal: records the decision together with the request, and carries it out.

        Errors: as of `erase`, and ErasureProposalDoesNotExist, ErasureProposalIsDecided.
        """
        now = self.now()
        command = AcceptErasureProposal(candidate=candidate, proposal=proposal, by=by, ground=ground, now=now)
        return self._request(candidate, command, actor, count_others=True)

    def _request(self, candidate: UUID, command: Command, actor: str, *, count_others: bool) -> Erasure:
        """Records what requests the erasure, and carries it out."""
        self._handle(Occasion(self.new_id(), actor, command.now), command)
        others = None
        if count_others:
            others = others_shut_out(self.holdings, person_of(candidate, self._trails(candidate)))
        return replace(self.carry_out(candidate), others_shut_out=others)

    def carry_out(self, candidate: UUID) -> Erasure:
        """Everything that is left to do of an erasure that was asked for. Errors: as of `erase`, and
        ErasureWasNotRequested."""
        trails = self._trails(candidate)
        request = requested(candidate, trails[candidate])
        told: list[LetGo] = []
        try:
            if trails[candidate].completed is None:
                self._do(candidate, person_of(candidate, trails), request, told)
        except EraserMustWait as waits:
            told.append(LetGo(waits.name, None, waits.why))
        return self._told(candidate, told)

    def told(self, candidate: UUID) -> Erasure:
        """How far it is. Errors: CandidateDoesNotExist, ErasureWasNotRequested."""
        return self._told(candidate, ())

    def resume(self) -> Iterator[Erasure]:
        """Carries out what was requested and not completed, person by person.

        Errors: what stood in the way of the first who cannot be erased now, once all others are through.
        """
        seen: set[UUID] = set()
        failed: Exception | None = None
        for record in self.holdings.erasures.unfinished():
            if record not in seen:
                try:
                    erasure = self.carry_out(record)
                except Exception as error:  # one who cannot be erased now keeps no other; raised at the end
                    LOGGER.exception("the erasure of %s cannot be carried out now", record)
                    failed = failed or error
                else:
                    seen.update(erasure.records)
                    yield erasure
        if failed is not None:
            raise failed

    def _do(self, candidate: UUID, person: Person, request: Recorded[ErasureRequested], told: list[LetGo]) -> None:
        """The steps in their order. Each may be done again: a run that is broken off is begun from the first."""
        for eraser in self.before:
            told.append(LetGo(eraser.name, eraser.erase(self.holdings, person)))
        self.holdings.erasures.destroy_keys(person.records)
        for eraser in self.after:
            told.append(LetGo(eraser.name, eraser.erase(self.holdings, person)))
        self._complete(candidate, request)

    def _complete(self, candidate: UUID, request: Recorded[ErasureRequested]) -> None:
        now, names = self.now(), tuple(eraser.name for eraser in (*self.before, *self.after))
        with self.holdings.log.recorder.datastore.get_connection() as connection:
            effective_by = next_rotation(connection, self.rotates_every)
        command = CompleteErasure(candidate=candidate, erasers=names, effective_by=effective_by, now=now)
        self._handle(Occasion(uuid5(request.id, "completion"), ACTOR, now, request.correlation, request.id), command)

    def _handle(self, occasion: Occasion, command: Command) -> None:
        handle(self.holdings.log, self.verbs, occasion, lambda: (command,))

    def _trails(self, candidate: UUID) -> dict[UUID, Trail]:
        """What is known of each record of the person. Errors: CandidateDoesNotExist."""
        loaded = load_with_linked_records(self.holdings.log.until_keys_are_destroyed, {candidate: (TRAIL, READS)})
        loaded[candidate].state.candidate.require_record()
        return {record: found.state for record, found in loaded.items()}

    def _told(self, candidate: UUID, told: Sequence[LetGo]) -> Erasure:
        trails = self._trails(candidate)
        request, completed = requested(candidate, trails[candidate]), trails[candidate].completed
        records = (candidate, *sorted(trails.keys() - {candidate}))
        let_go = {name: LetGo(name, None) for name in (completed.event.erasers if completed else ())}
        return Erasure(
            candidate=candidate,
            records=records,
            request=request.id,
            requested_at=request.recorded_at,
            by=request.event.by,
            ground=request.event.ground,
            state="completed" if completed else "in-progress",
            completed_at=completed.recorded_at if completed else None,
            erasers=list((let_go | {one.name: one for one in told}).values()),
            exports=self.holdings.erasures.exports_of(records),
            erasure_effective_by=completed.event.effective_by if completed else None,
            position=self._position_of(trails.values()),
        )

    def _position_of(self, trails: Iterable[Trail]) -> int:
        """Of the newest of the events by which the person is erased, in any of their records."""
        told = (trail.completed or trail.requested for trail in trails)
        return max(self.holdings.log.known([event.id for event in told if event]).values())


def requested(candidate: UUID, trail: Trail) -> Recorded[ErasureRequested]:
    """Errors: ErasureWasNotRequested."""
    if trail.requested is None:
        raise ErasureWasNotRequested(candidate=candidate)
    return trail.requested


def person_of(candidate: UUID, trails: Mapping[UUID, Trail]) -> Person:
    """The person as far as it can still be read."""
    told = [one for trail in trails.values() for one in trail.candidate.everything_told()]
    return Person(
        records=(candidate, *sorted(trails.keys() - {candidate})),
        addresses=frozenset(
            (one.fact, one.value) for one in told if one.fact in ADDRESSES and not isinstance(one.value, Erased)
        ),
    )
