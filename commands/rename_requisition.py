"""A job gets another name."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened, RequisitionRenamed


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameRequisition(Command):
    """Rename a requisition. Its current title changes nothing. Its role, a segment, never changes.

    requisition: the requisition's stream. title: the new title, free text, sealed.
    """

    requisition: UUID
    title: str


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
