"""A requisition gets one more seat to fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.requisition import (
    OPENINGS,
    REQUISITION,
    OpeningExistsAlready,
    OpeningOpened,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionOpened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOpening(Command):
    """Open an opening."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    opening: Annotated[UUID, Help("The new opening's id.")]
    outside_id: Annotated[
        str | None, Help("The opening's id in the system that the requisition came from; sealed.")
    ] = None


def decide(requisition: Requisition, command: OpenOpening) -> Events:
    """Raises RequisitionDoesNotExist or OpeningExistsAlready."""
    requisition.require_known()
    requisition.require_new_opening(command.opening)
    return {command.requisition: [OpeningOpened(command.opening, command.outside_id)]}


VERB = Verb(
    OpenOpening,
    (Load("requisition", REQUISITION, (RequisitionOpened, *OPENINGS)),),
    decide,
    writes=OpeningOpened,
    raises=(OpeningExistsAlready, RequisitionDoesNotExist),
)
