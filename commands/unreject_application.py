"""Our no is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.application import APPLICATION, STANDING, Application, ApplicationUnrejected
from domain.codes import UNKNOWN, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrejectApplication(Command):
    """Take back that an application was rejected: it goes on where it was.

    application: the application's stream. reason: why, as a code. note: why, in free text; personal, sealed.
    """

    application: UUID
    reason: Code = UNKNOWN
    note: str | None = None


def decide(application: Application, command: UnrejectApplication) -> Events:
    """Raises ApplicationDoesNotExist or ApplicationIsNotRejected."""
    candidate = application.require_rejected(command.application, command.moment)
    undone = ApplicationUnrejected(candidate, application.requisition, command.reason, command.note)
    return {command.application: [undone]}


VERB = Verb(UnrejectApplication, (Load("application", APPLICATION, STANDING),), decide)
