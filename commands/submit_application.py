"""A candidate applies, or a prospect becomes an applicant."""

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
    ApplicationIsOfAnotherCandidate,
    ApplicationSubmitted,
    ApplicationWasSubmittedAlready,
)
from domain.candidate import CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.codes import UNKNOWN, Code
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitApplication(Command):
    """Submit an application. A prospect may apply for another requisition than the one considered.

    application: the application's stream, new or a prospect's. candidate: the applicant. requisition: the job.
    source: the application's source.
    outside_source, outside_id: another system that has it, and its id there. With both and without `application`, its
    stream is derived from them, as in imports.
    """

    application: UUID
    candidate: UUID
    requisition: UUID
    source: Code = UNKNOWN
    outside_source: Code | None = None
    outside_id: str | None = None


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
