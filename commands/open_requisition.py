"""A hiring need is approved, with as many openings as there are seats."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.codes import UNKNOWN, Code
from domain.requisition import REQUISITION, OpeningOpened, Requisition, RequisitionExistsAlready, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequisition(Command):
    """Open a requisition; its role, location and source are the segments of its openings.

    requisition: the new requisition's stream. openings: a new id for each seat; empty: they are opened separately.
    role: the kind of work. location: its place. source: who requested it. evergreen: whether it hires continuously.
    outside_source, outside_id: another system that has it, and its id there. With both and without `requisition`, its
    stream is derived from them, as in imports. title: free text, sealed.
    """

    requisition: UUID
    openings: tuple[UUID, ...] = ()
    role: Code = UNKNOWN
    location: Code = UNKNOWN
    source: Code = UNKNOWN
    evergreen: bool = False
    outside_source: Code | None = None
    outside_id: str | None = None
    title: str | None = None


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
