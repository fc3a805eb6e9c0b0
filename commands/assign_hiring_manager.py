"""A requisition gets another hiring manager."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.requisition import (
    REQUISITION,
    HiringManagerAssigned,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionOpened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignHiringManager(Command):
    """Assign the hiring manager of a requisition. Assigning the same again changes nothing."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    user: Annotated[str | None, Help("The user's name in the organisation, sealed; null: the assignment ends.")]


def decide(requisition: Requisition, command: AssignHiringManager) -> Events:
    """Raises RequisitionDoesNotExist."""
    requisition.require_known()
    if requisition.hiring_manager.at(command.moment) == command.user:
        return {}
    return {command.requisition: [HiringManagerAssigned(command.user)]}


VERB = Verb(
    AssignHiringManager,
    (Load("requisition", REQUISITION, (RequisitionOpened, HiringManagerAssigned)),),
    decide,
    writes=HiringManagerAssigned,
    raises=(RequisitionDoesNotExist,),
)
