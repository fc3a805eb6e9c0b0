"""A job gets a day by which it is to be filled, or loses it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened, TargetDateSet


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTargetDate(Command):
    """Set the day by which a requisition is to be filled. Setting the same day again changes nothing."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    target: Annotated[date | None, Help("The target day; null: none.")]


def decide(requisition: Requisition, command: SetTargetDate) -> Events:
    """Raises RequisitionDoesNotExist."""
    requisition.require_known()
    if requisition.target.at(command.moment) == command.target:
        return {}
    return {command.requisition: [TargetDateSet(command.target)]}


VERB = Verb(
    SetTargetDate,
    (Load("requisition", REQUISITION, (RequisitionOpened, TargetDateSet)),),
    decide,
    writes=TargetDateSet,
    raises=(RequisitionDoesNotExist,),
)
