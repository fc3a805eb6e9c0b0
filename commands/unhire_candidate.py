"""A hire is undone, and the opening that it filled is open again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Help, Load, Verb
from domain.application import (
    APPLICATION,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationIsForAnotherRequisition,
    CandidateIsNotHired,
    CandidateUnhired,
    OpeningNeedsItsRequisition,
)
from domain.codes import UNKNOWN, Code
from domain.requisition import OPENINGS, REQUISITION, OpeningReopened, Requisition, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class UnhireCandidate(Command):
    """Undo a hire: the application goes on, and the opening that the hire filled is open again, with its time to fill
    continued.
    """

    application: Annotated[UUID, Help("The application's stream.")]
    requisition: Annotated[
        UUID | None, Help("The requisition that the hire names; required where the hire names an opening.")
    ] = None
    reason: Annotated[Code, Help("The reason, such as 'did-not-start'.")] = UNKNOWN
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None
    in_any_order: Annotated[bool, Help("Events may arrive in any order, and dates do not refuse the command.")] = field(
        default=False, metadata=HIDDEN
    )


def decide(application: Application, requisition: Requisition | None, command: UnhireCandidate) -> Events:
    """Raises CandidateIsNotHired, ApplicationDoesNotExist, OpeningNeedsItsRequisition or
    ApplicationIsForAnotherRequisition."""
    hire = application.require_hire(command.moment, in_any_order=command.in_any_order)
    if command.requisition is None and hire.opening is not None:
        raise OpeningNeedsItsRequisition(opening=hire.opening)
    if command.requisition not in (None, hire.requisition):
        raise ApplicationIsForAnotherRequisition(application=command.application, requisition=command.requisition)
    undone = CandidateUnhired(hire.candidate, hire.requisition, hire.opening, command.reason, command.note)
    events: Events = {command.application: [undone]}
    if command.requisition is None or requisition is None or hire.opening is None:
        return events
    # Where the seat was opened for a new need since, it is not this hire's any more.
    end = requisition.end_by(
        hire.opening, command.moment, undone=command.application, in_any_order=command.in_any_order
    )
    if end is not None and end.application == command.application:
        events[command.requisition] = [OpeningReopened(hire.opening, "same", command.application, None)]
    return events


VERB = Verb(
    UnhireCandidate,
    (
        Load("application", APPLICATION, STANDING),
        Load("requisition", REQUISITION, (RequisitionOpened, *OPENINGS)),
    ),
    decide,
    writes=CandidateUnhired,
    raises=(
        ApplicationDoesNotExist,
        ApplicationIsForAnotherRequisition,
        CandidateIsNotHired,
        OpeningNeedsItsRequisition,
    ),
)
