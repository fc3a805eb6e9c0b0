"""Whatever is asked in whatever order, no rule is ever broken."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands.accept_offer import AcceptOffer
from commands.add_prospect import AddProspect
from commands.cancel_opening import CancelOpening
from commands.catalogue import VERBS
from commands.correct_touchpoint import CorrectTouchpoint
from commands.enter_stage import EnterStage
from commands.give_consent import GiveConsent
from commands.hire_candidate import HireCandidate
from commands.learn_profile_fact import LearnProfileFact
from commands.merge_candidates import MergeCandidates
from commands.open_opening import OpenOpening
from commands.open_requisition import OpenRequisition
from commands.record_touchpoint import RecordTouchpoint
from commands.refer_candidate import ReferCandidate
from commands.refuse_consent import RefuseConsent
from commands.reject_application import RejectApplication
from commands.request_send import RequestSend
from commands.retract_profile_fact import RetractProfileFact
from commands.source_candidate import SourceCandidate
from commands.submit_application import SubmitApplication
from commands.unmerge_candidates import UnmergeCandidates
from commands.verb import Command, Events
from commands.withdraw_application import WithdrawApplication
from commands.withdraw_consent import WithdrawConsent
from domain import application, candidate, consent, requisition, touchpoint
from domain.errors import Refused
from domain.event import Event, Recorded
from domain.touchpoint_kinds import KINDS
from tests.given import START, History

JOBS, SEATS, APPLICATIONS, TOUCHPOINTS = ((UUID(int=of), UUID(int=of + 1)) for of in (20, 30, 40, 50))
PEOPLE = (UUID(int=10), UUID(int=11), UUID(int=12))
JOB = JOBS[0]

people, seats, applications, touchpoints = map(st.sampled_from, (PEOPLE, SEATS, APPLICATIONS, TOUCHPOINTS))
jobs = st.sampled_from([JOB, JOB, JOB, JOBS[1]])
purposes = st.sampled_from(["talent_pool", "newsletter"])
channels = st.sampled_from([("email",), ("text",), ("email", "text"), ()])
kinds = st.sampled_from(
    ["email-sent", "text-sent", "email-opened", "email-unsubscribed", "text-stopped", "note-written"]
)
codes = st.sampled_from(["a", "b"])

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "candidate": people, "absorbed": people, "evidence": st.just(("stated",)),
    "referrer": people, "requisition": jobs, "opening": seats, "application": applications,
    "openings": st.lists(seats, max_size=2).map(tuple), "touchpoint": touchpoints, "message": st.none() | touchpoints,
    "purpose": purposes, "channels": channels, "kind": kinds, "stage": codes, "fact": codes, "learned_from": codes,
    "value": codes, "machine": st.booleans(), "reason": codes, "source": codes,
}  # fmt: skip
SHAPES: dict[type[Command], str] = {
    SourceCandidate: "candidate source",
    ReferCandidate: "candidate referrer",
    LearnProfileFact: "candidate fact learned_from value",
    RetractProfileFact: "candidate fact learned_from value",
    MergeCandidates: "candidate absorbed evidence",
    UnmergeCandidates: "candidate absorbed",
    RecordTouchpoint: "candidate touchpoint kind message machine",
    RequestSend: "candidate touchpoint kind purpose",
    CorrectTouchpoint: "candidate touchpoint kind",
    GiveConsent: "candidate purpose channels",
    RefuseConsent: "candidate purpose channels",
    WithdrawConsent: "candidate purpose channels",
    OpenRequisition: "requisition openings",
    OpenOpening: "requisition opening",
    CancelOpening: "requisition opening",
    SubmitApplication: "application candidate requisition",
    AddProspect: "application candidate",
    EnterStage: "application stage",
    RejectApplication: "application reason",
    WithdrawApplication: "application reason",
    AcceptOffer: "application requisition opening",
    HireCandidate: "application requisition opening",
}
ENDS = (application.ApplicationRejected, application.ApplicationWithdrawn, application.CandidateHired)
ABOUT_JOBS = [shape for shape in SHAPES if "candidate" not in SHAPES[shape].split()]
ABOUT_JOBS += [SubmitApplication, AddProspect, HireCandidate, AcceptOffer]
ABOUT_PEOPLE = [shape for shape in SHAPES if shape not in ABOUT_JOBS]
ABOUT_PEOPLE += [MergeCandidates, UnmergeCandidates]
ABOUT_PEOPLE += [RequestSend, RequestSend, CorrectTouchpoint, RecordTouchpoint, GiveConsent]


def test_every_verb_is_driven() -> None:
    assert SHAPES.keys() == {verb.command for verb in VERBS}


class AnyHistory(RuleBasedStateMachine):
    """Commands of every verb over few ids, so that they meet, some of them told late."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History()
        self.now = START

    def ask(self, command: Command) -> None:
        decided = self.outcome(command)
        assert decided == self.outcome(command), "decide gives the same answer to the same question"
        assert decided == self.outcome(command, reading_everything=True), "what a verb does not read does not matter"
        if isinstance(decided, dict):
            self.check(command, decided)
            self.history.take(command)

    def outcome(self, command: Command, *, reading_everything: bool = False) -> Events | tuple[type[Refused], str]:
        try:
            return self.history.decide(command, reading_everything=reading_everything)
        except Refused as refused:
            return type(refused), str(refused)

    @initialize(is_empty=st.sampled_from([False, False, False, True]))
    def a_house(self, is_empty: bool) -> None:
        """Mostly two people who both applied for the one job with its two seats; else nothing at all."""
        if is_empty:
            return
        self.ask(OpenRequisition(requisition=JOB, openings=SEATS, now=self.now))
        for person, theirs in zip(PEOPLE, APPLICATIONS, strict=False):
            self.ask(SourceCandidate(candidate=person, now=self.now))
            self.ask(GiveConsent(candidate=person, purpose="talent_pool", channels=("email",), now=self.now))
            self.ask(SubmitApplication(application=theirs, candidate=person, requisition=JOB, now=self.now))

    @rule(data=st.data(), shape=st.sampled_from(ABOUT_JOBS), hours_late=st.sampled_from([0, 0, 3]))
    def something_about_jobs(self, data: st.DataObject, shape: type[Command], hours_late: int) -> None:
        self.ask(self.drawn(data, shape, hours_late))

    @rule(data=st.data(), shape=st.sampled_from(ABOUT_PEOPLE), hours_late=st.sampled_from([0, 0, 3]))
    def something_about_people(self, data: st.DataObject, shape: type[Command], hours_late: int) -> None:
        self.ask(self.drawn(data, shape, hours_late))

    def drawn(self, data: st.DataObject, shape: type[Command], hours_late: int) -> Command:
        fields = {name: data.draw(FIELDS[name]) for name in SHAPES[shape].split()}
        self.now += timedelta(hours=1)
        return shape(**fields, now=self.now, occurred_at=self.now - timedelta(hours=hours_late) if hours_late else None)

    def check(self, command: Command, decided: Events) -> None:
        for stream, events in decided.items():
            for event in events:
                if isinstance(event, touchpoint.TouchpointRecorded):
                    self.check_authority(command, stream, event)

    def check_authority(self, command: Command, stream: UUID, event: touchpoint.TouchpointRecorded) -> None:
        if KINDS[event.kind].direction != "outbound":
            assert (event.authorised, event.consent) == (None, None)
            return
        cited = [one for one in self.history.everything() if one.id == event.consent]
        assert event.authorised == bool(cited)
        assert cited or not isinstance(command, RequestSend), "a send without consent"
        moments = (command.moment, command.now) if isinstance(command, RequestSend) else (command.moment,)
        for one in cited:
            assert isinstance(one.event, consent.ConsentGiven)
            assert one.stream in self.records_of(stream)
            assert one.event.purpose == event.purpose
            assert KINDS[event.kind].channel in one.event.channels
            assert one.at <= command.moment
        for moment in moments if cited else ():
            assert not self.denied(stream, str(event.purpose), KINDS[event.kind].channel, moment)

    def denied(self, stream: UUID, purpose: str, channel: str, moment: datetime) -> bool:
        """Told without the gate: the last thing said of it by that moment was a no, or nothing was said."""
        said = [
            (one.at, 0 if isinstance(one.event, consent.ConsentGiven) else 1)
            for record in self.records_of(stream)
            for one in self.history.streams[record]
            if speaks_of(one.event, purpose, channel) and one.at <= moment
        ]
        return not said or max(said)[1] == 1

    def records_of(self, stream: UUID) -> set[UUID]:
        """The records that are one person with this one."""
        links: set[frozenset[UUID]] = set()
        for one in self.of(candidate.CandidatesMerged, candidate.CandidatesUnmerged):
            link = frozenset((one.event.survivor, one.event.absorbed))
            (links.add if isinstance(one.event, candidate.CandidatesMerged) else links.discard)(link)
        records = {stream}
        while grown := [link for link in links if link & records and not link <= records]:
            records = records.union(*grown)
        return records

    @invariant()
    def a_record_is_merged_into_one_other_at_most(self) -> None:
        into: dict[UUID, UUID | None] = {}
        for one in self.of(candidate.CandidatesMerged, candidate.CandidatesUnmerged):
            if one.stream == one.event.absorbed:
                merged = isinstance(one.event, candidate.CandidatesMerged)
                assert (into.get(one.stream) is None) == merged
                into[one.stream] = one.event.survivor if merged else None
        for record in into:
            above: UUID | None = record
            for _ in PEOPLE:
                above = into.get(above) if above is not None else None
            assert above is None, "merged in a circle"

    @invariant()
    def an_opening_opens_and_ends_once(self) -> None:
        opened = Counter(key(one) for one in self.of(requisition.OpeningOpened))
        ended = Counter(key(one) for one in self.of(requisition.OpeningFilled, requisition.OpeningCancelled))
        assert all(count == 1 for count in [*opened.values(), *ended.values()])
        assert ended.keys() <= opened.keys()

    @invariant()
    def a_filled_opening_is_a_hire(self) -> None:
        hires = {(one.stream, one.event.opening) for one in self.of(application.CandidateHired)}
        fills = {(one.event.application, one.event.opening) for one in self.of(requisition.OpeningFilled)}
        assert fills == {hire for hire in hires if hire[1] is not None}

    @invariant()
    def an_application_ends_once_and_moves_no_more(self) -> None:
        for stream in self.history.streams.values():
            ends = [one for one in stream if isinstance(one.event, ENDS)]
            assert len(ends) <= 1
            for end in ends:
                after = [one for one in stream if one.version > end.version]
                assert all(isinstance(one.event, application.StageEntered) and one.at < end.at for one in after)

    @invariant()
    def a_candidate_enters_once(self) -> None:
        entered = Counter(one.stream for one in self.of(candidate.CandidateSourced, candidate.CandidateReferred))
        assert all(count == 1 for count in entered.values())

    @invariant()
    def a_correction_takes_back_what_was_believed(self) -> None:
        for stream in self.history.streams.values():
            believed: dict[UUID, tuple[Any, ...] | None] = {}
            for one in stream:
                match one.event:
                    case touchpoint.TouchpointRecorded() as event:
                        believed[event.touchpoint] = (event.kind, one.at, event.message, event.machine)
                    case touchpoint.TouchpointCorrected() as event:
                        was = (event.was_kind, event.was_at, event.was_message, event.was_machine)
                        assert believed[event.touchpoint] == was
                        now = (event.kind, event.at, event.message, event.machine)
                        believed[event.touchpoint] = now if event.kind else None

    def of(self, *shapes: type[Event]) -> list[Recorded[Any]]:
        return [one for one in self.history.everything() if isinstance(one.event, shapes)]


def speaks_of(event: Event, purpose: str, channel: str) -> bool:
    answers = (consent.ConsentGiven, consent.ConsentRefused, consent.ConsentWithdrawn)
    if not isinstance(event, answers) or event.purpose != purpose:
        return False
    return channel in event.channels or (isinstance(event, consent.ConsentWithdrawn) and event.entirely)


def key(one: Recorded[Any]) -> tuple[UUID, UUID]:
    return one.stream, one.event.opening


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
