"""We offer a candidate the job."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.application import APPLICATION, OFFERS, STANDING, Application, OfferMade
from domain.requisition import OPENINGS, REQUISITION, Requisition, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeOffer(Command):
    """Make an offer, one at a time for an application.

    application: the application's stream. requisition: the one it is for. opening: an open one of that requisition;
    left out: none in particular yet.
    """

    application: UUID
    requisition: UUID
    opening: UUID | None = None


def decide(application: Application, requisition: Requisition, command: MakeOffer) -> Events:
    """Raises OfferIsOut, ApplicationHasEnded, ApplicationIsForAnotherRequisition or OpeningWasFilled, and their kin."""
    candidate = application.require_live(command.application, command.moment)
    application.require_requisition(command.application, command.requisition)
    requisition.require_known(command.requisition)
    if command.opening is not None:
        requisition.require_open(command.opening)
    application.require_no_offer(command.application)
    return {command.application: [OfferMade(candidate, command.requisition, command.opening)]}


VERB = Verb(
    MakeOffer,
    (
        Load("application", APPLICATION, (*STANDING, *OFFERS)),
        Load("requisition", REQUISITION, (RequisitionOpened, *OPENINGS)),
    ),
    decide,
)
