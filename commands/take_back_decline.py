"""A recorded decline turns out not to have happened: the offer had been accepted before."""

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
    OfferDeclineTakenBack,
    OfferWasNotDeclined,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackDecline(Command):
    """Take back the decline of an offer, of which another system tells later that it had been accepted before."""

    application: Annotated[UUID, Help("The application's stream.")]


def decide(application: Application, command: TakeBackDecline) -> Events:
    """Raises ApplicationDoesNotExist or OfferWasNotDeclined."""
    candidate = application.require_candidate()
    offer = application.require_declined(command.moment)
    return {command.application: [OfferDeclineTakenBack(candidate, offer.requisition, offer.opening)]}


VERB = Verb(
    TakeBackDecline,
    (Load("application", APPLICATION, (*STANDING, *OFFERS)),),
    decide,
    writes=OfferDeclineTakenBack,
    raises=(ApplicationDoesNotExist, OfferWasNotDeclined),
)
