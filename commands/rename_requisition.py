"""A job gets another name."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened, RequisitionRenamed


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameRequisition(Command):
    """Give the job another name; the one that it has is no news. Its role stays: a segment is fixed for good.

    requisition: the requisition's stream. title: the new name; free text, sealed.
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
