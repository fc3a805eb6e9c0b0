"""A candidate accepts an offer, made for an opening where one is named."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Load, Verb
from domain.application import (
    APPLICATION,
    OFFERS,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationHasEnded,
    ApplicationIsForAnotherRequisition,
    OfferAccepted,
    OfferIsForAnotherOpening,
    OfferIsNotOut,
    OfferWasAccepted,
    OfferWasDeclined,
    OfferWasRescinded,
)
from domain.requisition import (
    OPENINGS,
    REQUISITION,
    OpeningDoesNotExist,
    OpeningWasCancelled,
    OpeningWasFilled,
    Requisition,
    RequisitionDoesNotExist,
    RequisitionOpened,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOffer(Command):
    """Accept an offer. Accepting it again for the same opening changes nothing. The hire fills the opening, not this.

    application: the application's stream. requisition: its requisition. opening: an open opening of that requisition;
    omitted: none yet, the hire may name it. in_any_order: no later end refuses it. anew: another system's acceptance,
    recorded beside those that are recorded already.
    """

    application: UUID
    requisition: UUID
    opening: UUID | None = None
    in_any_order: bool = field(default=False, metadata=HIDDEN)
    anew: bool = field(default=False, metadata=HIDDEN)


def decide(application: Application, requisition: Requisition, command: AcceptOffer) -> Events:
    """Raises ApplicationHasEnded, ApplicationIsForAnotherRequisition, OpeningWasFilled and similar rules.

    Raises OfferWasDeclined, OfferWasRescinded, OfferWasAccepted or OfferIsForAnotherOpening; an acceptance may be the
    first that we learn of an offer.
    """
    candidate = application.require_live(command.moment, in_any_order=command.in_any_order)
    application.require_requisition(command.requisition)
    requisition.require_known()
    if command.opening is not None:
        requisition.require_open(command.opening)
    if not command.anew:
        if application.accepted_for(command.opening) is not None:
            return {}
        application.require_acceptable(command.opening)
    return {command.application: [OfferAccepted(candidate, command.requisition, command.opening)]}


VERB = Verb(
    AcceptOffer,
    (
        Load("application", APPLICATION, (*STANDING, *OFFERS)),
        Load("requisition", REQUISITION, (RequisitionOpened, *OPENINGS)),
    ),
    decide,
    writes=OfferAccepted,
    raises=(
        ApplicationDoesNotExist,
        ApplicationHasEnded,
        ApplicationIsForAnotherRequisition,
        OfferIsForAnotherOpening,
        OfferIsNotOut,
        OfferWasAccepted,
        OfferWasDeclined,
        OfferWasRescinded,
        OpeningDoesNotExist,
        OpeningWasCancelled,
        OpeningWasFilled,
        RequisitionDoesNotExist,
    ),
)
