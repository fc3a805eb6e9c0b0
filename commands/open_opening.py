"""A requisition gets one more seat to fill."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
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
    """Open an opening.

    requisition: the requisition's stream. opening: the new opening's id. outside_id: its id in the system that the
    requisition came from; sealed.
    """

    requisition: UUID
    opening: UUID
    outside_id: str | None = None


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
