"""A job gets another name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened, RequisitionRenamed


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameRequisition(Command):
    """Rename a requisition. Its current title changes nothing. Its role, a segment, never changes."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    title: Annotated[str, Help("The new title; sealed.")]


def decide(requisition: Requisition, command: RenameRequisition) -> Events:
    """Raises RequisitionDoesNotExist."""
    requisition.require_known()
    if requisition.title.at(command.moment) == command.title:
        return {}
    return {command.requisition: [RequisitionRenamed(command.title)]}


READS = (RequisitionOpened, RequisitionRenamed)
VERB = Verb(
    RenameRequisition,
    (Load("requisition", REQUISITION, READS),),
    decide,
    writes=RequisitionRenamed,
    raises=(RequisitionDoesNotExist,),
)
