"""A candidate is hired, and the opening they were hired into is filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Help, Load, Verb
from domain.application import (
    APPLICATION,
    OFFERS,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationHasEnded,
    ApplicationIsForAnotherRequisition,
    CandidateHired,
    OpeningNeedsItsRequisition,
)
from domain.requisition import (
    OPENINGS,
    REQUISITION,
    OpeningDoesNotExist,
    OpeningFilled,
    OpeningWasCancelled,
    OpeningWasFilled,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionOpened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HireCandidate(Command):
    """Hire the candidate of an application, which ends it and fills the opening that is named.
    A hire made before an end may be recorded after it.
    """

    application: Annotated[UUID, Help("The application's stream.")]
    requisition: Annotated[UUID | None, Help("The requisition of the hire. Default: as the application says.")] = None
    opening: Annotated[
        UUID | None, Help("An open opening of that requisition, which must then be named too. Default: none is filled.")
    ] = None
    in_any_order: Annotated[bool, Help("Events may arrive in any order, and dates do not refuse the command.")] = field(
        default=False, metadata=HIDDEN
    )
    accepted_at: Annotated[datetime | None, Help("When the offer was accepted. Default: as the application says.")] = (
        field(default=None, metadata=HIDDEN)
    )
    although_taken: Annotated[bool, Help("Another system's hire; what freed the opening may be recorded later.")] = (
        field(default=False, metadata=HIDDEN)
    )


def decide(application: Application, requisition: Requisition | None, command: HireCandidate) -> Events:
    """Raises ApplicationHasEnded, OpeningNeedsItsRequisition, OpeningWasFilled and similar rules."""
    candidate = application.require_live(command.moment, in_any_order=command.in_any_order)
    if requisition is None or command.requisition is None:
        if command.opening is not None:
            raise OpeningNeedsItsRequisition(opening=command.opening)
        return {command.application: [CandidateHired(candidate, application.requisition, None)]}
    application.require_requisition(command.requisition)
    requisition.require_known()
    hired: Events = {command.application: [CandidateHired(candidate, command.requisition, command.opening)]}
    if command.opening is None:
        return hired
    if command.although_taken:
        requisition.require_opening(command.opening)
    else:
        requisition.require_open(command.opening)
    accepted_at = command.accepted_at or application.accepted_for(command.opening) or command.moment
    filled = OpeningFilled(command.opening, command.application, candidate, accepted_at)
    return {**hired, command.requisition: [filled]}


VERB = Verb(
    HireCandidate,
    (
        Load("application", APPLICATION, (*STANDING, *OFFERS)),
        Load("requisition", REQUISITION, (RequisitionOpened, *OPENINGS)),
    ),
    decide,
    writes=CandidateHired,
    raises=(
        ApplicationDoesNotExist,
        ApplicationHasEnded,
        ApplicationIsForAnotherRequisition,
        OpeningDoesNotExist,
        OpeningNeedsItsRequisition,
        OpeningWasCancelled,
        OpeningWasFilled,
        RequisitionDoesNotExist,
    ),
)
