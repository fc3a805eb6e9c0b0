"""An application goes on for another job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.application import (
    APPLICATION,
    OFFERS,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationHasEnded,
    ApplicationIsForThisRequisition,
    ApplicationTransferred,
    OfferIsOut,
)
from domain.codes import UNKNOWN, Code
from domain.requisition import REQUISITION, Requisition, RequisitionDoesNotExist, RequisitionOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferApplication(Command):
    """Transfer an application to another requisition, whose stages it enters anew. It may have no current offer."""

    application: Annotated[UUID, Help("The application's stream.")]
    requisition: Annotated[UUID, Help("The requisition that the application is for from now on.")]
    reason: Annotated[Code, Help("The reason, as a code.")] = UNKNOWN


def decide(application: Application, requisition: Requisition, command: TransferApplication) -> Events:
    """Raises ApplicationIsForThisRequisition, OfferIsOut, ApplicationHasEnded, RequisitionDoesNotExist and others."""
    candidate = application.require_live()
    requisition.require_known()
    if application.requisition == command.requisition:
        raise ApplicationIsForThisRequisition(application=command.application, requisition=command.requisition)
    application.require_no_offer()
    moved = ApplicationTransferred(candidate, application.requisition, command.requisition, command.reason)
    return {command.application: [moved]}


VERB = Verb(
    TransferApplication,
    (
        Load("application", APPLICATION, (*STANDING, *OFFERS)),
        Load("requisition", REQUISITION, (RequisitionOpened,)),
    ),
    decide,
    writes=ApplicationTransferred,
    raises=(
        ApplicationDoesNotExist,
        ApplicationHasEnded,
        ApplicationIsForThisRequisition,
        OfferIsOut,
        RequisitionDoesNotExist,
    ),
)
