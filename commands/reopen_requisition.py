"""A job that was closed is open again, with the openings that were given up with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.requisition import (
    CLOSINGS,
    REQUISITION,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionOpened,
    RequisitionReopened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenRequisition(Command):
    """Reopen a requisition. Reopening an open one changes nothing. An opening that was cancelled separately stays
    cancelled.
    """

    requisition: Annotated[UUID, Help("The requisition's stream.")]


def decide(requisition: Requisition, command: ReopenRequisition) -> Events:
    """Raises RequisitionDoesNotExist."""
    requisition.require_known()
    if not requisition.closings.at(command.moment):
        return {}
    return {command.requisition: [RequisitionReopened()]}


VERB = Verb(
    ReopenRequisition,
    (Load("requisition", REQUISITION, (RequisitionOpened, *CLOSINGS)),),
    decide,
    writes=RequisitionReopened,
    raises=(RequisitionDoesNotExist,),
)
