"""A step of an offer that another system numbers is noted, so that it is followed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.codes import Written
from domain.outside_offer import OUTSIDE_OFFER, STEPS, OutsideOffer, OutsideOfferFollowed

Step = Annotated[str, Written(pattern=f"^({'|'.join(STEPS)})$", example=STEPS[0])]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowOutsideOffer(Command):
    """Note that a step of the offer became an event of the application; noted again, it is no news."""

    offer: Annotated[UUID, Help("The stream of the other system's offer.")]
    application: Annotated[UUID, Help("The application's stream.")]
    version: Annotated[int, Help("The version of the offer.")]
    step: Annotated[Step, Help("The step that the offer has reached.")]


def decide(offer: OutsideOffer, command: FollowOutsideOffer) -> Events:
    """Refuses nothing."""
    if command.step in offer.steps(command.version):
        return {}
    return {command.offer: [OutsideOfferFollowed(command.application, command.version, command.step)]}


VERB = Verb(
    FollowOutsideOffer, (Load("offer", OUTSIDE_OFFER, (OutsideOfferFollowed,)),), decide, writes=OutsideOfferFollowed
)
