"""Whatever is asked in whatever order, no rule is ever broken."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands.accept_erasure_proposal import AcceptErasureProposal
from commands.accept_offer import AcceptOffer
from commands.accept_referral import AcceptReferral
from commands.add_prospect import AddProspect
from commands.ask_for_referral import AskForReferral
from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.cancel_opening import CancelOpening
from commands.catalogue import VERBS
from commands.close_requisition import CloseRequisition
from commands.complete_erasure import CompleteErasure
from commands.complete_segments import CompleteSegments
from commands.correct_opening_date import CorrectOpeningDate
from commands.correct_touchpoint import CorrectTouchpoint
from commands.credit_referral import CreditReferral
from commands.decline_erasure_proposal import DeclineErasureProposal
from commands.decline_offer import DeclineOffer
from commands.decline_referral import DeclineReferral
from commands.enter_stage import EnterStage
from commands.expire_consent import ExpireConsent
from commands.follow_outside_offer import FollowOutsideOffer
from commands.found_community import FoundCommunity
from commands.give_consent import GiveConsent
from commands.hire_candidate import HireCandidate
from commands.hold_requisition import HoldRequisition
from commands.join_community import JoinCommunity
from commands.learn_profile_fact import LearnProfileFact
from commands.leave_community import LeaveCommunity
from commands.lift_legal_hold import LiftLegalHold
from commands.lift_restriction import LiftRestriction
from commands.link_referral import LinkReferral
from commands.make_offer import MakeOffer
from commands.make_referral import MakeReferral
from commands.merge_candidates import MergeCandidates
from commands.move_back import MoveBack
from commands.open_opening import OpenOpening
from commands.open_requisition import OpenRequisition
from commands.propose_erasure import ProposeErasure
from commands.record_touchpoint import RecordTouchpoint
from commands.refer_candidate import ReferCandidate
from commands.refuse_consent import RefuseConsent
from commands.reject_application import RejectApplication
from commands.release_address import ReleaseAddress
from commands.rename_requisition import RenameRequisition
from commands.reopen_opening import ReopenOpening
from commands.reopen_requisition import ReopenRequisition
from commands.request_consent import RequestConsent
from commands.request_erasure import RequestErasure
from commands.request_send import RequestSend
from commands.rescind_offer import RescindOffer
from commands.restrict_processing import RestrictProcessing
from commands.resume_requisition import ResumeRequisition
from commands.retract_profile_fact import RetractProfileFact
from commands.set_legal_hold import SetLegalHold
from commands.set_target_date import SetTargetDate
from commands.source_candidate import SourceCandidate
from commands.submit_application import SubmitApplication
from commands.take_back_decline import TakeBackDecline
from commands.transfer_application import TransferApplication
from commands.unhire_candidate import UnhireCandidate
from commands.unmerge_candidates import UnmergeCandidates
from commands.unreject_application import UnrejectApplication
from commands.verb import Command, Events
from commands.withdraw_application import WithdrawApplication
from commands.withdraw_consent import WithdrawConsent
from domain import application, candidate, consent, erasure_proposal, referral, requisition, touchpoint
from domain.errors import Refused
from domain.event import Event, Recorded
from domain.outside_offer import STEPS
from domain.touchpoint_kinds import KINDS
from tests.given import START, History, event_id

JOBS, SEATS, APPLICATIONS, TOUCHPOINTS = ((UUID(int=of), UUID(int=of + 1)) for of in (20, 30, 40, 50))
COMMUNITY = UUID(int=60)
REFERRALS = (UUID(int=70), UUID(int=71))
PEOPLE = (UUID(int=10), UUID(int=11), UUID(int=12))
JOB = JOBS[0]

people, seats, applications, touchpoints = map(st.sampled_from, (PEOPLE, SEATS, APPLICATIONS, TOUCHPOINTS))
jobs = st.sampled_from([JOB, JOB, JOB, JOBS[1]])
purposes = st.sampled_from(["talent_pool", "newsletter", "referral_contact"])
channels = st.sampled_from([("email",), ("text",), ("email", "text"), ()])
kinds = st.sampled_from(
    ["email-sent", "text-sent", "email-opened", "email-unsubscribed", "text-stopped", "note-written"]
)
codes = st.sampled_from(["a", "b"])
segments = st.sampled_from(["unknown", "a", "b"])

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "candidate": people, "absorbed": people, "evidence": st.just(("stated",)),
    "referrer": people, "requisition": jobs, "opening": seats, "application": applications,
    "openings": st.lists(seats, max_size=2).map(tuple), "touchpoint": touchpoints, "message": st.none() | touchpoints,
    "purpose": purposes, "channels": channels, "kind": kinds, "stage": codes,
    "fact": st.sampled_from(["a", "skill"]), "learned_from": codes,
    "value": codes, "machine": st.booleans(), "reason": codes, "source": codes,
    "as_source": segments, "role": segments, "location": segments,
    "need": st.sampled_from(["same", "new"]), "by": st.sampled_from(["us", "candidate"]), "user": st.none() | codes,
    "community": st.just(COMMUNITY), "around": st.just("skill"), "topic": codes,
    "consent": st.integers(1, 20).map(event_id),
    "referral": st.sampled_from(REFERRALS),
    "target": st.none() | st.sampled_from([date(2026, 9, 1), date(2026, 10, 1)]),
    "title": codes, "opened_at": st.sampled_from([START, START - timedelta(days=9)]),
    "offer": st.just(UUID(int=80)), "version": st.integers(1, 2), "step": st.sampled_from(STEPS),
    "name": st.just("Ada"), "address_kind": st.just("email"), "address": st.just("ada@example.org"),
    "proposal": st.sampled_from([UUID(int=90), UUID(int=91)]), "as_kind": st.just("delete"),
    "matter": codes, "ground": codes, "erasers": st.just(("a",)), "effective_by": st.just(START + timedelta(days=30)),
}  # fmt: skip
SHAPES: dict[type[Command], str] = {
    SourceCandidate: "candidate source name",
    ReferCandidate: "candidate referrer name",
    CompleteSegments: "candidate as_source role location",
    ReleaseAddress: "address_kind address",
    LearnProfileFact: "candidate fact learned_from value",
    RetractProfileFact: "candidate fact learned_from value",
    FoundCommunity: "community around topic",
    JoinCommunity: "candidate community by",
    LeaveCommunity: "candidate community by",
    AskForReferral: "referral referrer requisition",
    MakeReferral: "referral referrer candidate",
    AcceptReferral: "referral candidate",
    DeclineReferral: "referral reason",
    LinkReferral: "referral application",
    CreditReferral: "referral application",
    MergeCandidates: "candidate absorbed evidence",
    UnmergeCandidates: "candidate absorbed",
    RecordTouchpoint: "candidate touchpoint kind message machine",
    RequestSend: "candidate touchpoint kind purpose",
    CorrectTouchpoint: "candidate touchpoint kind",
    RequestConsent: "candidate purpose channels",
    GiveConsent: "candidate purpose channels",
    ExpireConsent: "candidate consent",
    RefuseConsent: "candidate purpose channels",
    WithdrawConsent: "candidate purpose channels",
    ProposeErasure: "candidate proposal source as_kind",
    AcceptErasureProposal: "candidate proposal",
    DeclineErasureProposal: "candidate proposal ground",
    RequestErasure: "candidate ground",
    CompleteErasure: "candidate erasers effective_by",
    SetLegalHold: "candidate matter",
    LiftLegalHold: "candidate matter",
    RestrictProcessing: "candidate ground",
    LiftRestriction: "candidate",
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
    HoldRequisition: "requisition reason",
    ResumeRequisition: "requisition",
    CloseRequisition: "requisition",
    ReopenRequisition: "requisition",
    ReopenOpening: "requisition opening need",
    SetTargetDate: "requisition target",
    AssignHiringManager: "requisition user",
    AssignRecruiter: "requisition user",
    RenameRequisition: "requisition title",
    CorrectOpeningDate: "requisition opened_at",
    FollowOutsideOffer: "offer application version step",
    MoveBack: "application stage",
    UnrejectApplication: "application reason",
    UnhireCandidate: "application requisition",
    MakeOffer: "application requisition opening",
    DeclineOffer: "application reason",
    RescindOffer: "application by",
    TakeBackDecline: "application",
    TransferApplication: "application requisition",
}
ENDS = (application.ApplicationRejected, application.ApplicationWithdrawn, application.CandidateHired)
OUT = (application.OfferMade, application.OfferDeclineTakenBack)
ANSWERS = (application.OfferAccepted, application.OfferDeclined, application.OfferRescinded)
SEGMENT_EVENTS = (candidate.CandidateSourced, candidate.CandidateReferred, candidate.SegmentsCompleted)
RECORDED_LATE = (
    *ENDS, application.StageEntered, application.ApplicationMovedBack,
    application.OfferMade, application.OfferAccepted, application.OfferDeclined, application.OfferRescinded,
)  # fmt: skip
"""The events of an application that may be recorded after its end, if they are dated before it."""
CORRECTIONS = (application.ApplicationReferred, application.OfferDeclineTakenBack)
"""The events of an application that correct what is recorded of it, after its end too."""
ABOUT_GROUPS: list[type[Command]] = [
    FoundCommunity, JoinCommunity, LeaveCommunity,
    AskForReferral, MakeReferral, AcceptReferral, DeclineReferral, LinkReferral, CreditReferral, HireCandidate,
]  # fmt: skip
ABOUT_JOBS = [shape for shape in SHAPES if "candidate" not in SHAPES[shape].split() and shape not in ABOUT_GROUPS]
ABOUT_JOBS += [SubmitApplication, AddProspect, HireCandidate, AcceptOffer]
ABOUT_PEOPLE = [shape for shape in SHAPES if shape not in ABOUT_JOBS and shape not in ABOUT_GROUPS]
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
            self.ask(SourceCandidate(candidate=person, name="Nora Blum", now=self.now))
            self.ask(GiveConsent(candidate=person, purpose="talent_pool", channels=("email",), now=self.now))
            self.ask(SubmitApplication(application=theirs, candidate=person, requisition=JOB, now=self.now))
        self.ask(FoundCommunity(community=COMMUNITY, around="skill", topic="a", now=self.now))
        self.ask(MakeReferral(referral=REFERRALS[0], referrer=PEOPLE[1], candidate=PEOPLE[0], now=self.now))

    @rule(data=st.data(), shape=st.sampled_from(ABOUT_JOBS), hours_late=st.sampled_from([0, 0, 3]))
    def something_about_jobs(self, data: st.DataObject, shape: type[Command], hours_late: int) -> None:
        self.ask(self.drawn(data, shape, hours_late))

    @rule(data=st.data(), shape=st.sampled_from(ABOUT_PEOPLE), hours_late=st.sampled_from([0, 0, 3]))
    def something_about_people(self, data: st.DataObject, shape: type[Command], hours_late: int) -> None:
        self.ask(self.drawn(data, shape, hours_late))

    @rule(data=st.data(), shape=st.sampled_from(ABOUT_GROUPS), hours_late=st.sampled_from([0, 0, 3]))
    def something_about_referrals_and_communities(
        self, data: st.DataObject, shape: type[Command], hours_late: int
    ) -> None:
        self.ask(self.drawn(data, shape, hours_late))

    def drawn(self, data: st.DataObject, shape: type[Command], hours_late: int) -> Command:
        fields = {re.sub("^(address|as)_", "", name): data.draw(FIELDS[name]) for name in SHAPES[shape].split()}
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
        cited = [entry for entry in self.history.everything() if entry.id == event.consent]
        assert event.authorised == bool(cited)
        assert not (cited and self.restricted(stream, command.moment)), "a send that a restriction forbids"
        is_send = isinstance(command, RequestSend | AskForReferral)
        assert cited or not is_send, "a send without consent"
        moments = (command.moment, command.now) if is_send else (command.moment,)
        for entry in cited:
            assert isinstance(entry.event, consent.ConsentGiven)
            assert entry.stream in self.records_of(stream)
            assert entry.event.purpose == event.purpose
            assert KINDS[event.kind].channel in entry.event.channels
            assert entry.at <= command.moment
        for moment in moments if cited else ():
            assert not self.denied(stream, str(event.purpose), KINDS[event.kind].channel, moment)

    def denied(self, stream: UUID, purpose: str, channel: str, moment: datetime) -> bool:
        """Told without the gate: the last thing said of it by that moment was a no, or nothing was said."""
        answers = [
            (entry.at, 0 if isinstance(entry.event, consent.ConsentGiven) else 1)
            for record in self.records_of(stream)
            for entry in self.history.streams[record]
            if speaks_of(entry.event, purpose, channel) and entry.at <= moment
        ]
        return not answers or max(answers)[1] == 1

    def restricted(self, stream: UUID, moment: datetime) -> bool:
        """Whether the last that was said of any of the person's records by that moment was a restriction."""
        turns = (candidate.ProcessingRestricted, candidate.RestrictionLifted)
        latest: dict[UUID, tuple[datetime, int, bool]] = {}
        for entry in self.of(*turns):
            if entry.stream in self.records_of(stream) and entry.at <= moment:
                turn = entry.at, entry.version, isinstance(entry.event, candidate.ProcessingRestricted)
                latest[entry.stream] = max(latest.get(entry.stream, turn), turn)
        return any(restricted for *_, restricted in latest.values())

    def records_of(self, stream: UUID) -> set[UUID]:
        """The records that are one person with this one."""
        links: set[frozenset[UUID]] = set()
        for entry in self.of(candidate.CandidatesMerged, candidate.CandidatesUnmerged):
            link = frozenset((entry.event.survivor, entry.event.absorbed))
            (links.add if isinstance(entry.event, candidate.CandidatesMerged) else links.discard)(link)
        records = {stream}
        while grown := [link for link in links if link & records and not link <= records]:
            records = records.union(*grown)
        return records

    @invariant()
    def a_record_is_merged_into_one_other_at_most(self) -> None:
        into: dict[UUID, UUID | None] = {}
        for entry in self.of(candidate.CandidatesMerged, candidate.CandidatesUnmerged):
            if entry.stream == entry.event.absorbed:
                merged = isinstance(entry.event, candidate.CandidatesMerged)
                assert (into.get(entry.stream) is None) == merged
                into[entry.stream] = entry.event.survivor if merged else None
        for record in into:
            above: UUID | None = record
            for _ in PEOPLE:
                above = into.get(above) if above is not None else None
            assert above is None, "merged in a circle"

    @invariant()
    def an_opening_opens_once_and_is_open_or_ended_in_turns(self) -> None:
        seats: dict[tuple[UUID, UUID], list[type[Event]]] = {}
        for entry in self.of(*requisition.OPENINGS):
            seats.setdefault(key(entry), []).append(type(entry.event))
        for first, *turns in seats.values():
            assert first is requisition.OpeningOpened
            assert all(turn in (requisition.OpeningFilled, requisition.OpeningCancelled) for turn in turns[::2])
            assert all(turn is requisition.OpeningReopened for turn in turns[1::2])

    @invariant()
    def a_filled_opening_is_a_hire(self) -> None:
        hires = Counter((hire.stream, hire.event.opening) for hire in self.of(application.CandidateHired))
        fills = Counter((fill.event.application, fill.event.opening) for fill in self.of(requisition.OpeningFilled))
        assert fills == Counter({hire: n for hire, n in hires.items() if hire[1] is not None})

    @invariant()
    def a_seat_that_a_hire_takes_is_the_one_of_who_stands_hired(self) -> None:
        undone = Counter((unhire.stream, unhire.event.opening) for unhire in self.of(application.CandidateUnhired))
        given_back = [
            reopening.event
            for reopening in self.of(requisition.OpeningReopened)
            if reopening.event.application is not None
        ]
        assert all(event.need == "same" for event in given_back)
        assert Counter((event.application, event.opening) for event in given_back) <= undone

    @invariant()
    def nothing_happens_to_an_application_after_an_end_that_stands(self) -> None:
        for stream in self.history.streams.values():
            ends: list[Recorded[Event]] = []
            for entry in stream:
                if isinstance(entry.event, tuple(application.UNDOES)):
                    kind = application.UNDOES[type(entry.event)]
                    undone = [end for end in ends if isinstance(end.event, kind) and end.at <= entry.at]
                    ends.remove(undone[-1])
                elif not isinstance(entry.event, CORRECTIONS):
                    assert not ends or isinstance(entry.event, RECORDED_LATE)
                    assert all(entry.at < end.at for end in ends)
                    ends += [entry] if isinstance(entry.event, ENDS) else []

    @invariant()
    def one_offer_is_out_at_a_time(self) -> None:
        allowed: dict[type[Event], tuple[type[Event] | None, ...]] = {
            application.OfferMade: (None, application.OfferDeclined, application.OfferRescinded),
            application.OfferAccepted: (None, *OUT),
            application.OfferDeclined: OUT,
            application.OfferDeclineTakenBack: (application.OfferDeclined,),
            application.OfferRescinded: (*OUT, application.OfferAccepted),
            application.ApplicationTransferred: (None, application.OfferDeclined, application.OfferRescinded),
        }
        for stream in self.history.streams.values():
            last: type[Event] | None = None
            unmade: datetime | None = None
            declined = beside = 0
            for entry in [entry for entry in stream if type(entry.event) in allowed]:
                turn = type(entry.event)
                declined += (turn is application.OfferDeclined) - (turn is application.OfferDeclineTakenBack)
                assert declined >= 0
                if turn is application.OfferDeclineTakenBack and last not in allowed[turn]:
                    beside += 1  # it is out again beside what became of a newer offer
                    continue
                if turn in ANSWERS and last not in allowed[turn] and beside:
                    beside -= 1
                    continue
                if turn is application.OfferMade and unmade is not None and entry.at <= unmade:
                    unmade = None  # the offer of an acceptance that was recorded first
                    continue
                assert last in allowed[turn]
                if turn is application.OfferAccepted and last not in OUT:
                    unmade = entry.at
                elif turn is not application.ApplicationTransferred:
                    unmade = None
                last = last if turn is application.ApplicationTransferred else turn

    @invariant()
    def a_candidate_enters_once(self) -> None:
        entered = Counter(entry.stream for entry in self.of(candidate.CandidateSourced, candidate.CandidateReferred))
        assert all(count == 1 for count in entered.values())

    @invariant()
    def a_segment_becomes_known_once_and_stays(self) -> None:
        for stream in self.history.streams.values():
            entries = [entry.event for entry in stream if isinstance(entry.event, SEGMENT_EVENTS)]
            for name in ("source", "role", "location"):
                assert len([event for event in entries if getattr(event, name) != "unknown"]) <= 1

    @invariant()
    def nothing_more_is_recorded_about_an_erased_person(self) -> None:
        for stream in self.history.streams.values():
            after = [type(entry.event) for entry in stream]
            if candidate.ErasureRequested in after:
                del after[: after.index(candidate.ErasureRequested) + 1]
                while after and after[0] is consent.ConsentWithdrawn:
                    del after[0]
                assert after in ([], [candidate.CandidateErased])

    @invariant()
    def a_proposal_is_decided_once_and_accepted_with_the_request(self) -> None:
        for stream in self.history.streams.values():
            proposals = [entry.event for entry in stream if isinstance(entry.event, erasure_proposal.EVENTS)]
            decided = [event.proposal for event in proposals if not isinstance(event, erasure_proposal.ErasureProposed)]  # type: ignore[attr-defined]  # every event of a proposal names it
            assert len(decided) == len(set(decided))
            shapes = [type(entry.event) for entry in stream]
            if erasure_proposal.ErasureProposalAccepted in shapes:
                after = shapes[shapes.index(erasure_proposal.ErasureProposalAccepted) + 1]
                assert after is candidate.ErasureRequested

    @invariant()
    def all_records_of_a_person_are_erased_or_none(self) -> None:
        for shape in (candidate.ErasureRequested, candidate.CandidateErased):
            erased = {entry.stream for entry in self.of(shape)}
            assert all(self.records_of(stream) <= erased for stream in erased)

    @invariant()
    def whatever_is_held_is_not_erased(self) -> None:
        for requested in self.of(candidate.ErasureRequested):
            held = Counter[str]()
            for entry in self.history.streams[requested.stream]:
                held[getattr(entry.event, "matter", "")] += isinstance(entry.event, candidate.LegalHoldSet)
                held[getattr(entry.event, "matter", "")] -= isinstance(entry.event, candidate.LegalHoldLifted)
            assert not +held

    @invariant()
    def a_retraction_takes_back_what_the_source_had_told(self) -> None:
        for stream in self.history.streams.values():
            for number, entry in enumerate(stream):
                if isinstance(entry.event, candidate.ProfileFactRetracted):
                    assert self.last_statement(stream[:number], entry) == candidate.ProfileFactLearned

    def last_statement(self, before: list[Recorded[Event]], retraction: Recorded[Any]) -> type[Event]:
        """What the source had last said of this value by the time of the event."""
        statements: list[Recorded[Any]] = [entry for entry in before if isinstance(entry.event, candidate.FACTS)]
        of_it = [
            (statement.at, statement.version, type(statement.event))
            for statement in statements
            if (statement.event.fact, statement.event.learned_from, statement.event.value)
            == (retraction.event.fact, retraction.event.learned_from, retraction.event.value)
        ]
        return max(of for of in of_it if of[0] <= retraction.at)[2]

    @invariant()
    def a_community_is_joined_from_outside_and_left_from_within(self) -> None:
        for stream in self.history.streams.values():
            moves = [entry for entry in stream if isinstance(entry.event, candidate.MEMBERSHIPS)]
            for number, move in enumerate(moves):
                before = [(m.at, m.version, type(m.event)) for m in moves[:number] if m.at <= move.at]
                was = max(before)[2] if before else candidate.CommunityLeft
                assert was is not type(move.event)

    @invariant()
    def a_referral_is_made_once_and_credited_once_with_a_hire(self) -> None:
        made = {entry.stream: entry for entry in self.of(referral.ReferralMade)}
        assert len(made) == len(self.of(referral.ReferralMade))
        credited = self.of(referral.ReferralCredited)
        assert len(credited) == len({credit.stream for credit in credited})
        for credit in credited:
            hires = {(hire.stream, hire.at) for hire in self.of(application.CandidateHired)}
            assert (credit.event.application, credit.event.hired_at) in hires
            assert timedelta() <= credit.event.hired_at - made[credit.stream].at <= timedelta(days=365)
            assert credit.event.candidate == made[credit.stream].event.candidate != credit.event.referrer

    @invariant()
    def an_application_takes_one_referral_and_both_say_so(self) -> None:
        took = [(entry.stream, entry.event.referral) for entry in self.of(application.ApplicationReferred)]
        became = [(entry.event.application, entry.stream) for entry in self.of(referral.ReferralTurnedIntoApplication)]
        assert len({stream for stream, _ in took}) == len(took)
        assert sorted(took) == sorted(became)

    @invariant()
    def no_touchpoint_that_follows_from_something_has_the_id_of_another(self) -> None:
        kinds = ("referral-asked", "referral-made", "referral-accepted", "community-joined")
        ids = [entry.event.touchpoint for entry in self.of(touchpoint.TouchpointRecorded) if entry.event.kind in kinds]
        assert len(ids) == len(set(ids))

    @invariant()
    def a_correction_takes_back_what_was_believed(self) -> None:
        for stream in self.history.streams.values():
            believed: dict[UUID, tuple[Any, ...] | None] = {}
            for entry in stream:
                match entry.event:
                    case touchpoint.TouchpointRecorded() as event:
                        believed[event.touchpoint] = (event.kind, entry.at, event.message, event.machine)
                    case touchpoint.TouchpointCorrected() as event:
                        was = (event.was_kind, event.was_at, event.was_message, event.was_machine)
                        assert believed[event.touchpoint] == was
                        now = (event.kind, event.at, event.message, event.machine)
                        believed[event.touchpoint] = now if event.kind else None

    def of(self, *shapes: type[Event]) -> list[Recorded[Any]]:
        return [entry for entry in self.history.everything() if isinstance(entry.event, shapes)]


def speaks_of(event: Event, purpose: str, channel: str) -> bool:
    answers = (consent.ConsentGiven, consent.ConsentRefused, consent.ConsentWithdrawn)
    if not isinstance(event, answers) or event.purpose != purpose:
        return False
    return channel in event.channels or (isinstance(event, consent.ConsentWithdrawn) and event.entirely)


def key(entry: Recorded[Any]) -> tuple[UUID, UUID]:
    return entry.stream, entry.event.opening


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=200, stateful_step_count=50)
