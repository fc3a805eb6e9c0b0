"""An application moves to a stage of the job's process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Help, Load, Verb
from domain.application import (
    APPLICATION,
    STAGES,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationHasEnded,
    StageEntered,
)
from domain.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterStage(Command):
    """Move an application to a stage. Entering its current stage changes nothing. A move before an end may be recorded
    after it.
    """

    application: Annotated[UUID, Help("The application's stream.")]
    stage: Annotated[Code, Help("The stage, such as 'phone-screen'.")]
    in_any_order: Annotated[bool, Help("Events may arrive in any order, and dates do not refuse the command.")] = field(
        default=False, metadata=HIDDEN
    )


def decide(application: Application, command: EnterStage) -> Events:
    """Raises ApplicationDoesNotExist or ApplicationHasEnded."""
    candidate = application.require_live(command.moment, in_any_order=command.in_any_order)
    if application.stage_at(command.moment) == command.stage:
        return {}
    return {command.application: [StageEntered(candidate, application.requisition_at(command.moment), command.stage)]}


VERB = Verb(
    EnterStage,
    (Load("application", APPLICATION, (*STANDING, *STAGES)),),
    decide,
    writes=StageEntered,
    raises=(ApplicationDoesNotExist, ApplicationHasEnded),
)
