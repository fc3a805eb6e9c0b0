"""A hiring need is approved, with as many openings as there are seats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.codes import UNKNOWN, Code
from domain.requisition import REQUISITION, OpeningOpened, Requisition, RequisitionExistsAlready, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequisition(Command):
    """Open a requisition; its role, location and source are the segments of its openings."""

    requisition: Annotated[UUID, Help("The new requisition's stream.")]
    openings: Annotated[
        tuple[UUID, ...], Help("A new id for each opening. Default: none; they are opened one by one.")
    ] = ()
    role: Annotated[Code, Help("The kind of work.")] = UNKNOWN
    location: Annotated[Code, Help("Where the work is.")] = UNKNOWN
    source: Annotated[Code, Help("Where the requisition came from.")] = UNKNOWN
    evergreen: Annotated[bool, Help("It hires continuously.")] = False
    outside_source: Annotated[Code | None, Help("The other system that has this record.")] = None
    outside_id: Annotated[
        str | None,
        Help(
            "The record's id in that system. With both, and without an id of its own, the requisition gets "
            "the stream that an import of the same record gets."
        ),
    ] = None
    title: Annotated[str | None, Help("The title; sealed.")] = None


def decide(requisition: Requisition, command: OpenRequisition) -> Events:
    """Raises RequisitionExistsAlready."""
    requisition.require_new()
    opened = RequisitionOpened(
        role=command.role,
        location=command.location,
        source=command.source,
        evergreen=command.evergreen,
        outside_source=command.outside_source,
        outside_id=command.outside_id,
        title=command.title,
    )
    seats = (OpeningOpened(opening, outside_id=None) for opening in dict.fromkeys(command.openings))
    return {command.requisition: [opened, *seats]}


VERB = Verb(
    OpenRequisition,
    (Load("requisition", REQUISITION, (RequisitionOpened,)),),
    decide,
    writes=RequisitionOpened,
    raises=(RequisitionExistsAlready,),
)
