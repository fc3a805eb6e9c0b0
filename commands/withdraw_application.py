"""A candidate says no to us."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
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
    """Withdraw an application, which ends it. A withdrawal before an end may be recorded after it.

    application: the application's stream. reason: a code. note: free text, personal, sealed.
    """

    application: UUID
    reason: Code = UNKNOWN
    note: str | None = None


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
