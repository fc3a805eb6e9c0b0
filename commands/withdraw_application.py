"""A candidate says no to us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.application import (
    APPLICATION,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationHasEnded,
    ApplicationWithdrawn,
)
from domain.codes import UNKNOWN, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawApplication(Command):
    """Withdraw an application, which ends it. A withdrawal before an end may be recorded after it."""

    application: Annotated[UUID, Help("The application's stream.")]
    reason: Annotated[Code, Help("The reason, as a code.")] = UNKNOWN
    note: Annotated[str | None, Help("The reason in free text; personal, sealed.")] = None


def decide(application: Application, command: WithdrawApplication) -> Events:
    """Raises ApplicationDoesNotExist or ApplicationHasEnded."""
    candidate = application.require_live(command.moment)
    ended = ApplicationWithdrawn(candidate, application.requisition, command.reason, command.note)
    return {command.application: [ended]}


VERB = Verb(
    WithdrawApplication,
    (Load("application", APPLICATION, STANDING),),
    decide,
    writes=ApplicationWithdrawn,
    raises=(ApplicationDoesNotExist, ApplicationHasEnded),
)
