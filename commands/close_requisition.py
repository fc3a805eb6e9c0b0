"""A job is closed, and its openings that no hire fills are given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.requisition import (
    CLOSINGS,
    REQUISITION,
    Requisition,
    RequisitionClosed,
    RequisitionDoesNotExist,
    RequisitionOpened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRequisition(Command):
    """Close a requisition. Closing it again changes nothing. A hire can still fill one of its openings."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]


def decide(requisition: Requisition, command: CloseRequisition) -> Events:
    """Raises RequisitionDoesNotExist."""
    requisition.require_known()
    if requisition.closings.at(command.moment):
        return {}
    return {command.requisition: [RequisitionClosed()]}


VERB = Verb(
    CloseRequisition,
    (Load("requisition", REQUISITION, (RequisitionOpened, *CLOSINGS)),),
    decide,
    writes=RequisitionClosed,
    raises=(RequisitionDoesNotExist,),
)
