"""A requisition gets another recruiter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.requisition import REQUISITION, RecruiterAssigned, Requisition, RequisitionDoesNotExist, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignRecruiter(Command):
    """Assign the recruiter of a requisition. Assigning the same again changes nothing."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    user: Annotated[str | None, Help("The user's name in the organisation, sealed; null: the assignment ends.")]


def decide(requisition: Requisition, command: AssignRecruiter) -> Events:
    """Raises RequisitionDoesNotExist."""
    requisition.require_known()
    if requisition.recruiter.at(command.moment) == command.user:
        return {}
    return {command.requisition: [RecruiterAssigned(command.user)]}


READS = (RequisitionOpened, RecruiterAssigned)
VERB = Verb(
    AssignRecruiter,
    (Load("requisition", REQUISITION, READS),),
    decide,
    writes=RecruiterAssigned,
    raises=(RequisitionDoesNotExist,),
)
