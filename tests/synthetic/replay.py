"""A log that somebody claims was made by asking Perennial: every event is decided again and compared."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from commands import (
    accept_offer,
    add_prospect,
    cancel_opening,
    correct_touchpoint,
    enter_stage,
    give_consent,
    hire_candidate,
    learn_profile_fact,
    open_opening,
    open_requisition,
    record_touchpoint,
    refer_candidate,
    refuse_consent,
    reject_application,
    source_candidate,
    submit_application,
    withdraw_application,
    withdraw_consent,
)
from commands.verb import Load, Verb
from domain import application, candidate, consent, requisition, touchpoint
from domain.event import Event, Recorded

ASKED_BY: dict[type[Event], Verb] = {
    candidate.CandidateSourced: source_candidate.VERB,
    candidate.CandidateReferred: refer_candidate.VERB,
    candidate.ProfileFactLearned: learn_profile_fact.VERB,
    consent.ConsentGiven: give_consent.VERB,
    consent.ConsentRefused: refuse_consent.VERB,
    consent.ConsentWithdrawn: withdraw_consent.VERB,
    touchpoint.TouchpointRecorded: record_touchpoint.VERB,
    touchpoint.TouchpointCorrected: correct_touchpoint.VERB,
    requisition.RequisitionOpened: open_requisition.VERB,
    requisition.OpeningOpened: open_opening.VERB,
    requisition.OpeningCancelled: cancel_opening.VERB,
    application.ApplicationSubmitted: submit_application.VERB,
    application.ProspectAdded: add_prospect.VERB,
    application.StageEntered: enter_stage.VERB,
    application.ApplicationRejected: reject_application.VERB,
    application.ApplicationWithdrawn: withdraw_application.VERB,
    application.OfferAccepted: accept_offer.VERB,
    application.CandidateHired: hire_candidate.VERB,
}


@dataclass(slots=True)
class Replay:
    """The states of all streams so far, and what the last decisions have yet to write."""

    states: dict[tuple[str, UUID], Any] = field(default_factory=dict)
    owed: dict[UUID, list[Event]] = field(default_factory=lambda: defaultdict(list))

    def follow(self, row: Recorded[Event]) -> None:
        """Decides the event, unless the decision before wrote it too, and applies it to its stream."""
        if not self.owed[row.stream]:
            for stream, events in self.decided(row).items():
                self.owed[stream].extend(events)
        assert self.owed[row.stream], f"nothing is decided where the log has {row}"
        assert self.owed[row.stream].pop(0) == row.event
        verb = ASKED_BY.get(type(row.event))
        aggregate = verb.loads[0].aggregate if verb else requisition.REQUISITION
        key = (aggregate.name, row.stream)
        self.states[key] = aggregate.evolve(self.states.get(key, aggregate.initial), row)

    def decided(self, row: Recorded[Event]) -> dict[UUID, list[Event]]:
        """What the verb decides when asked for this event."""
        verb = ASKED_BY[type(row.event)]
        known = {name.name for name in fields(verb.command)}
        said = {name.name: getattr(row.event, name.name) for name in fields(row.event)}  # type: ignore[arg-type]
        asked = {name: value for name, value in said.items() if name in known}
        asked |= {verb.loads[0].field: row.stream, "now": row.recorded_at, "occurred_at": row.occurred_at}
        command = verb.command(**asked)
        return verb.decide(*(self.state(load, getattr(command, load.field)) for load in verb.loads), command)

    def state(self, load: Load, stream: UUID | None) -> Any:
        if stream is None:
            return None
        return self.states.get((load.aggregate.name, stream), load.aggregate.initial)
