"""A log that is claimed to be made by Perennial's commands: every event is decided again and compared."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields, replace
from typing import Any
from uuid import UUID

from commands import (
    accept_offer,
    accept_referral,
    add_prospect,
    ask_for_referral,
    assign_hiring_manager,
    assign_recruiter,
    cancel_opening,
    correct_touchpoint,
    credit_referral,
    decline_offer,
    decline_referral,
    enter_stage,
    found_community,
    give_consent,
    hire_candidate,
    hold_requisition,
    join_community,
    learn_profile_fact,
    leave_community,
    link_referral,
    make_offer,
    make_referral,
    merge_candidates,
    move_back,
    open_opening,
    open_requisition,
    record_touchpoint,
    refer_candidate,
    refuse_consent,
    reject_application,
    reopen_opening,
    rescind_offer,
    resume_requisition,
    set_target_date,
    source_candidate,
    submit_application,
    transfer_application,
    unhire_candidate,
    unmerge_candidates,
    unreject_application,
    withdraw_application,
    withdraw_consent,
)
from commands.verb import Load, Verb
from domain import application, candidate, consent, referral, requisition, talent_community, touchpoint
from domain.event import Aggregate, Event, Recorded
from domain.purposes import CONSENT_CHANNELS

ASKED_BY: dict[type[Event], Verb] = {
    candidate.CandidateSourced: source_candidate.VERB,
    candidate.CandidateReferred: refer_candidate.VERB,
    candidate.ProfileFactLearned: learn_profile_fact.VERB,
    candidate.CandidatesMerged: merge_candidates.VERB,
    candidate.CandidatesUnmerged: unmerge_candidates.VERB,
    candidate.CommunityJoined: join_community.VERB,
    candidate.CommunityLeft: leave_community.VERB,
    consent.ConsentGiven: give_consent.VERB,
    consent.ConsentRefused: refuse_consent.VERB,
    consent.ConsentWithdrawn: withdraw_consent.VERB,
    touchpoint.TouchpointRecorded: record_touchpoint.VERB,
    touchpoint.TouchpointCorrected: correct_touchpoint.VERB,
    requisition.RequisitionOpened: open_requisition.VERB,
    requisition.RequisitionHeld: hold_requisition.VERB,
    requisition.RequisitionResumed: resume_requisition.VERB,
    requisition.TargetDateSet: set_target_date.VERB,
    requisition.HiringManagerAssigned: assign_hiring_manager.VERB,
    requisition.RecruiterAssigned: assign_recruiter.VERB,
    requisition.OpeningOpened: open_opening.VERB,
    requisition.OpeningCancelled: cancel_opening.VERB,
    requisition.OpeningReopened: reopen_opening.VERB,
    application.ApplicationSubmitted: submit_application.VERB,
    application.ProspectAdded: add_prospect.VERB,
    application.StageEntered: enter_stage.VERB,
    application.ApplicationMovedBack: move_back.VERB,
    application.ApplicationTransferred: transfer_application.VERB,
    application.ApplicationRejected: reject_application.VERB,
    application.ApplicationUnrejected: unreject_application.VERB,
    application.ApplicationWithdrawn: withdraw_application.VERB,
    application.OfferMade: make_offer.VERB,
    application.OfferAccepted: accept_offer.VERB,
    application.OfferDeclined: decline_offer.VERB,
    application.OfferRescinded: rescind_offer.VERB,
    application.CandidateHired: hire_candidate.VERB,
    application.CandidateUnhired: unhire_candidate.VERB,
    referral.ReferralAsked: ask_for_referral.VERB,
    referral.ReferralMade: make_referral.VERB,
    referral.ReferralAccepted: accept_referral.VERB,
    referral.ReferralDeclined: decline_referral.VERB,
    referral.ReferralTurnedIntoApplication: link_referral.VERB,
    referral.ReferralCredited: credit_referral.VERB,
    talent_community.CommunityFounded: found_community.VERB,
}
OF: dict[type[Event], Aggregate[Any]] = {
    **{event: verb.loads[0].aggregate for event, verb in ASKED_BY.items()},
    requisition.OpeningFilled: requisition.REQUISITION,
    application.ApplicationReferred: application.APPLICATION,
}
"""In whose streams the events stand; some are never asked for, and come with another."""


@dataclass(slots=True)
class Replay:
    """The states of all streams so far, and what the last decisions have yet to write."""

    states: dict[tuple[str, UUID], Any] = field(default_factory=dict)
    owed: dict[UUID, list[Event]] = field(default_factory=lambda: defaultdict(list))

    def follow(self, row: Recorded[Event]) -> None:
        """Decides the event, unless the decision before wrote it too, and applies it to its stream."""
        if not self.owed[row.stream]:
            for stream, events in self.in_the_older_form(row, self.decided(row)).items():
                self.owed[stream].extend(events)
        assert self.owed[row.stream], f"nothing is decided where the log has {row}"
        assert without_the_rest(self.owed[row.stream].pop(0)) == without_the_rest(row.event)
        aggregate = OF[type(row.event)]
        key = (aggregate.name, row.stream)
        self.states[key] = aggregate.evolve(self.states.get(key, aggregate.start(row.stream)), row)

    def in_the_older_form(self, row: Recorded[Event], decided: dict[UUID, list[Event]]) -> dict[UUID, list[Event]]:
        """As releases wrote it before merges withheld, which is the form of a synthetic log: a merge withdrew, an
        un-merge ended nothing, and a no stood in its record and the one that speaks for it."""
        speaker = None
        if any(isinstance(event, NOES) for events in decided.values() for event in events):
            speaker = self.state(Load("candidate", candidate.CANDIDATE, ()), row.stream).speaker
        return {
            stream: withdrawn_by_merge(events)
            for stream, events in decided.items()
            if not all(isinstance(event, NOES) for event in events) or stream in (row.stream, speaker)
        }

    def decided(self, row: Recorded[Event]) -> dict[UUID, list[Event]]:
        """What the verb decides when asked for this event."""
        verb = ASKED_BY[type(row.event)]
        names = {name.name for name in fields(verb.command)}
        output = {name.name: getattr(row.event, name.name) for name in fields(row.event)}
        request = {name: value for name, value in output.items() if name in names}
        request |= {verb.loads[0].field: row.stream, "now": row.recorded_at, "occurred_at": row.occurred_at}
        match row.event:
            case candidate.CandidatesMerged(survivor=survivor) | candidate.CandidatesUnmerged(survivor=survivor):
                request["candidate"] = survivor  # the absorbed record's stream comes first
            case application.ApplicationTransferred(to=to):
                request["requisition"] = to
        command = verb.command(**request)
        return verb.decide(*(self.states_of(load, getattr(command, load.field)) for load in verb.loads), command)

    def states_of(self, load: Load, named: Any) -> Any:
        """What the verb is given for the streams that the command names: one state, or a mapping of many."""
        return {stream: self.state(load, stream) for stream in named} if load.many else self.state(load, named)

    def state(self, load: Load, stream: UUID | None) -> Any:
        if stream is None:
            return None
        return load.aggregate.joined(
            self.alone(load.aggregate, stream), lambda other: self.alone(load.aggregate, other)
        )

    def alone(self, aggregate: Aggregate[Any], stream: UUID) -> Any:
        return self.states.get((aggregate.name, stream), aggregate.start(stream))


NOES = (consent.ConsentRefused, consent.ConsentWithdrawn)


def withdrawn_by_merge(events: list[Event]) -> list[Event]:
    """The events with one withdrawal a purpose in the place of all that a merge withholds, and of its end nothing."""
    channels: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if isinstance(event, consent.ConsentWithheld):
            channels[event.purpose].update(event.channels)
    kept = [
        recorded
        for recorded in events
        if not isinstance(recorded, consent.ConsentWithheld | consent.ConsentWithholdingEnded)
    ]
    return kept + [
        consent.ConsentWithdrawn(
            purpose, tuple(channel for channel in CONSENT_CHANNELS if channel in shut), True, "merge", None, None
        )
        for purpose, shut in channels.items()
    ]


def without_the_rest(event: Event) -> Event:
    """The event without what it says of what is left, which was worked out otherwise."""
    return replace(event, entirely=False) if isinstance(event, consent.ConsentWithdrawn) else event
