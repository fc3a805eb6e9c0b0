"""A seat is given up without a hire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.codes import UNKNOWN, Code
from domain.requisition import (
    OPENINGS,
    REQUISITION,
    OpeningCancelled,
    OpeningDoesNotExist,
    OpeningWasCancelled,
    OpeningWasFilled,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionOpened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOpening(Command):
    """Cancel an opening that is open."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    opening: Annotated[UUID, Help("The opening to cancel.")]
    reason: Annotated[Code, Help("The reason, such as 'budget'.")] = UNKNOWN


def decide(requisition: Requisition, command: CancelOpening) -> Events:
    """Raises RequisitionDoesNotExist, OpeningDoesNotExist, OpeningWasFilled or OpeningWasCancelled."""
    requisition.require_known()
    requisition.require_open(command.opening)
    return {command.requisition: [OpeningCancelled(command.opening, command.reason)]}


VERB = Verb(
    CancelOpening,
    (Load("requisition", REQUISITION, (RequisitionOpened, *OPENINGS)),),
    decide,
    writes=OpeningCancelled,
    raises=(OpeningDoesNotExist, OpeningWasCancelled, OpeningWasFilled, RequisitionDoesNotExist),
)
