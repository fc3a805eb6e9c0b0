"""An application moves to a stage of the job's process."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.application import APPLICATION, STAGES, STANDING, Application, StageEntered
from domain.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterStage(Command):
    """Enter a stage; entering the stage it stands in is no news. A move made before an end may be told after it.

    application: the application's stream. stage: such as 'phone-screen'.
    """

    application: UUID
    stage: Code


def decide(application: Application, command: EnterStage) -> Events:
    """Raises ApplicationDoesNotExist or ApplicationHasEnded."""
    candidate = application.require_live(command.application, command.moment)
    if application.stage_at(command.moment) == command.stage:
        return {}
    return {command.application: [StageEntered(candidate, application.requisition_at(command.moment), command.stage)]}


VERB = Verb(EnterStage, (Load("application", APPLICATION, (*STANDING, *STAGES)),), decide)
