"""Our no is taken back."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Load, Verb
from domain.application import (
    APPLICATION,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationIsNotRejected,
    ApplicationUnrejected,
)
from domain.codes import UNKNOWN, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrejectApplication(Command):
    """Undo the rejection of an application: it goes on in its stage.

    application: the application's stream. reason: a code. note: free text, personal, sealed.
    in_any_order: events may arrive in any order, and dates do not refuse the command.
    """

    application: UUID
    reason: Code = UNKNOWN
    note: str | None = None
    in_any_order: bool = field(default=False, metadata=HIDDEN)


def decide(application: Application, command: UnrejectApplication) -> Events:
    """Raises ApplicationDoesNotExist or ApplicationIsNotRejected."""
    candidate = application.require_rejected(command.moment, in_any_order=command.in_any_order)
    undone = ApplicationUnrejected(candidate, application.requisition, command.reason, command.note)
    return {command.application: [undone]}


VERB = Verb(
    UnrejectApplication,
    (Load("application", APPLICATION, STANDING),),
    decide,
    writes=ApplicationUnrejected,
    raises=(ApplicationDoesNotExist, ApplicationIsNotRejected),
)
