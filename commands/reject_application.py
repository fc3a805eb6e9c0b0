"""We say no to an application."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.application import APPLICATION, STANDING, Application, ApplicationRejected
from domain.codes import UNKNOWN, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectApplication(Command):
    """Reject an application, which ends it. A rejection that came before an end may be told after it.

    application: the application's stream. reason: why, as a code. note: why, in free text; personal, sealed.
    """

    application: UUID
    reason: Code = UNKNOWN
    note: str | None = None


def decide(application: Application, command: RejectApplication) -> Events:
    """Raises ApplicationDoesNotExist or ApplicationHasEnded."""
    candidate = application.require_live(command.application, command.moment)
    ended = ApplicationRejected(candidate, application.requisition, command.reason, command.note)
    return {command.application: [ended]}


VERB = Verb(RejectApplication, (Load("application", APPLICATION, STANDING),), decide)
