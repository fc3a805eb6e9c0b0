"""An offer is taken back, or its acceptance is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.application import (
    APPLICATION,
    OFFERS,
    STANDING,
    Application,
    HireStandsOnTheOffer,
    OfferRescinded,
)
from domain.codes import UNKNOWN, Code, Written

Side = Annotated[str, Written(pattern="^(us|candidate)$", example="us")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RescindOffer(Command):
    """Rescind the offer that is out, accepted or not: an acceptance that is taken back fills nothing.

    application: the application's stream. by: 'us', or the 'candidate' who had accepted.
    reason: why, as a code. note: why, in free text; personal, sealed.
    """

    application: UUID
    by: Side = "us"
    reason: Code = UNKNOWN
    note: str | None = None


def decide(application: Application, command: RescindOffer) -> Events:
    """Raises HireStandsOnTheOffer, OfferIsNotOut, OfferWasDeclined, OfferWasRescinded, OfferIsLater,
    ApplicationHasEnded and kin."""
    if application.hires:
        raise HireStandsOnTheOffer(application=command.application)
    candidate = application.require_live(command.moment)
    offer = application.require_rescindable(command.moment)
    why = (command.by, command.reason, command.note)
    return {command.application: [OfferRescinded(candidate, offer.requisition, offer.opening, *why)]}


VERB = Verb(RescindOffer, (Load("application", APPLICATION, (*STANDING, *OFFERS)),), decide)
