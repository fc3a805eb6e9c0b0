"""Work on a job that was on hold goes on."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.requisition import (
    HOLDS,
    REQUISITION,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionIsNotHeld,
    RequisitionOpened,
    RequisitionResumed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequisition(Command):
    """Resume a requisition that is on hold.

    requisition: the requisition's stream. note: free text, personal, sealed.
    """

    requisition: UUID
    note: str | None = None


def decide(requisition: Requisition, command: ResumeRequisition) -> Events:
    """Raises RequisitionDoesNotExist or RequisitionIsNotHeld."""
    requisition.require_known()
    requisition.require_held(command.moment)
    return {command.requisition: [RequisitionResumed(command.note)]}


VERB = Verb(
    ResumeRequisition,
    (Load("requisition", REQUISITION, (RequisitionOpened, *HOLDS)),),
    decide,
    writes=RequisitionResumed,
    raises=(RequisitionDoesNotExist, RequisitionIsNotHeld),
)
