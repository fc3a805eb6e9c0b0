"""We say no to an application."""

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
    ApplicationHasEnded,
    ApplicationRejected,
)
from domain.codes import UNKNOWN, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectApplication(Command):
    """Reject an application, which ends it. A rejection before an end may be recorded after it."""

    application: Annotated[UUID, Help("The application's stream.")]
    reason: Annotated[Code, Help("The reason, as a code.")] = UNKNOWN
    note: Annotated[str | None, Help("The reason in free text; personal, sealed.")] = None
    in_any_order: Annotated[bool, Help("Events may arrive in any order, and dates do not refuse the command.")] = field(
        default=False, metadata=HIDDEN
    )


def decide(application: Application, command: RejectApplication) -> Events:
    """Raises ApplicationDoesNotExist or ApplicationHasEnded."""
    candidate = application.require_live(command.moment, in_any_order=command.in_any_order)
    ended = ApplicationRejected(candidate, application.requisition, command.reason, command.note)
    return {command.application: [ended]}


VERB = Verb(
    RejectApplication,
    (Load("application", APPLICATION, STANDING),),
    decide,
    writes=ApplicationRejected,
    raises=(ApplicationDoesNotExist, ApplicationHasEnded),
)
