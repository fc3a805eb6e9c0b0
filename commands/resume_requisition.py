"""Work on a job that was on hold goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
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
    """Resume a requisition that is on hold."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None


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
