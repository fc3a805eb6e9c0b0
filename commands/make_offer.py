"""We offer a candidate the job."""

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
    OfferIsOut,
    OfferMade,
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
class MakeOffer(Command):
    """Make an offer for an application, which has one current offer at most. An offer may be recorded after its
    acceptance.
    """

    application: Annotated[UUID, Help("The application's stream.")]
    requisition: Annotated[UUID, Help("The requisition that the offer is for.")]
    opening: Annotated[UUID | None, Help("An open opening of that requisition. Default: none yet.")] = None
    in_any_order: Annotated[bool, Help("No later end refuses it.")] = field(default=False, metadata=HIDDEN)
    anew: Annotated[bool, Help("Another system's offer, beside those that are recorded.")] = field(
        default=False, metadata=HIDDEN
    )


def decide(application: Application, requisition: Requisition, command: MakeOffer) -> Events:
    """Raises OfferIsOut, ApplicationHasEnded, ApplicationIsForAnotherRequisition OpeningWasFilled and similar rules."""
    candidate = application.require_live(command.moment, in_any_order=command.in_any_order)
    application.require_requisition(command.requisition)
    requisition.require_known()
    if command.opening is not None:
        requisition.require_open(command.opening)
    if not command.anew and application.accepted_unmade(command.moment) is None:
        application.require_no_offer()
    return {command.application: [OfferMade(candidate, command.requisition, command.opening)]}


VERB = Verb(
    MakeOffer,
    (
        Load("application", APPLICATION, (*STANDING, *OFFERS)),
        Load("requisition", REQUISITION, (RequisitionOpened, *OPENINGS)),
    ),
    decide,
    writes=OfferMade,
    raises=(
        ApplicationDoesNotExist,
        ApplicationHasEnded,
        ApplicationIsForAnotherRequisition,
        OfferIsOut,
        OpeningDoesNotExist,
        OpeningWasCancelled,
        OpeningWasFilled,
        RequisitionDoesNotExist,
    ),
)
