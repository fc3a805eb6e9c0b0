"""A job was opened on another day than recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Help, Load, Verb, require_past
from domain.requisition import (
    OPENINGS,
    REQUISITION,
    OpeningDateCorrected,
    Requisition,
    RequisitionDateCorrected,
    RequisitionDoesNotExist,
    RequisitionOpened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectOpeningDate(Command):
    """Correct the opening date of a requisition. Its current date changes nothing. Openings with a time of their own
    keep it; openings of another system without one were opened with the requisition.
    """

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    opened_at: Annotated[datetime, Help("When the requisition was opened.")]
    opening: Annotated[UUID | None, Help("Another system states it of this opening alone.")] = field(
        default=None, metadata=HIDDEN
    )


def decide(requisition: Requisition, command: CorrectOpeningDate) -> Events:
    """Raises RequisitionDoesNotExist or TimeIsInTheFuture."""
    require_past(command.opened_at, command.now, "opened_at")
    requisition.require_known()
    if command.opening is not None:
        return of_opening(requisition, command, command.opening)
    if requisition.opened.at(command.moment) == command.opened_at:
        return {}
    return {command.requisition: [RequisitionDateCorrected(command.opened_at)]}


def of_opening(requisition: Requisition, command: CorrectOpeningDate, opening: UUID) -> Events:
    """Return what is news of the opening; of one that is not known nothing is."""
    dates = requisition.seat_dates.get(opening)
    if dates is None or dates.own_at(command.moment) == command.opened_at:
        return {}
    return {command.requisition: [OpeningDateCorrected(opening, command.opened_at)]}


VERB = Verb(
    CorrectOpeningDate,
    (Load("requisition", REQUISITION, (RequisitionOpened, RequisitionDateCorrected, *OPENINGS)),),
    decide,
    writes=RequisitionDateCorrected,
    raises=(RequisitionDoesNotExist,),
)
