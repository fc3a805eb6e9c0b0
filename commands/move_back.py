"""An application goes back to a stage that it has been in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
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
    """Move an application back to an earlier stage that it had in this job.

    application: the application's stream. stage: a stage that it has been in. reason: a code.
    """

    application: UUID
    stage: Code
    reason: Code = UNKNOWN


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
