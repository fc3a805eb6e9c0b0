"""A touchpoint was recorded wrongly: it never happened, or it was something else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from commands.addresses import LOAD, WithAddresses, shut_out
from commands.verb import Events, Help, Load, Verb, require_past
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.codes import Code
from domain.consent import withdrawals_on
from domain.event import Event
from domain.suppression import Suppressions
from domain.touchpoint import (
    Touchpoint,
    TouchpointCorrected,
    TouchpointDoesNotExist,
    TouchpointRecorded,
    TouchpointWasRetracted,
    believed,
)
from domain.touchpoint_kinds import TouchpointKindIsUnknown, kind_named, takes_back


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectTouchpoint(WithAddresses):
    """Correct a touchpoint. The new values replace all of its values. It may be corrected again.

    Corrected into an unsubscribe or a complaint, it withdraws consent and suppresses addresses as that would. Corrected
    out of one, it restores nothing: only the candidate can.
    """

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    touchpoint: Annotated[UUID, Help("The touchpoint to correct.")]
    kind: Annotated[Code | None, Help("The right kind. Default: it never happened.")] = None
    at: Annotated[datetime | None, Help("The right time. Default: as recorded.")] = None
    message: Annotated[UUID | None, Help("The message of the touchpoint.")] = None
    machine: Annotated[bool, Help("Software did it.")] = False
    reason: Annotated[str | None, Help("Why the record was wrong. Free text; personal, sealed.")] = None

    @property
    def takes_precedence(self) -> bool:
        return takes_back(self.kind)

    def answering(self) -> tuple[UUID, ...]:
        return (self.candidate,) if takes_back(self.kind) else ()


def decide(candidate: Candidate, suppressions: Suppressions, command: CorrectTouchpoint) -> Events:
    """Raises CandidateDoesNotExist, TouchpointDoesNotExist, TouchpointWasRetracted, TouchpointKindIsUnknown."""
    candidate.require_known()
    was, was_kind = believed(candidate.touchpoints, command.touchpoint)
    now = as_corrected(was, command)
    if now == was:
        return {}
    corrected = TouchpointCorrected(
        touchpoint=was.id,
        was_kind=was_kind,
        was_at=was.at,
        was_message=was.message,
        was_machine=was.machine,
        kind=now.kind,
        at=None if now.kind is None else now.at,
        message=now.message,
        machine=now.machine,
        reason=command.reason,
    )
    taken_back = withdrawn_by(candidate, was, now, command.occurred_at or candidate.latest(command.now))
    answers: Events = dict.fromkeys(candidate.all_records(), taken_back)
    kept_out = shut_out(candidate, suppressions, taken_back, command) if taken_back else {}
    return {**answers, command.candidate: [corrected, *taken_back], **kept_out}


def as_corrected(was: Touchpoint, command: CorrectTouchpoint) -> Touchpoint:
    """Return the touchpoint as the command states it. Raises TouchpointKindIsUnknown or TimeIsInTheFuture."""
    if command.kind is None:
        return Touchpoint(was.id, None, was.at, None, False)
    kind_named(command.kind)
    if command.at is not None:
        require_past(command.at, command.now, "at")
    return Touchpoint(was.id, command.kind, command.at or was.at, command.message, command.machine)


def withdrawn_by(candidate: Candidate, was: Touchpoint, now: Touchpoint, moment: datetime) -> list[Event]:
    """Return the withdrawals, from `moment` on, by a touchpoint that is corrected to a kind that is a no."""
    if now.kind is None or now.kind == was.kind or not takes_back(now.kind):
        return []
    return [*withdrawals_on(candidate.consents, kind_named(now.kind).channel, None, moment, was.id, now.kind)]


READS = (*ENTRIES, *ANSWERS, TouchpointRecorded, TouchpointCorrected)
VERB = Verb(
    CorrectTouchpoint,
    (Load("candidate", CANDIDATE, READS), LOAD),
    decide,
    writes=TouchpointCorrected,
    raises=(CandidateDoesNotExist, TouchpointDoesNotExist, TouchpointKindIsUnknown, TouchpointWasRetracted),
)
