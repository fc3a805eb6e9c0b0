"""A job that was closed is open again, with the openings that were given up with it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
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

    requisition: the requisition's stream.
    """

    requisition: UUID


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
