"""Records a touchpoint reported by a person or a system. Reports are always recorded, even without consent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.addresses import LOAD, WithAddresses, shut_out
from commands.verb import Events, Help, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist, ProcessingIsRestricted
from domain.codes import UNKNOWN, Code
from domain.consent import ConsentIsMissing, withdrawals_on
from domain.purposes import ChannelIsUnknown, PurposeIsUnknown
from domain.suppression import Suppressions
from domain.touchpoint import OURSELVES, OwnSendIsRequested, TouchpointRecorded
from domain.touchpoint_kinds import TouchpointKindIsUnknown, kind_named, takes_back


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTouchpoint(WithAddresses):
    """Record a touchpoint. An outbound touchpoint without a consent, or during a restriction, is recorded as such. What
    Perennial itself sends is requested instead, and cannot be reported in its name.

    An unsubscribe or a complaint also withdraws consent on its channel: for its purpose or, without one, for every
    purpose. If no consent is left then, the candidate's addresses are suppressed, and only the candidate can release
    them.
    """

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    touchpoint: Annotated[UUID, Help("The new touchpoint's id.")]
    kind: Annotated[Code, Help("A kind of the catalogue.")]
    message: Annotated[
        UUID | None, Help("The message that it belongs to: opens, clicks and replies of one message share it.")
    ] = None
    machine: Annotated[bool, Help("Software did it, such as a mail scanner that opened a message.")] = False
    purpose: Annotated[Code | None, Help("The purpose. Default: the one that the catalogue names for the kind.")] = None
    reported_by: Annotated[Code, Help("The person or system that reports it.")] = UNKNOWN
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None

    @property
    def takes_precedence(self) -> bool:
        return takes_back(self.kind)

    @property
    def is_completed_by_log(self) -> bool:
        return takes_back(self.kind)

    def answering(self) -> tuple[UUID, ...]:
        return (self.candidate,) if takes_back(self.kind) else ()


def decide(candidate: Candidate, suppressions: Suppressions, command: RecordTouchpoint) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, TouchpointKindIsUnknown or OwnSendIsRequested."""
    candidate.require_known()
    kind = kind_named(command.kind)
    if kind.direction == "outbound" and command.reported_by == OURSELVES:
        raise OwnSendIsRequested
    consents, moment = candidate.consents, command.occurred_at or candidate.latest(command.now)
    purpose = command.purpose or kind.purpose
    needed = purpose if kind.direction == "outbound" else None
    allowed = None if needed is None else candidate.may(needed, kind.channel, moment)
    recorded = TouchpointRecorded(
        touchpoint=command.touchpoint,
        kind=command.kind,
        message=command.message,
        machine=command.machine,
        purpose=purpose,
        authorised=None if allowed is None else isinstance(allowed, UUID),
        consent=allowed if isinstance(allowed, UUID) else None,
        reported_by=command.reported_by,
        note=command.note,
    )
    if not kind.withdraws:
        return {command.candidate: [recorded]}
    taken_back = withdrawals_on(consents, kind.channel, purpose, moment, command.touchpoint, command.kind)
    answers: Events = {record: [*taken_back] for record in candidate.all_records()}
    kept_out = shut_out(candidate, suppressions, taken_back, command)
    return {**answers, command.candidate: [recorded, *taken_back], **kept_out}


VERB = Verb(
    RecordTouchpoint,
    (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS)), LOAD),
    decide,
    writes=TouchpointRecorded,
    raises=(
        CandidateDoesNotExist,
        ChannelIsUnknown,
        ConsentIsMissing,
        OwnSendIsRequested,
        ProcessingIsRestricted,
        PurposeIsUnknown,
        TouchpointKindIsUnknown,
    ),
)
