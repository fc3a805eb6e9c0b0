"""Work on a job pauses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
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
    """Put a requisition on hold until it is resumed. A hold that is over may be recorded later."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    reason: Annotated[Code, Help("The reason, such as 'budget'.")] = UNKNOWN
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None


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
