"""We consider a candidate who has not applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Load, Verb
from domain.application import APPLICATION, BEGINNINGS, Application, ApplicationExistsAlready, ProspectAdded
from domain.candidate import CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.codes import UNKNOWN, Code
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProspect(Command):
    """Add a prospect, who may be submitted later.

    application: the new application's stream. candidate: the prospect. requisition: the job, if any yet.
    source: the prospect's source.
    outside_source, outside_id: another system that has it, and its id there. With both and without `application`, its
    stream is derived from them, as in imports.
    in_any_order: the application is known, and was a prospect's before it was submitted.
    """

    application: UUID
    candidate: UUID
    requisition: UUID | None = None
    source: Code = UNKNOWN
    outside_source: Code | None = None
    outside_id: str | None = None
    in_any_order: bool = field(default=False, metadata=HIDDEN)


def decide(
    application: Application, candidate: Candidate, requisition: Requisition | None, command: AddProspect
) -> Events:
    """Raises CandidateDoesNotExist, RequisitionDoesNotExist or ApplicationExistsAlready."""
    candidate.require_known()
    if requisition is not None and command.requisition is not None:
        requisition.require_known()
    if application.exists and not (command.in_any_order and application.may_have_been_prospect(command.moment)):
        raise ApplicationExistsAlready(application=command.application)
    added = ProspectAdded(
        candidate=command.candidate,
        requisition=command.requisition,
        source=command.source,
        outside_source=command.outside_source,
        outside_id=command.outside_id,
    )
    return {command.application: [added]}


VERB = Verb(
    AddProspect,
    (
        Load("application", APPLICATION, BEGINNINGS),
        Load("candidate", CANDIDATE, ENTRIES),
        Load("requisition", REQUISITION, (RequisitionOpened,)),
    ),
    decide,
    writes=ProspectAdded,
    raises=(ApplicationExistsAlready, CandidateDoesNotExist, RequisitionDoesNotExist),
)
