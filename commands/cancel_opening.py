"""A seat is given up without a hire."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
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
    """Cancel an opening that is open.

    requisition: the requisition's stream. opening: the opening's id. reason: a code, such as 'budget'.
    """

    requisition: UUID
    opening: UUID
    reason: Code = UNKNOWN


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
