"""A seat that was filled or given up is open again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.codes import Written
from domain.requisition import (
    CLOSINGS,
    OPENINGS,
    REQUISITION,
    OpeningDoesNotExist,
    OpeningEndedLater,
    OpeningIsGivenUpWithItsJob,
    OpeningIsOpen,
    OpeningIsTaken,
    OpeningReopened,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionOpened,
)

Need = Annotated[str, Written(pattern="^(same|new)$", example="same")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenOpening(Command):
    """Reopen an opening that has ended. Where the hire that filled it fell through, undo the hire, which reopens it.

    requisition: the requisition's stream. opening: which one. need: 'same' goes on with the time it was open before,
    'new' begins another. note: free text; personal, sealed.
    """

    requisition: UUID
    opening: UUID
    need: Need
    note: str | None = None


def decide(requisition: Requisition, command: ReopenOpening) -> Events:
    """Raises OpeningIsOpen, OpeningDoesNotExist, OpeningIsGivenUpWithItsJob, RequisitionDoesNotExist or, for need
    'same', OpeningIsTaken or OpeningEndedLater."""
    requisition.require_known()
    requisition.require_ended(command.opening)
    if command.need == "same":
        requisition.require_given_up_by(command.opening, command.moment)
    return {command.requisition: [OpeningReopened(command.opening, command.need, None, command.note)]}


VERB = Verb(
    ReopenOpening,
    (Load("requisition", REQUISITION, (RequisitionOpened, *OPENINGS, *CLOSINGS)),),
    decide,
    writes=OpeningReopened,
    raises=(
        OpeningDoesNotExist,
        OpeningEndedLater,
        OpeningIsGivenUpWithItsJob,
        OpeningIsOpen,
        OpeningIsTaken,
        RequisitionDoesNotExist,
    ),
)
