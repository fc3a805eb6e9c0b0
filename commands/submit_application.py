"""A candidate applies, or a prospect becomes an applicant."""

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
    ApplicationIsOfAnotherCandidate,
    ApplicationSubmitted,
    ApplicationWasSubmittedAlready,
)
from domain.candidate import CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.codes import UNKNOWN, Code
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitApplication(Command):
    """Submit an application. A prospect may apply for another requisition than the one considered."""

    application: Annotated[UUID, Help("The application's stream, new or a prospect's.")]
    candidate: Annotated[UUID, Help("The candidate who applies.")]
    requisition: Annotated[UUID, Help("The requisition applied for.")]
    source: Annotated[Code, Help("Where the application came from.")] = UNKNOWN
    outside_source: Annotated[Code | None, Help("The other system that has this record.")] = None
    outside_id: Annotated[
        str | None,
        Help(
            "The record's id in that system. With both, and without an id of its own, the application gets "
            "the stream that an import of the same record gets."
        ),
    ] = None


def decide(
    application: Application, candidate: Candidate, requisition: Requisition, command: SubmitApplication
) -> Events:
    """Raises CandidateDoesNotExist, RequisitionDoesNotExist, or why the application cannot be submitted."""
    candidate.require_known()
    requisition.require_known()
    require_submittable(application, command)
    submitted = ApplicationSubmitted(
        candidate=command.candidate,
        requisition=command.requisition,
        source=command.source,
        outside_source=command.outside_source,
        outside_id=command.outside_id,
    )
    return {command.application: [submitted]}


def require_submittable(application: Application, command: SubmitApplication) -> None:
    """Raises ApplicationWasSubmittedAlready, ApplicationHasEnded or ApplicationIsOfAnotherCandidate."""
    if not application.exists:
        return
    if application.submitted:
        raise ApplicationWasSubmittedAlready(application=command.application)
    if application.require_live(command.moment) != command.candidate:
        raise ApplicationIsOfAnotherCandidate(application=command.application, candidate=command.candidate)


VERB = Verb(
    SubmitApplication,
    (
        Load("application", APPLICATION, STANDING),
        Load("candidate", CANDIDATE, ENTRIES),
        Load("requisition", REQUISITION, (RequisitionOpened,)),
    ),
    decide,
    writes=ApplicationSubmitted,
    raises=(
        ApplicationDoesNotExist,
        ApplicationHasEnded,
        ApplicationIsOfAnotherCandidate,
        ApplicationWasSubmittedAlready,
        CandidateDoesNotExist,
        RequisitionDoesNotExist,
    ),
)
