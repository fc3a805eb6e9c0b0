"""A candidate accepts an offer, made for an opening where one is named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Help, Load, Verb
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
    """Accept an offer. Accepting it again for the same opening changes nothing. The hire fills the
    opening, not this.
    """

    application: Annotated[UUID, Help("The application's stream.")]
    requisition: Annotated[UUID, Help("The requisition that the offer is for.")]
    opening: Annotated[
        UUID | None, Help("An open opening of that requisition. Default: none; the hire may name it.")
    ] = None
    in_any_order: Annotated[bool, Help("No later end refuses it.")] = field(default=False, metadata=HIDDEN)
    anew: Annotated[bool, Help("Another system's acceptance, beside those that are recorded.")] = field(
        default=False, metadata=HIDDEN
    )


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
