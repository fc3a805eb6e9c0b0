"""We consider a candidate who has not applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Help, Load, Verb
from domain.application import APPLICATION, BEGINNINGS, Application, ApplicationExistsAlready, ProspectAdded
from domain.candidate import CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.codes import UNKNOWN, Code
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProspect(Command):
    """Add a prospect, who may be submitted later."""

    application: Annotated[UUID, Help("The new application's stream.")]
    candidate: Annotated[UUID, Help("The candidate to consider.")]
    requisition: Annotated[UUID | None, Help("The requisition to consider the candidate for. Default: none yet.")] = (
        None
    )
    source: Annotated[Code, Help("Where the prospect came from.")] = UNKNOWN
    outside_source: Annotated[Code | None, Help("The other system that has this record.")] = None
    outside_id: Annotated[
        str | None,
        Help(
            "The record's id in that system. With both, and without an id of its own, the application gets "
            "the stream that an import of the same record gets."
        ),
    ] = None
    in_any_order: Annotated[bool, Help("The application exists, and was a prospect's before it was submitted.")] = (
        field(default=False, metadata=HIDDEN)
    )


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
