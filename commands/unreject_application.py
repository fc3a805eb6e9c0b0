"""Our no is taken back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Help, Load, Verb
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
    """Undo the rejection of an application: it goes on in its stage."""

    application: Annotated[UUID, Help("The application's stream.")]
    reason: Annotated[Code, Help("The reason, as a code.")] = UNKNOWN
    note: Annotated[str | None, Help("The reason in free text; personal, sealed.")] = None
    in_any_order: Annotated[bool, Help("Events may arrive in any order, and dates do not refuse the command.")] = field(
        default=False, metadata=HIDDEN
    )


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
