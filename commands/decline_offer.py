"""A candidate says no to an offer."""

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
    """Decline the current offer; the application goes on. An accepted offer is rescinded instead.

    application: the application's stream. reason: a code. note: free text, personal, sealed.
    in_any_order: another system's decline, of which the offer may have been made later than is known.
    """

    application: UUID
    reason: Code = UNKNOWN
    note: str | None = None
    in_any_order: bool = field(default=False, metadata=HIDDEN)


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
