"""Retention erases people who are due, except those whom a new read of the log keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from commands.handle import Occasion, handle
from commands.record_touchpoint import RecordTouchpoint
from commands.restrict_processing import RestrictProcessing
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from commands.workflows.apply_retention import ACTOR, GROUND, Kept, ReadModelsAreBehind, RetentionWorkflow
from commands.workflows.erase_person import Erasure
from domain.candidate import CandidateIsErased, LegalHoldStands
from domain.retention import RULES
from tests.memory_log import VERB_OF, MemoryLog

ALICE, BOB = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Due:
    candidate: UUID
    jurisdiction: str = "de"


@dataclass(slots=True)
class Ports:
    """The read models' answer and the workflow that erases, in memory."""

    log: MemoryLog = field(default_factory=MemoryLog)
    people: list[Due] = field(default_factory=lambda: [Due(ALICE), Due(BOB)])
    behind: bool = False
    refusal: Exception | None = None
    erased: list[tuple[UUID, str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for person in (ALICE, BOB):
            self.do(SourceCandidate(candidate=person, name="A. Person", occurred_at=LONG_AGO, now=NOW))

    def do(self, command: Command) -> None:
        handle(self.log, VERB_OF, Occasion(uuid4(), "user:ana", NOW), lambda: (command,))

    def require_current(self) -> None:
        if self.behind:
            raise ReadModelsAreBehind

    def due(self) -> Iterable[Due]:
        return iter(self.people)

    def is_due(self, candidate: UUID) -> bool:
        return candidate in [person.candidate for person in self.people]

    def erase(self, candidate: UUID, *, by: str, ground: str, actor: str) -> Erasure:
        if self.refusal is not None:
            raise self.refusal
        self.erased.append((candidate, by, ground, actor))
        return Erasure(candidate, (candidate,), uuid4(), NOW, by, ground, "completed", NOW, (), (), None, 1)

    def workflow(self) -> RetentionWorkflow:
        return RetentionWorkflow(self.log, self, self, RULES, UTC, lambda: NOW)


def test_those_who_are_due_are_erased() -> None:
    ports = Ports()
    assert all(isinstance(erasure, Erasure) for erasure in ports.workflow().erase_due())
    assert ports.erased == [(person, "retention", GROUND, ACTOR) for person in (ALICE, BOB)]


def test_no_one_is_erased_while_the_read_models_are_behind() -> None:
    ports = Ports(behind=True)
    with pytest.raises(ReadModelsAreBehind):
        next(ports.workflow().erase_due())
    assert ports.erased == []


def touch(ports: Ports) -> None:
    ports.do(RecordTouchpoint(candidate=ALICE, touchpoint=uuid4(), kind="call-received", occurred_at=NOW, now=NOW))


def restrict(ports: Ports) -> None:
    ports.do(RestrictProcessing(candidate=ALICE, ground="accuracy-contested", now=NOW))


def unlist(ports: Ports) -> None:
    ports.people.remove(Due(ALICE))


def hold(ports: Ports) -> None:
    ports.refusal = LegalHoldStands(candidate=ALICE, matter="one")


def gone(ports: Ports) -> None:
    ports.refusal = CandidateIsErased(candidate=ALICE)


@pytest.mark.parametrize(
    ("happens", "because"),
    [
        (touch, "contact"),
        (restrict, "restriction"),
        (unlist, "changed"),
        (hold, "legal-hold"),
        (gone, "erased-already"),
    ],
)
def test_what_happened_since_the_list_was_made_keeps_a_person(happens: Callable[[Ports], None], because: str) -> None:
    ports = Ports()
    happens(ports)
    assert ports.workflow().erase(Due(ALICE)) == Kept(ALICE, because)
    assert ports.erased == []


def test_a_contact_keeps_the_person_until_the_period_is_over_by_the_given_clock() -> None:
    ports = Ports()
    touch(ports)
    later = replace(ports.workflow(), now=lambda: NOW + timedelta(days=3 * 366))
    assert isinstance(later.erase(Due(ALICE)), Erasure)
    assert later.last_contact(ALICE) == NOW
