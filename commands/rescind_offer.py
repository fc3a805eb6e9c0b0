"""An offer is taken back, or its acceptance is."""

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
    HireStandsOnTheOffer,
    OfferIsLater,
    OfferIsNotOut,
    OfferRescinded,
    OfferWasDeclined,
    OfferWasRescinded,
)
from domain.codes import UNKNOWN, Code, Written

Side = Annotated[str, Written(pattern="^(us|candidate)$", example="us")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RescindOffer(Command):
    """Rescind the current offer, accepted or not. A rescinded acceptance fills no opening."""

    application: Annotated[UUID, Help("The application's stream.")]
    by: Annotated[Side, Help("'us', or the 'candidate' who had accepted.")] = "us"
    reason: Annotated[Code, Help("The reason, as a code.")] = UNKNOWN
    note: Annotated[str | None, Help("The reason in free text; personal, sealed.")] = None
    in_any_order: Annotated[bool, Help("Another system's rescission, which no later end or hire refuses.")] = field(
        default=False, metadata=HIDDEN
    )


def decide(application: Application, command: RescindOffer) -> Events:
    """Raises HireStandsOnTheOffer, OfferIsNotOut, OfferWasDeclined, OfferWasRescinded, OfferIsLater,
    ApplicationHasEnded and similar rules."""
    if application.hires and not command.in_any_order:
        raise HireStandsOnTheOffer(application=command.application)
    candidate = application.require_live(command.moment, in_any_order=command.in_any_order)
    offer = application.require_rescindable(command.moment)
    why = (command.by, command.reason, command.note)
    return {command.application: [OfferRescinded(candidate, offer.requisition, offer.opening, *why)]}


VERB = Verb(
    RescindOffer,
    (Load("application", APPLICATION, (*STANDING, *OFFERS)),),
    decide,
    writes=OfferRescinded,
    raises=(
        ApplicationDoesNotExist,
        ApplicationHasEnded,
        HireStandsOnTheOffer,
        OfferIsLater,
        OfferIsNotOut,
        OfferWasDeclined,
        OfferWasRescinded,
    ),
)
