"""Work on a job pauses."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.codes import UNKNOWN, Code
from domain.requisition import (
    HOLDS,
    REQUISITION,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionHeld,
    RequisitionIsHeld,
    RequisitionOpened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequisition(Command):
    """Put a requisition on hold until it is resumed. A hold that is over may be recorded later.

    requisition: the requisition's stream. reason: a code, such as 'budget'. note: free text, personal, sealed.
    """

    requisition: UUID
    reason: Code = UNKNOWN
    note: str | None = None


def decide(requisition: Requisition, command: HoldRequisition) -> Events:
    """Raises RequisitionDoesNotExist or RequisitionIsHeld."""
    requisition.require_known()
    requisition.require_running(command.moment)
    return {command.requisition: [RequisitionHeld(command.reason, command.note)]}


VERB = Verb(
    HoldRequisition,
    (Load("requisition", REQUISITION, (RequisitionOpened, *HOLDS)),),
    decide,
    writes=RequisitionHeld,
    raises=(RequisitionDoesNotExist, RequisitionIsHeld),
)
