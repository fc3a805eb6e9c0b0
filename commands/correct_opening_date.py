"""A job was opened on another day than recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from commands.verb import Command, Events, Load, Verb, require_past
from domain.requisition import (
    REQUISITION,
    Requisition,
    RequisitionDateCorrected,
    RequisitionDoesNotExist,
    RequisitionOpened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectOpeningDate(Command):
    """Say when the job was opened; the date that is known is no news. Its openings keep the times they were opened at.

    requisition: the requisition's stream. opened_at: when it was opened.
    """

    requisition: UUID
    opened_at: datetime


def decide(requisition: Requisition, command: CorrectOpeningDate) -> Events:
    """Raises RequisitionDoesNotExist or TimeIsInTheFuture."""
    require_past(command.opened_at, command.now, "opened_at")
    requisition.require_known()
    if requisition.opened.at(command.moment) == command.opened_at:
        return {}
    return {command.requisition: [RequisitionDateCorrected(command.opened_at)]}


READS = (RequisitionOpened, RequisitionDateCorrected)
VERB = Verb(
    CorrectOpeningDate,
    (Load("requisition", REQUISITION, READS),),
    decide,
    writes=RequisitionDateCorrected,
    raises=(RequisitionDoesNotExist,),
)
