"""The erasure of a person over HTTP: asked for, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from adapters.erasure.erasing import Erasure
from adapters.web.plain import Answered, answered
from adapters.web.services import Services
from adapters.web.who import Who
from domain.candidate import ERASURES_ASKED_BY
from domain.codes import CODE

CANDIDATE = Path(description="Any record of the person.")


class ErasureToRequest(BaseModel):
    """Who wants the person erased, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field(
        "self", pattern=CODE.pattern, description=f"One of: {', '.join(ERASURES_ASKED_BY)}.", examples=["self"]
    )
    ground: str = Field(
        "art-17", pattern=CODE.pattern, description="Why, such as 'consent-withdrawn'.", examples=["art-17"]
    )


@dataclass(frozen=True, slots=True)
class ErasurePages:
    """The endpoints for erasures."""

    services: Services

    def erase_candidate(
        self, candidate: Annotated[UUID, CANDIDATE], wanted: ErasureToRequest, who: Who
    ) -> Answered[Erasure]:
        """Erase a person, in whichever records they stand. It cannot be undone.

        The request is recorded first; from then on nothing is taken in about the person or sent to them. Where
        something must be waited for, the `state` is 'in-progress', and the erasure goes on by itself. `erasers` tells
        who let go of how much, `exports` which files have left Perennial with data of the person and must be seen to
        elsewhere, `others_shut_out` how many other people have an address that is kept out from now on, and
        `erasure_effective_by` when no copy of the database can be opened either.
        """
        erasing = self.services.erasing
        return answered(
            erasing.erase(candidate, by=wanted.by, ground=wanted.ground, actor=who.actor, count_others=True)
        )

    def erasure(self, candidate: Annotated[UUID, CANDIDATE], who: Who) -> Answered[Erasure]:
        """How far the erasure of a person is. What each eraser took away is told once, by who asked for it. Who asks
        is recorded: it tells why somebody is gone, and which files of them are about."""
        told = self.services.erasing.told(candidate)
        self.services.readings.viewed(who, "erasure", told.records)
        return answered(told)
