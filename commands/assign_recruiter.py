"""A requisition gets another recruiter."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.requisition import REQUISITION, RecruiterAssigned, Requisition, RequisitionDoesNotExist, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignRecruiter(Command):
    """Assign the recruiter of a requisition. Assigning the same again changes nothing.

    requisition: the requisition's stream. user: the organisation's name for the user, sealed; null: no one.
    """

    requisition: UUID
    user: str | None


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
