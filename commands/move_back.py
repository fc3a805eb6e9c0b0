"""An application goes back to a stage that it has been in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.application import (
    APPLICATION,
    STAGES,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationHasEnded,
    ApplicationMovedBack,
    StageIsNotEarlier,
    StageWasNeverEntered,
)
from domain.codes import UNKNOWN, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveBack(Command):
    """Move an application back to an earlier stage that it had in this job."""

    application: Annotated[UUID, Help("The application's stream.")]
    stage: Annotated[Code, Help("A stage that the application has been in.")]
    reason: Annotated[Code, Help("The reason, as a code.")] = UNKNOWN


def decide(application: Application, command: MoveBack) -> Events:
    """Raises ApplicationDoesNotExist, ApplicationHasEnded, StageWasNeverEntered or StageIsNotEarlier."""
    candidate = application.require_live(command.moment)
    application.require_entered_before(command.stage, command.moment)
    requisition = application.requisition_at(command.moment)
    return {command.application: [ApplicationMovedBack(candidate, requisition, command.stage, command.reason)]}


VERB = Verb(
    MoveBack,
    (Load("application", APPLICATION, (*STANDING, *STAGES)),),
    decide,
    writes=ApplicationMovedBack,
    raises=(ApplicationDoesNotExist, ApplicationHasEnded, StageIsNotEarlier, StageWasNeverEntered),
)
