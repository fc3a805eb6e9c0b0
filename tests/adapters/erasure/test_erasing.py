"""An erased person is nowhere to be read; broken off anywhere, an erasure comes to the same end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest
from eventsourcing.persistence import ProgrammingError

from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.store import PersonWasErased
from adapters.postgres.migrate import PROJECTOR, SERVICE
from adapters.postgres.tables.erasures import Erasures
from commands.give_consent import GiveConsent
from commands.handle import event_id
from commands.learn_profile_fact import LearnProfileFact
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.set_legal_hold import SetLegalHold
from commands.source_candidate import SourceCandidate
from commands.unmerge_candidates import UnmergeCandidates
from commands.workflows.erase_person import Eraser, EraserMustWait, EraserResult, Erasure, ErasureWorkflow, Person
from domain.access import PeopleExported, PeopleSearched
from domain.candidate import (
    CandidateErased,
    CandidateIsErased,
    CandidateSourced,
    ErasureRequested,
    ErasureWasNotRequested,
    LegalHoldStands,
)
from domain.consent import ConsentWithdrawn
from domain.event import ERASED, Event, Recorded
from domain.suppression import AddressIsSuppressed
from tests.adapters.erasure.conftest import Ask, now

ERASERS = ("deliveries", "idempotency", "searches", "keyring")


def erase(erasing: ErasureWorkflow, person: UUID) -> Erasure:
    return erasing.erase(person, by="self", ground="art-17", actor="user:priya")


def types(log: EventLog, stream: UUID) -> list[type[Event]]:
    return [type(recorded.event) for recorded in log.history(stream)]


def shown(log: EventLog, *people: UUID, query: str) -> UUID:
    """A search that showed these people."""
    search = uuid4()
    event = PeopleSearched("candidates", tuple(map(str, people)), query)
    log.save(Recorded(search, 1, event, uuid4(), now(), actor="user:ana"))
    return search


def test_nothing_personal_can_be_read_any_more(log: EventLog, erasing: ErasureWorkflow, ines: UUID) -> None:
    erasure = erase(erasing, ines)
    sourced, *_ = log.history(ines)
    assert isinstance(sourced.event, CandidateSourced)
    assert (sourced.event.name, sourced.event.emails, sourced.event.outside_id) == (ERASED, ERASED, ERASED)
    assert sourced.event.source == "career-site"
    assert types(log, ines)[2:] == [ErasureRequested, ConsentWithdrawn, CandidateErased]
    request, withdrawn, completed = log.history(ines)[2:]
    assert isinstance(withdrawn.event, ConsentWithdrawn)
    assert (withdrawn.event.entirely, withdrawn.event.method) == (True, "erasure")
    assert isinstance(completed.event, CandidateErased)
    assert (completed.event.request, completed.causation) == (request.id, request.id)
    assert completed.id == event_id(uuid5(request.id, "completion"), 0), "the name is stored, and stays"
    assert (request.actor, completed.actor) == ("user:priya", "clerk:erasure")
    assert set(completed.event.erasers) >= set(ERASERS)
    assert (erasure.request, erasure.state, erasure.completed_at) == (request.id, "completed", completed.recorded_at)
    assert erasure.erasure_effective_by == completed.event.effective_by > now() + timedelta(days=1)


def test_of_an_erased_person_nothing_is_taken_in(log: EventLog, ask: Ask, erasing: ErasureWorkflow, ines: UUID) -> None:
    other = uuid4()
    ask(SourceCandidate, candidate=other, name="Bo Lund")
    erase(erasing, ines)
    refused: list[Callable[[], object]] = [
        lambda: ask(LearnProfileFact, candidate=ines, fact="skill", learned_from="self", value="grafting"),
        lambda: ask(SourceCandidate, candidate=ines, name="Ines Prado"),
        lambda: ask(GiveConsent, candidate=ines, purpose="talent_pool", channels=("email",)),
        lambda: ask(RecordTouchpoint, candidate=ines, touchpoint=uuid4(), kind="note-written"),
        lambda: ask(MergeCandidates, candidate=other, absorbed=ines, evidence=("stated",)),
        lambda: ask(MergeCandidates, candidate=ines, absorbed=other, evidence=("stated",)),
        lambda: erase(erasing, ines),
    ]
    for asking in refused:
        with pytest.raises(CandidateIsErased):
            asking()
    with pytest.raises(PersonWasErased):
        log.seal_delivery("greenhouse", "1", ines, b"{}")
    assert len(log.history(ines)) == 5


def test_a_merged_person_is_erased_whichever_record_is_named(
    log: EventLog, ask: Ask, erasing: ErasureWorkflow, ines: UUID
) -> None:
    others = [uuid4(), uuid4()]
    for other in others:
        ask(SourceCandidate, candidate=other, name="I. Prado", emails=("i@example.org",))
    ask(MergeCandidates, candidate=others[0], absorbed=others[1], evidence=("stated",))
    ask(MergeCandidates, candidate=ines, absorbed=others[0], evidence=("stated",))
    erasure = erase(erasing, others[1])
    assert erasure.records == (others[1], *sorted([ines, others[0]]))
    requests = {}
    for record in (ines, *others):
        history = log.history(record)
        assert isinstance(history[0].event, CandidateSourced)
        assert history[0].event.name == ERASED
        requests[record] = next(recorded for recorded in history if isinstance(recorded.event, ErasureRequested))
        assert isinstance(history[-1].event, CandidateErased)
        assert history[-1].event.request == requests[record].id
    positions = sorted(log.known([recorded.id for recorded in requests.values()]).values())
    assert positions[-1] - positions[0] < 10, "in one append"
    assert erasing.find(ines).state == "completed"


def test_two_who_were_parted_again_are_erased_one_by_one_and_erased_they_stay_together(
    log: EventLog, ask: Ask, erasing: ErasureWorkflow, ines: UUID
) -> None:
    parted, absorbed = uuid4(), uuid4()
    for other in (parted, absorbed):
        ask(SourceCandidate, candidate=other, name="I. Prado")
        ask(MergeCandidates, candidate=ines, absorbed=other, evidence=("stated",))
    ask(UnmergeCandidates, candidate=ines, absorbed=parted)
    assert set(erase(erasing, absorbed).records) == {ines, absorbed}
    (kept, *_), (gone, *_) = log.history(parted), log.history(ines)
    assert isinstance(kept.event, CandidateSourced)
    assert isinstance(gone.event, CandidateSourced)
    assert (kept.event.name, gone.event.name) == ("I. Prado", ERASED)
    refused: list[Callable[[], object]] = [
        lambda: ask(UnmergeCandidates, candidate=ines, absorbed=absorbed),
        lambda: ask(MergeCandidates, candidate=parted, absorbed=absorbed, evidence=("stated",)),
    ]
    for asking in refused:
        with pytest.raises(CandidateIsErased):
            asking()


def test_a_legal_hold_on_any_record_keeps_the_person(
    log: EventLog, ask: Ask, erasing: ErasureWorkflow, ines: UUID
) -> None:
    other = uuid4()
    ask(SourceCandidate, candidate=other, name="Bo Lund")
    ask(SetLegalHold, candidate=other, matter="case-7", note="Prado v. Acme")
    ask(MergeCandidates, candidate=ines, absorbed=other, evidence=("stated",))
    with pytest.raises(LegalHoldStands):
        erase(erasing, ines)
    with pytest.raises(ErasureWasNotRequested):
        erasing.find(ines)
    with pytest.raises(ErasureWasNotRequested):
        erasing.carry_out(ines)
    assert erasing.records.unfinished() == []
    with pytest.raises(ProgrammingError, match="no erasure of the person"):
        erasing.records.destroy_keys([ines])


@pytest.mark.parametrize("function", ["erase_key", "erase_deliveries", "erase_searches", "destroy_person_key"])
def test_only_the_service_may_ask_and_only_for_a_person_whose_erasure_was_requested(
    database: str, ines: UUID, function: str
) -> None:
    for role, why in ((SERVICE, "no erasure of the person|permission denied"), (PROJECTOR, "permission denied")):
        refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match=why)
        with psycopg.connect(database, options=f"-c role={role}") as connection, refused:
            connection.execute(f"select {function}(%s)".encode(), (ines,))


def test_searches_that_showed_the_person_no_longer_tell_what_was_typed(
    log: EventLog, erasing: ErasureWorkflow, ask: Ask, ines: UUID
) -> None:
    other = uuid4()
    ask(SourceCandidate, candidate=other, name="Bo Lund")
    mine, theirs = shown(log, ines, other, query="Prado"), shown(log, other, query="Someone")
    erasure = erase(erasing, ines)
    assert EraserResult("searches", 1) in erasure.erasers
    assert log.history(mine)[0].event == PeopleSearched("candidates", (str(ines), str(other)), ERASED)
    assert log.history(theirs)[0].event == PeopleSearched("candidates", (str(other),), "Someone")


def test_the_answer_names_what_left_perennial(log: EventLog, erasing: ErasureWorkflow, ask: Ask, ines: UUID) -> None:
    other = uuid4()
    ask(SourceCandidate, candidate=other, name="Bo Lund")
    mine = Recorded(
        uuid4(), 1, PeopleExported(uuid4(), "subject-access", (str(ines), str(other)), ("personal",)), uuid4(), now(),
        actor="user:ana",
    )  # fmt: skip
    theirs = Recorded(uuid4(), 1, PeopleExported(uuid4(), "bundle", (str(other),), ("proofs",)), uuid4(), now())
    log.save(mine, theirs)
    (export,) = erase(erasing, ines).exports
    assert (export.export, export.page, export.by) == (mine.event.export, "subject-access", "user:ana")
    assert list(export.holds) == ["personal"]


def test_the_persons_addresses_come_in_again_only_with_the_person(
    erasing: ErasureWorkflow, ask: Ask, ines: UUID
) -> None:
    erase(erasing, ines)
    again = {"name": "Ines", "emails": ("INES@example.org",), "source": "import"}
    with pytest.raises(AddressIsSuppressed):
        ask(SourceCandidate, candidate=uuid4(), **again)
    with pytest.raises(AddressIsSuppressed):
        ask(SourceCandidate, candidate=uuid4(), phones=("001 555 0101",))
    ask(SourceCandidate, candidate=uuid4(), **again, returning=True)
    ask(SourceCandidate, candidate=uuid4(), **again)


class Broken(Exception):
    """The process died here."""


def steps(erasing: ErasureWorkflow) -> int:
    """How many steps can be broken off."""
    return 2 * (len(erasing.before) + len(erasing.after) + 2)


def breaking(erasing: ErasureWorkflow, monkeypatch: pytest.MonkeyPatch, step: int) -> ErasureWorkflow:
    """The same, that dies once at the given step: just before it (even), or just after it (odd)."""
    count = iter(range(step + 1))

    def dying(do: Callable[..., Any]) -> Callable[..., Any]:
        def done(*given: Any) -> Any:
            die(next(count, None) == step)
            answer = do(*given)
            die(next(count, None) == step)
            return answer

        return done

    def die(now: bool) -> None:
        if now:
            raise Broken

    monkeypatch.setattr(Erasures, "destroy_keys", dying(Erasures.destroy_keys))
    monkeypatch.setattr(ErasureWorkflow, "_complete", dying(ErasureWorkflow._complete))

    def wrapped(erasers: Any) -> tuple[Eraser, ...]:
        return tuple(replace(eraser, erase=dying(eraser.erase)) for eraser in erasers)

    return replace(erasing, before=wrapped(erasing.before), after=wrapped(erasing.after))


@pytest.mark.parametrize("step", range(20))
def test_broken_off_at_any_step_it_comes_to_the_same_end(
    log: EventLog, erasing: ErasureWorkflow, ines: UUID, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    search = shown(log, ines, query="Prado")
    died = False
    try:
        erase(breaking(erasing, monkeypatch, step), ines)
    except Broken:
        died = True
    assert died == (step < steps(erasing))
    unfinished = [] if not died or step == steps(erasing) - 1 else [ines]
    assert erasing.records.unfinished() == unfinished
    monkeypatch.undo()
    assert [erasure.state for erasure in erasing.resume()] == ["completed"] * len(unfinished)
    assert erasing.records.unfinished() == []
    assert types(log, ines)[2:] == [ErasureRequested, ConsentWithdrawn, CandidateErased]
    assert log.history(search)[0].event == PeopleSearched("candidates", (str(ines),), ERASED)
    completed = log.history(ines)[-1].event
    assert isinstance(completed, CandidateErased)
    assert completed.erasers == tuple(eraser.name for eraser in (*erasing.before, *erasing.after))
    assert list(erasing.resume()) == []


def test_an_eraser_that_must_wait_keeps_the_erasure_open(log: EventLog, erasing: ErasureWorkflow, ines: UUID) -> None:
    def wait(*_: object) -> int:
        raise EraserMustWait("uploads", "an import is at work")

    erasure = erase(replace(erasing, before=(Eraser("uploads", wait),)), ines)
    assert (erasure.state, erasure.completed_at, erasure.erasure_effective_by) == ("in-progress", None, None)
    assert erasure.erasers == [EraserResult("uploads", None, "an import is at work")]
    assert erasing.find(ines).state == "in-progress"
    assert [resumed.state for resumed in erasing.resume()] == ["completed"]
    assert erasing.find(ines).state == "completed"


def test_one_that_cannot_be_carried_out_keeps_no_other(erasing: ErasureWorkflow, ask: Ask, ines: UUID) -> None:
    bo = uuid4()
    ask(SourceCandidate, candidate=bo, name="Bo Lund")
    for person in (ines, bo):
        with suppress(Broken):
            erase(replace(erasing, after=(Eraser("x", die),)), person)

    def die_of_ines(person: Person) -> int:
        return die() if ines in person.records else 0

    with pytest.raises(Broken):
        list(replace(erasing, after=(Eraser("x", die_of_ines),)).resume())
    assert erasing.records.unfinished() == [ines]
    assert erasing.find(bo).state == "completed"


def test_many_at_once_complete_it_once(log: EventLog, erasing: ErasureWorkflow, ines: UUID) -> None:
    with suppress(Broken):
        erase(replace(erasing, after=(Eraser("x", die),)), ines)
    threads = [Thread(target=lambda: list(erasing.resume())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert types(log, ines)[2:] == [ErasureRequested, ConsentWithdrawn, CandidateErased]


def die(*_: object) -> int:
    raise Broken
