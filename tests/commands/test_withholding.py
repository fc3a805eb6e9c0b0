"""What a merge withholds is no answer of the person: it ends with that merge, and with no other one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from commands.give_consent import GiveConsent
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.refuse_consent import RefuseConsent
from commands.request_erasure import RequestErasure
from commands.request_send import RequestSend
from commands.restrict_processing import RestrictProcessing
from commands.unmerge_candidates import UnmergeCandidates
from commands.verb import Command
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import CandidatesMerged, CandidatesUnmerged, ProcessingIsRestricted
from domain.consent import (
    ConsentHasExpired,
    ConsentIsMissing,
    ConsentIsWithheld,
    ConsentWasRefused,
    ConsentWasWithdrawn,
    ConsentWithdrawn,
    ConsentWithheld,
    ConsentWithholdingEnded,
    WithdrawalMethodIsReserved,
)
from domain.errors import Refused
from domain.event import Event
from domain.suppression import (
    SUPPRESSION,
    WITHDREW,
    Address,
    AddressWithheld,
    AddressWithholdingEnded,
    merge_named,
)
from tests.given import ALICE, BOB, DAY, NOW, SOURCED, TOUCHPOINT, History, consented, given, withdrawn

CAROL, DAVE = UUID(int=91), UUID(int=92)
PEOPLE = (ALICE, BOB, CAROL, DAVE)
OF = {record: Address("email", UUID(int=200 + number)) for number, record in enumerate(PEOPLE)}
SHARED = Address("email", UUID(int=210))


@dataclass(slots=True)
class Story:
    """A log in memory that is asked one command an hour."""

    history: History
    now: datetime = NOW
    held: dict[UUID, list[Address]] = field(default_factory=lambda: {record: [OF[record]] for record in PEOPLE})

    def ask(self, command: type[Command], **named: Any) -> Mapping[UUID, list[Event]]:
        self.now += timedelta(hours=1)
        return self.history.take(self.with_addresses(command(now=self.now, **named)))

    def with_addresses(self, command: Any) -> Any:
        """As the log completes it: with the addresses of the persons it answers for."""
        people = [linked for record in getattr(command, "answering", tuple)() for linked in self.person(record)]
        held = [(record, address) for record in dict.fromkeys(people) for address in self.held[record]]
        if isinstance(command, UnmergeCandidates):
            command = replace(command, held=tuple(held))
        return replace(command, addresses=tuple(dict.fromkeys(address for _, address in held))) if held else command

    def person(self, record: UUID) -> set[UUID]:
        reached, waiting = {record}, [record]
        for next_record in waiting:
            for event in (recorded.event for recorded in self.history.streams[next_record]):
                if isinstance(event, CandidatesMerged) and self.is_merged(event):
                    waiting += {event.survivor, event.absorbed} - reached
                    reached |= {event.survivor, event.absorbed}
        return reached

    def is_merged(self, merged: CandidatesMerged) -> bool:
        events = [recorded.event for recorded in self.history.streams[merged.absorbed]]
        links = [event for event in events if isinstance(event, CandidatesMerged | CandidatesUnmerged)]
        last = next(link for link in reversed(links) if link.absorbed == merged.absorbed)
        return isinstance(last, CandidatesMerged) and last.survivor == merged.survivor

    def root(self, person: set[UUID]) -> UUID:
        """The record that was merged into none of the others."""
        absorbed = {
            entry.event.absorbed
            for record in person
            for entry in self.history.streams[record]
            if isinstance(entry.event, CandidatesMerged) and self.is_merged(entry.event)
        }
        (root,) = person - absorbed
        return root

    def merge(self, survivor: UUID, absorbed: UUID) -> Mapping[UUID, list[Event]]:
        return self.ask(MergeCandidates, candidate=survivor, absorbed=absorbed, evidence=("stated",))

    def unmerge(self, survivor: UUID, absorbed: UUID) -> Mapping[UUID, list[Event]]:
        return self.ask(UnmergeCandidates, candidate=survivor, absorbed=absorbed)

    def gate(self, record: UUID, kind: str = "email-sent") -> type[Refused] | None:
        """What refuses a send to the record now; None: nothing."""
        refusal = self.refusal(record, kind)
        return None if refusal is None else type(refusal)

    def refusal(self, record: UUID, kind: str = "email-sent") -> Refused | None:
        self.now += timedelta(minutes=1)
        try:
            self.history.decide(RequestSend(candidate=record, touchpoint=TOUCHPOINT, kind=kind, now=self.now))
        except Refused as refusal:
            return refusal
        return None

    def shut(self, address: Address) -> str | None:
        return SUPPRESSION.fold(address.stream, self.history.streams.get(address.stream, [])).because


def story(**events: list[Event]) -> Story:
    """Four records by their names, each with these events after its entry."""
    named = dict(zip(("alice", "bob", "carol", "dave"), PEOPLE, strict=True))
    return Story(given({record: [SOURCED, *events.get(name, [])] for name, record in named.items()}).history)


YES, NO = consented(), withdrawn(entirely=True)


def test_an_unmerge_ends_what_the_merge_withheld() -> None:
    it = story(alice=[YES], bob=[NO])
    it.merge(ALICE, BOB)
    refused = it.refusal(ALICE)
    assert isinstance(refused, ConsentIsWithheld)
    assert f"withheld since the merge with {BOB}" in refused.what
    assert "withdrew" not in f"{refused.what} {refused.what_to_do}"
    decided = it.unmerge(ALICE, BOB)
    ended = [event for events in decided.values() for event in events if isinstance(event, ConsentWithholdingEnded)]
    assert [(end.survivor, end.absorbed, end.purpose, end.channels) for end in ended] == [
        (ALICE, BOB, "talent_pool", ("email",))
    ] * 2
    assert (it.gate(ALICE), it.gate(BOB)) == (None, ConsentWasWithdrawn)


def test_each_unmerge_ends_its_own_merge_in_a_chain() -> None:
    it = story(alice=[YES], bob=[NO], carol=[NO])
    it.merge(ALICE, BOB)
    it.merge(ALICE, CAROL)
    it.unmerge(ALICE, BOB)
    refused = it.refusal(ALICE)
    assert isinstance(refused, ConsentIsWithheld)
    assert f"since the merge with {CAROL}" in refused.what
    it.unmerge(ALICE, CAROL)
    assert [it.gate(record) for record in (ALICE, BOB, CAROL)] == [None, ConsentWasWithdrawn, ConsentWasWithdrawn]


def test_a_third_record_is_withheld_by_a_no_that_came_with_an_earlier_merge_and_only_so_long() -> None:
    it = story(alice=[YES], bob=[NO], carol=[YES])
    it.merge(ALICE, BOB)
    it.merge(ALICE, CAROL)
    assert it.gate(ALICE) is ConsentIsWithheld
    it.unmerge(ALICE, BOB)
    assert it.gate(ALICE) is None, "both that are left allow it"
    it = story(alice=[YES], bob=[NO], carol=[YES])
    it.merge(ALICE, BOB)
    it.merge(ALICE, CAROL)
    it.unmerge(ALICE, CAROL)
    assert (it.gate(ALICE), it.gate(CAROL)) == (ConsentIsWithheld, None)


def test_a_merge_undone_and_done_again_withholds_again() -> None:
    it = story(alice=[YES], bob=[NO])
    for _ in range(3):
        it.merge(ALICE, BOB)
        assert it.gate(ALICE) is ConsentIsWithheld
        it.unmerge(ALICE, BOB)
        assert it.gate(ALICE) is None


@pytest.mark.parametrize("told_to", [ALICE, BOB, CAROL])
@pytest.mark.parametrize("no", ["withdraw", "refuse", "unsubscribe"])
def test_a_no_told_while_merged_stands_for_every_record_linked_then(told_to: UUID, no: str) -> None:
    it = story(alice=[YES], bob=[YES], carol=[YES], dave=[YES])
    it.merge(ALICE, BOB)
    it.merge(ALICE, CAROL)
    requests: Mapping[str, tuple[type[Command], dict[str, Any]]] = {
        "withdraw": (WithdrawConsent, {"purpose": "talent_pool"}),
        "refuse": (RefuseConsent, {"purpose": "talent_pool"}),
        "unsubscribe": (RecordTouchpoint, {"touchpoint": UUID(int=77), "kind": "email-unsubscribed"}),
    }
    command, named = requests[no]
    it.ask(command, candidate=told_to, **named)
    it.unmerge(ALICE, BOB)
    it.unmerge(ALICE, CAROL)
    refusal = ConsentWasRefused if no == "refuse" else ConsentWasWithdrawn
    assert [it.gate(record) for record in PEOPLE] == [refusal, refusal, refusal, None]


def test_a_yes_recorded_while_merged_stands_only_in_its_own_record() -> None:
    it = story(alice=[NO], bob=[YES], carol=[])
    it.merge(ALICE, BOB)
    it.merge(ALICE, CAROL)
    it.ask(GiveConsent, candidate=ALICE, purpose="talent_pool", channels=("email",))
    assert it.gate(ALICE) is None
    it.unmerge(ALICE, CAROL)
    it.unmerge(ALICE, BOB)
    assert [it.gate(record) for record in (ALICE, BOB, CAROL)] == [None, None, ConsentIsMissing]


def test_expiry_and_restrictions_run_on() -> None:
    it = story(alice=[consented(until=NOW + 2 * DAY)], bob=[NO])
    it.merge(ALICE, BOB)
    it.now += 3 * DAY
    it.unmerge(ALICE, BOB)
    assert it.gate(ALICE) is ConsentHasExpired
    it = story(alice=[YES], bob=[NO])
    it.merge(ALICE, BOB)
    it.ask(RestrictProcessing, candidate=BOB, ground="objection")
    it.unmerge(ALICE, BOB)
    assert (it.gate(ALICE), it.gate(BOB)) == (ProcessingIsRestricted, ProcessingIsRestricted)


def test_a_withdrawal_of_one_channel_takes_back_no_other_that_is_withheld() -> None:
    it = story(alice=[consented("talent_pool", "email", "text")], bob=[withdrawn("talent_pool", "email")])
    it.merge(ALICE, BOB)
    decided = it.ask(WithdrawConsent, candidate=ALICE, purpose="talent_pool", channels=("text",))
    taken = [event for events in decided.values() for event in events if isinstance(event, ConsentWithdrawn)]
    assert [withdrawal.entirely for withdrawal in taken] == [False, False]
    it.unmerge(ALICE, BOB)
    assert (it.gate(ALICE), it.gate(ALICE, "text-sent")) == (None, ConsentWasWithdrawn)


def test_an_erasure_takes_back_what_is_withheld_too() -> None:
    it = story(alice=[YES], bob=[NO])
    it.merge(ALICE, BOB)
    decided = it.ask(RequestErasure, candidate=BOB)
    assert all(any(isinstance(event, ConsentWithdrawn) for event in decided[record]) for record in (ALICE, BOB))
    assert it.shut(OF[ALICE]) == it.shut(OF[BOB]) == "erased"


def test_both_that_allow_it_now_are_not_withheld_by_what_one_record_had_denied_before() -> None:
    it = story(alice=[YES], bob=[NO], carol=[YES])
    it.merge(ALICE, BOB)
    it.ask(GiveConsent, candidate=ALICE, purpose="talent_pool", channels=("email",))
    assert not any(isinstance(event, ConsentWithheld) for events in it.merge(ALICE, CAROL).values() for event in events)
    assert it.gate(ALICE) is None


# --- the log's older form: the merge recorded a withdrawal with the method 'merge'

OLD = ConsentWithdrawn("talent_pool", ("email",), True, "merge", None, None)
MERGED, UNMERGED = CandidatesMerged(ALICE, BOB, ("stated",), None), CandidatesUnmerged(ALICE, BOB, None)


def test_what_an_older_merge_withdrew_ends_with_an_unmerge_of_today() -> None:
    it = story(alice=[YES, MERGED, OLD], bob=[NO, MERGED, OLD])
    refused = it.refusal(ALICE)
    assert isinstance(refused, ConsentIsWithheld)
    assert f"since the merge with {BOB}" in refused.what
    it.unmerge(ALICE, BOB)
    assert (it.gate(ALICE), it.gate(BOB)) == (None, ConsentWasWithdrawn)


def test_an_unmerge_that_is_stored_restores_nothing_and_no_later_one_does() -> None:
    it = story(alice=[YES, MERGED, OLD, UNMERGED], bob=[NO, MERGED, OLD, UNMERGED])
    refused = it.refusal(ALICE)
    assert isinstance(refused, ConsentIsWithheld)
    assert f"since the merge with {BOB}" in refused.what
    it.merge(ALICE, BOB)
    it.unmerge(ALICE, BOB)
    assert it.gate(ALICE) is ConsentIsWithheld
    it.ask(GiveConsent, candidate=ALICE, purpose="talent_pool", channels=("email",))
    assert it.gate(ALICE) is None, "the candidate answers anew"


def test_no_client_states_the_method_of_a_merge_or_an_erasure() -> None:
    for method in ("merge", "erasure"):
        request = WithdrawConsent(candidate=ALICE, purpose="talent_pool", method=method, now=NOW)
        given({ALICE: [SOURCED]}).when(request).refused(WithdrawalMethodIsReserved)
    it = story(alice=[YES, replace(OLD, method="merge")])
    assert it.gate(ALICE) is ConsentWasWithdrawn, "no merge came before"


# --- addresses


def test_addresses_that_the_merge_alone_kept_out_come_in_again() -> None:
    it = story(alice=[YES], bob=[NO])
    assert it.merge(ALICE, BOB)[OF[ALICE].stream] == [AddressWithheld("email", merge_named(ALICE, BOB))]
    assert (it.shut(OF[ALICE]), it.shut(OF[BOB])) == ("merged", "merged")
    decided = it.unmerge(ALICE, BOB)
    assert decided[OF[ALICE].stream] == [AddressWithholdingEnded(merge_named(ALICE, BOB))]
    assert (it.shut(OF[ALICE]), it.shut(OF[BOB])) == (None, "withdrew"), "Bob denied everything himself"


def test_an_address_that_a_record_with_a_no_of_its_own_holds_stays_out() -> None:
    it = story(alice=[YES], bob=[NO])
    it.held = {ALICE: [OF[ALICE], SHARED], BOB: [SHARED], CAROL: [], DAVE: []}
    it.merge(ALICE, BOB)
    it.unmerge(ALICE, BOB)
    assert (it.shut(OF[ALICE]), it.shut(SHARED)) == (None, "withdrew")


def test_an_address_stays_out_for_another_merge_and_for_an_erasure() -> None:
    it = story(alice=[YES], bob=[NO], carol=[NO])
    it.merge(ALICE, BOB)
    it.merge(ALICE, CAROL)
    it.unmerge(ALICE, BOB)
    assert it.shut(OF[ALICE]) == "merged"
    it.unmerge(ALICE, CAROL)
    assert it.shut(OF[ALICE]) is None
    it = story(alice=[YES], bob=[NO], dave=[YES])
    it.held = {ALICE: [SHARED], BOB: [OF[BOB]], CAROL: [], DAVE: [SHARED]}
    it.merge(ALICE, BOB)
    it.ask(RequestErasure, candidate=DAVE)
    it.unmerge(ALICE, BOB)
    assert it.shut(SHARED) == "erased"


def test_two_merges_of_other_people_that_share_an_address_each_keep_it_out() -> None:
    it = story(alice=[YES], bob=[NO], carol=[YES], dave=[NO])
    it.held = {ALICE: [SHARED], BOB: [OF[BOB]], CAROL: [SHARED], DAVE: [OF[DAVE]]}
    it.merge(ALICE, BOB)
    it.merge(CAROL, DAVE)
    it.unmerge(ALICE, BOB)
    assert it.shut(SHARED) == "merged"
    it.unmerge(CAROL, DAVE)
    assert it.shut(SHARED) is None


def test_a_withdrawal_while_merged_outweighs_the_merge() -> None:
    it = story(alice=[YES], bob=[NO])
    it.merge(ALICE, BOB)
    it.ask(WithdrawConsent, candidate=ALICE, purpose="talent_pool")
    assert it.shut(OF[ALICE]) == WITHDREW
    it.unmerge(ALICE, BOB)
    assert it.shut(OF[ALICE]) == WITHDREW


def test_an_expired_consent_keeps_no_address_out_by_itself() -> None:
    it = story(alice=[consented(until=NOW + DAY)], bob=[NO])
    it.merge(ALICE, BOB)
    it.now += 2 * DAY
    it.unmerge(ALICE, BOB)
    assert it.shut(OF[ALICE]) is None


# --- any order of merges: what is left is what each person answered, of those who are one person then

ANSWERS = st.sampled_from([[], [YES], [NO], [YES, NO], [NO, YES]])
MOVES = st.lists(st.tuples(st.booleans(), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)), max_size=10)


@settings(max_examples=300)
@generated(answers=st.tuples(*[ANSWERS] * 4), moves=MOVES)
def test_merges_and_unmerges_in_any_order_leave_no_trace_in_who_is_parted(
    answers: tuple[list[Event], ...], moves: list[tuple[bool, UUID, UUID]]
) -> None:
    it = story(**dict(zip(("alice", "bob", "carol", "dave"), answers, strict=True)))
    own = {record: it.gate(record) for record in PEOPLE}
    for merges, survivor, other in moves:
        try:
            it.merge(survivor, other) if merges else it.unmerge(survivor, other)
        except Refused:
            continue
    for record in PEOPLE:
        person = it.person(record)
        if person == {record}:
            assert it.gate(record) is own[record]
        elif any(own[linked] is ConsentWasWithdrawn for linked in person):
            assert it.gate(it.root(person)) in (ConsentWasWithdrawn, ConsentIsWithheld)
        else:
            allowed = any(own[linked] is None for linked in person)
            assert it.gate(it.root(person)) is (None if allowed else ConsentIsMissing)
