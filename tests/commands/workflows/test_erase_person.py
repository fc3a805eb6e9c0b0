"""An erasure is a function of its ports: its steps come in order, and interrupted anywhere it ends the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.handle import Occasion, handle
from commands.merge_candidates import MergeCandidates
from commands.source_candidate import SourceCandidate
from commands.workflows.erase_person import Eraser, EraserMustWait, ErasureWorkflow, Export, Person
from domain.candidate import CandidateErased, ErasureRequested
from domain.event import Event, Recorded
from tests.memory_log import VERB_OF, MemoryLog

ALICE, ANOTHER, BOB = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
EFFECTIVE_BY = NOW + timedelta(days=30)
BEFORE, AFTER = ("searches", "files"), ("answers", "keyring")


class Died(Exception):
    """The process was killed here."""


@dataclass(slots=True)
class House:
    """A log with two people, of whom one has two records, and every port of the workflow."""

    log: MemoryLog = field(default_factory=MemoryLog)
    steps: list[str] = field(default_factory=list)
    dies_at: int = -1
    waits: bool = False
    refuses: UUID | None = None
    ids: count[int] = field(default_factory=lambda: count(100))

    def __post_init__(self) -> None:
        for number, person in enumerate((ALICE, ANOTHER, BOB)):
            self.do(10 + number, SourceCandidate(candidate=person, name="A. Person", now=NOW))
        self.do(20, MergeCandidates(candidate=ALICE, absorbed=ANOTHER, evidence=("stated",), now=NOW))

    def do(self, number: int, command: object) -> None:
        handle(self.log, VERB_OF, Occasion(UUID(int=number), "user:ana", NOW), lambda: (command,))

    def step(self, name: str, records: Iterable[UUID]) -> int:
        if len(self.steps) == self.dies_at:
            self.dies_at = -1
            raise Died
        if self.refuses is not None and self.refuses in records:
            raise Died
        self.steps.append(name)
        return len(name)

    def unfinished(self) -> Sequence[UUID]:
        requested = [event.stream for event in self.log.events if isinstance(event.event, ErasureRequested)]
        return [stream for stream in requested if not types(self.log.history(stream)) & {CandidateErased}]

    def destroy_keys(self, records: Iterable[UUID]) -> int:
        return self.step("keys", records)

    def exports_of(self, records: Iterable[UUID]) -> Sequence[Export]:
        return []

    def eraser(self, name: str) -> Eraser:
        def erase(person: Person) -> int:
            if self.waits and name == "files":
                raise EraserMustWait(name, "an import is at work")
            return self.step(name, person.records)

        return Eraser(name, erase)

    def effective_by(self) -> datetime:
        self.step("completion", ())
        return EFFECTIVE_BY

    def workflow(self) -> ErasureWorkflow:
        before, after = (tuple(self.eraser(name) for name in names) for names in (BEFORE, AFTER))
        return ErasureWorkflow(
            log=self.log, readable=self.log, verbs=VERB_OF, records=self, before=before, after=after,
            effective_by=self.effective_by, others_shut_out=lambda person: len(person.records),
            now=lambda: NOW, new_id=lambda: UUID(int=next(self.ids)),
        )  # fmt: skip


def types(events: Sequence[Recorded[Event]]) -> set[type[Event]]:
    return {type(event.event) for event in events}


def shapes(house: House) -> dict[tuple[UUID, int], Event]:
    """What stands in each stream; a resumed erasure may be completed by the request of another record of the person."""

    def shape(event: Event) -> Event:
        return replace(event, request=ALICE) if isinstance(event, CandidateErased) else event

    return {(entry.stream, entry.version): shape(entry.event) for entry in house.log.events}


def erase(house: House, person: UUID) -> object:
    return house.workflow().erase(person, by="self", ground="art-17", actor="user:priya")


ALL_STEPS = [*BEFORE, "keys", *AFTER, "completion"]


def test_the_steps_come_in_their_order_and_the_answer_tells_them() -> None:
    house = House()
    erasure = house.workflow().erase(ALICE, by="self", ground="art-17", actor="user:priya", count_others=True)
    assert house.steps == ALL_STEPS
    assert [(eraser.name, eraser.erased) for eraser in erasure.erasers] == [
        (name, len(name)) for name in (*BEFORE, *AFTER)
    ]
    assert (erasure.state, erasure.records, erasure.others_shut_out) == ("completed", (ALICE, ANOTHER), 2)
    assert (erasure.completed_at, erasure.erasure_effective_by) == (NOW, EFFECTIVE_BY)
    assert erasure.position == len(house.log.events)
    assert house.workflow().find(ANOTHER).state == "completed"


def test_the_same_ports_give_the_same_events() -> None:
    first, second = House(), House()
    assert erase(first, ALICE) == erase(second, ALICE)
    assert first.log.events == second.log.events


@given(st.lists(st.integers(0, len(ALL_STEPS) - 1), max_size=4), st.sampled_from([ALICE, ANOTHER]))
def test_killed_at_any_step_however_often_it_ends_the_same(kills: list[int], record: UUID) -> None:
    house, whole = House(), House()
    erase(whole, record)
    attempts: list[Callable[[], object]] = [lambda: erase(house, record)]
    for step in kills:
        house.dies_at = len(house.steps) + step
        with suppress(Died):
            (attempts.pop() if attempts else lambda: list(house.workflow().resume()))()
    house.dies_at = -1
    if attempts:
        attempts.pop()()
    resumed = list(house.workflow().resume())
    assert all(erasure.state == "completed" for erasure in resumed)
    assert shapes(house) == shapes(whole)
    assert house.steps[-len(ALL_STEPS) :] == ALL_STEPS
    assert house.unfinished() == []


def test_an_eraser_that_must_wait_keeps_the_erasure_open() -> None:
    house = House(waits=True)
    erasure = house.workflow().erase(ALICE, by="self", ground="art-17", actor="user:priya")
    assert (erasure.state, erasure.erasure_effective_by) == ("in-progress", None)
    assert [(eraser.name, eraser.waits_for) for eraser in erasure.erasers][-1] == ("files", "an import is at work")
    assert "keys" not in house.steps
    house.waits = False
    assert [erasure.state for erasure in house.workflow().resume()] == ["completed"]


def test_a_person_who_cannot_be_erased_now_holds_up_no_other() -> None:
    house = House(waits=True)
    for person in (ALICE, BOB):
        erase(house, person)
    house.waits, house.refuses = False, ANOTHER
    with pytest.raises(Died):
        list(house.workflow().resume())
    assert set(house.unfinished()) == {ALICE, ANOTHER}
    assert house.workflow().find(BOB).state == "completed"
