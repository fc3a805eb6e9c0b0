"""A candidate accepts the offer made for an opening."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.application import APPLICATION, BEGINNINGS, ENDINGS, Application, OfferAccepted
from domain.requisition import OPENINGS, REQUISITION, Requisition, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOffer(Command):
    """Accept an offer; accepted again for the same opening, it is no news. The hire, not this, fills the opening.

    application: the application's stream. requisition: the one it is for. opening: an open one of that requisition.
    """

    application: UUID
    requisition: UUID
    opening: UUID


def decide(application: Application, requisition: Requisition, command: AcceptOffer) -> Events:
    """Raises what ApplicationHasEnded, ApplicationIsForAnotherRequisition and OpeningWasFilled say, and their kin."""
    candidate = application.require_live(command.application)
    application.require_requisition(command.application, command.requisition)
    requisition.require_known(command.requisition)
    requisition.require_open(command.opening)
    if command.opening in application.accepted:
        return {}
    return {command.application: [OfferAccepted(candidate, command.requisition, command.opening)]}


VERB = Verb(
    AcceptOffer,
    (
        Load("application", APPLICATION, (*BEGINNINGS, *ENDINGS, OfferAccepted)),
        Load("requisition", REQUISITION, (RequisitionOpened, *OPENINGS)),
    ),
    decide,
)
