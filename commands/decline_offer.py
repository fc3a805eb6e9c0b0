"""A candidate says no to an offer."""

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
    OfferDeclined,
    OfferIsLater,
    OfferIsNotOut,
    OfferWasAccepted,
    OfferWasDeclined,
    OfferWasRescinded,
)
from domain.codes import UNKNOWN, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineOffer(Command):
    """Decline the current offer; the application goes on. An accepted offer is rescinded instead."""

    application: Annotated[UUID, Help("The application's stream.")]
    reason: Annotated[Code, Help("The reason, as a code.")] = UNKNOWN
    note: Annotated[str | None, Help("The reason in free text; personal, sealed.")] = None
    in_any_order: Annotated[
        bool, Help("Another system's decline, of an offer that may have been made later than is recorded.")
    ] = field(default=False, metadata=HIDDEN)


def decide(application: Application, command: DeclineOffer) -> Events:
    """Raises OfferIsNotOut, OfferWasAccepted, OfferWasDeclined, OfferWasRescinded, OfferIsLater, ApplicationHasEnded
    and similar rules."""
    candidate = application.require_live(command.moment)
    offer = application.require_declinable(command.moment, in_any_order=command.in_any_order)
    declined = OfferDeclined(candidate, offer.requisition, offer.opening, command.reason, command.note)
    return {command.application: [declined]}


VERB = Verb(
    DeclineOffer,
    (Load("application", APPLICATION, (*STANDING, *OFFERS)),),
    decide,
    writes=OfferDeclined,
    raises=(
        ApplicationDoesNotExist,
        ApplicationHasEnded,
        OfferIsLater,
        OfferIsNotOut,
        OfferWasAccepted,
        OfferWasDeclined,
        OfferWasRescinded,
    ),
)
