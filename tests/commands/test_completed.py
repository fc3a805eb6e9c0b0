"""On the real log: addresses are completed, a refusal leaves its record, and no other command comes in between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.bootstrap import VERB_OF
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from commands.give_consent import GiveConsent
from commands.handle import Handled, Intention, Occasion, Result, handle, handle_together
from commands.handle_in_order import handle_in_order
from commands.learn_profile_fact import LearnProfileFact
from commands.log import Completed, ConcurrencyConflict
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.retract_profile_fact import RetractProfileFact
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from commands.withdraw_consent import WithdrawConsent
from domain.addresses import AddressIsPlaceholder
from domain.candidate import CandidateDoesNotExist
from domain.suppression import SUPPRESSION, TURNS, AddressIsSuppressed, ArrivalStopped

EMAIL, PHONE = "Zoe@Example.org", "+49 30 123"


def now() -> datetime:
    return datetime.now(UTC)


def intention(*commands: Command, named: UUID | None = None) -> Intention:
    return Intention(Occasion(named or uuid4(), "user:ana", now()), lambda: commands)


def done(log: EventLog, *commands: Command) -> Handled:
    return handle(log, VERB_OF, Occasion(uuid4(), "user:ana", now()), lambda: commands)


def source(candidate: UUID, **values: Any) -> SourceCandidate:
    return SourceCandidate(
        candidate=candidate, now=now(), **({"emails": (EMAIL,), "source": "fair", "name": "Bo"} | values)
    )


def withdraw(candidate: UUID) -> WithdrawConsent:
    return WithdrawConsent(candidate=candidate, purpose="talent_pool", now=now())


def learn(candidate: UUID, fact: str, value: str) -> LearnProfileFact:
    return LearnProfileFact(candidate=candidate, fact=fact, learned_from="self", value=value, now=now())


def suppressed(log: EventLog, key_file: KeyFile, kind: str, address: str) -> str | None:
    loaded = log.load(SUPPRESSION, log.addresses.stream(kind, address), frozenset(TURNS))
    because: str | None = loaded.state.because
    return because


def stops(log: EventLog, key_file: KeyFile) -> list[ArrivalStopped]:
    history = log.history(log.addresses.stream("email", EMAIL))
    return [entry.event for entry in history if isinstance(entry.event, ArrivalStopped)]


@pytest.fixture
def gone(log: EventLog) -> UUID:
    """Return a candidate with an address and a number who withdrew all consents."""
    alice = uuid4()
    done(log, source(alice), learn(alice, "phone", PHONE))
    done(log, withdraw(alice))
    return alice


def test_every_address_of_the_person_is_shut_out_however_it_is_written(
    log: EventLog, key_file: KeyFile, gone: UUID
) -> None:
    for kind, address in (("email", EMAIL), ("email", " zoe@example.ORG "), ("phone", "0049 30/123"), ("phone", PHONE)):
        assert suppressed(log, key_file, kind, address) == "withdrew"
    assert suppressed(log, key_file, "phone", "12 35 67") is None


def test_also_those_of_a_record_that_they_were_merged_with_and_none_that_was_taken_back(
    log: EventLog, key_file: KeyFile
) -> None:
    alice, bob = uuid4(), uuid4()
    done(log, source(alice), source(bob, emails=("b@example.org",)))
    done(log, MergeCandidates(candidate=bob, absorbed=alice, evidence=(), now=now()))
    done(log, learn(alice, "email", "wrong@example.org"))
    done(
        log,
        RetractProfileFact(candidate=alice, fact="email", learned_from="self", value="wrong@example.org", now=now()),
    )
    done(log, withdraw(alice))
    assert (
        suppressed(log, key_file, "email", "b@example.org") == suppressed(log, key_file, "email", EMAIL) == "withdrew"
    )
    assert suppressed(log, key_file, "email", "wrong@example.org") is None


def test_an_arrival_is_refused_and_the_stop_recorded_once(log: EventLog, key_file: KeyFile, gone: UUID) -> None:
    bob = uuid4()
    for _ in range(3):
        with pytest.raises(AddressIsSuppressed):
            done(log, source(bob))
    assert stops(log, key_file) == [ArrivalStopped("withdrew", "fair", bob)]
    assert log.history(bob) == []
    done(log, source(bob, returning=True))
    assert suppressed(log, key_file, "email", EMAIL) is None
    assert len(log.history(bob)) == 1


def test_a_consent_of_their_own_lets_them_in_again(log: EventLog, key_file: KeyFile, gone: UUID) -> None:
    done(log, GiveConsent(candidate=gone, purpose="events", channels=("email",), method="web-form", now=now()))
    assert suppressed(log, key_file, "email", EMAIL) is suppressed(log, key_file, "phone", PHONE) is None
    assert done(log, source(uuid4())).events


def test_a_command_after_another_one_that_was_refused_leaves_only_the_stop(
    log: EventLog, key_file: KeyFile, gone: UUID
) -> None:
    bob, carol = uuid4(), uuid4()
    with pytest.raises(AddressIsSuppressed):
        done(log, source(carol, emails=()), learn(carol, "email", EMAIL), source(bob))
    assert (log.history(bob), log.history(carol)) == ([], [])
    assert [stop.candidate for stop in stops(log, key_file)] == [carol]


def test_those_who_ask_at_one_moment_share_the_way_and_nothing_else(
    log: EventLog, key_file: KeyFile, gone: UUID
) -> None:
    bob, carol, dave, unknown = uuid4(), uuid4(), uuid4(), uuid4()
    intentions = [
        intention(source(bob)),
        intention(source(carol, emails=("c@example.org",))),
        intention(withdraw(unknown)),
        intention(source(dave)),
    ]
    results = handle_together(log, VERB_OF, intentions)
    assert [type(result) for result in results] == [
        AddressIsSuppressed, Handled, CandidateDoesNotExist, AddressIsSuppressed
    ]  # fmt: skip
    assert {stop.candidate for stop in stops(log, key_file)} == {bob, dave}


@pytest.mark.parametrize("others", [0, 150])
def test_in_a_block_too(log: EventLog, key_file: KeyFile, gone: UUID, others: int) -> None:
    bob, carol, dave, line = uuid4(), uuid4(), uuid4(), uuid4()
    intentions = [
        intention(source(bob), named=line),
        intention(source(carol, emails=("c@example.org",))),
        intention(source(dave, returning=True)),
        *(intention(source(uuid4(), emails=())) for _ in range(others)),
    ]

    def refused(block: Sequence[Intention]) -> list[Result]:
        return [result for result in handle_in_order(log, VERB_OF, block, once=True) if isinstance(result, Exception)]

    (refusal,) = refused(intentions)
    assert isinstance(refusal, AddressIsSuppressed)
    assert [stop.candidate for stop in stops(log, key_file)] == [bob]
    assert suppressed(log, key_file, "email", EMAIL) is None, "dave came back by himself"
    assert refused(intentions[:1]) == [], "what was refused before is not taken for done"
    assert len(log.history(bob)) == 1


def test_all_or_none_leaves_the_stop_alone(log: EventLog, key_file: KeyFile, gone: UUID) -> None:
    bob, carol = uuid4(), uuid4()
    intentions = [intention(source(carol, emails=("c@example.org",))), intention(source(bob))]
    results = handle_in_order(log, VERB_OF, intentions, all_or_none=True)
    assert isinstance(results[1], AddressIsSuppressed)
    assert [stop.candidate for stop in stops(log, key_file)] == [bob]
    assert log.history(carol) == []


@pytest.mark.parametrize("text", ["", " ", "\u200b", "n/a", "-", "noemail@noemail.com"])
def test_a_placeholder_is_refused_as_such(log: EventLog, text: str) -> None:
    with pytest.raises(AddressIsPlaceholder) as refused:
        done(log, source(uuid4(), emails=(EMAIL, text)))
    assert (refused.value.where, refused.value.named["number"]) == ("emails", 2)


def test_an_address_that_is_learned_meanwhile_is_shut_out_too(log: EventLog, key_file: KeyFile) -> None:
    """Between the completion of a withdrawal and its decision another address is learned."""
    alice, completions = uuid4(), 0
    done(log, source(alice))
    completed = log.completed

    def slow(commands: Sequence[Any]) -> Completed:
        nonlocal completions
        whole = completed(commands)
        completions += isinstance(commands[0], WithdrawConsent)
        if completions == 1:
            completions += 1
            done(log, learn(alice, "email", "other@example.org"))
        return whole

    log.completed = slow  # type: ignore[method-assign]  # another command is handled meanwhile
    done(log, withdraw(alice))
    assert suppressed(log, key_file, "email", "other@example.org") == "withdrew"


def test_a_stop_is_retried_if_another_was_recorded_meanwhile(
    log: EventLog, key_file: KeyFile, gone: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, carol, append_all, first = uuid4(), uuid4(), log.append_all, True

    def slow(appends: Sequence[Any]) -> Sequence[int | Exception]:
        nonlocal first
        if first:
            first = False
            with pytest.raises(AddressIsSuppressed):
                done(log, source(carol))
        return append_all(appends)

    monkeypatch.setattr(log, "append_all", slow)
    with pytest.raises(AddressIsSuppressed):
        done(log, source(bob))
    assert [stop.candidate for stop in stops(log, key_file)] == [carol, bob]


def test_an_ordinary_touchpoint_asks_the_log_once(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, loads, load_all = uuid4(), [], log.load_all
    done(log, source(alice))

    def counted(wanted: Any) -> Any:
        loads.append(set(wanted))
        return load_all(wanted)

    monkeypatch.setattr(log, "load_all", counted)
    done(log, RecordTouchpoint(candidate=alice, touchpoint=uuid4(), kind="email-replied", now=now()))
    assert loads == [{alice}]


def test_a_mismatch_that_never_ends_is_a_conflict(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = uuid4()
    done(log, source(alice))
    monkeypatch.setattr(log, "completed", lambda commands: Completed(commands, {alice: 77}))
    with pytest.raises(ConcurrencyConflict):
        done(log, withdraw(alice))
    with pytest.raises(ConcurrencyConflict):
        handle_in_order(log, VERB_OF, [intention(withdraw(alice))])
