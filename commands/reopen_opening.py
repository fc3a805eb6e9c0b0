"""A seat that was filled or given up is open again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
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
    """Reopen an opening that has ended. To undo the hire that filled it, use unhire, which also reopens the opening."""

    requisition: Annotated[UUID, Help("The requisition's stream.")]
    opening: Annotated[UUID, Help("The opening to reopen.")]
    need: Annotated[Need, Help("'same' continues the time it was open before; 'new' begins another.")]
    note: Annotated[str | None, Help("Free text; personal, sealed.")] = None


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
