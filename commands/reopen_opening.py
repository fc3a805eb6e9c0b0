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
    """Reopen an opening that has ended. To undo the hire that filled it, use unhire, which also reopens the opening.

    requisition: the requisition's stream. opening: the opening's id. need: 'same' continues its time to fill,
    'new' starts a new one. note: free text, personal, sealed.
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
