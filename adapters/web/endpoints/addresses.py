"""The endpoint that releases suppressed addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from adapters.access.policy import Action
from adapters.postgres.log.append import StreamMoved
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.who import Who
from adapters.web.services import Services
from commands.handle import Occasion, handle
from commands.release_address import ReleaseAddress
from domain.addresses import AddressCannotBeRead, AddressIsPlaceholder
from domain.codes import CODE
from domain.suppression import AddressIsNotSuppressed


class AddressToRelease(BaseModel):
    """A suppressed address, and the ground of its release. It is sent in the body, because proxies log URLs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["email", "phone"]
    address: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$", examples=["a@b.example"])]
    ground: str = Field(
        "shared-address", pattern=CODE.pattern, description="Why, as a code.", examples=["shared-address"]
    )


@dataclass(frozen=True, slots=True)
class ReleasedAddress:
    """The release of an address. `position`: of its event in the log."""

    kind: str
    ground: str
    position: int


@dataclass(frozen=True, slots=True)
class AddressEndpoints:
    """The endpoint for suppressed addresses."""

    services: Services

    def release_address(self, wanted: AddressToRelease, who: Who) -> Answered[ReleasedAddress]:
        """Release a suppressed address: it may be recorded again, for any person.

        An erasure or a withdrawal suppresses the addresses of the person, including those that other people share. The
        release is recorded with its time, user and ground, without the address.
        """
        services, now = self.services, self.services.now()
        command = ReleaseAddress(kind=wanted.kind, address=wanted.address, ground=wanted.ground, now=now)
        occasion = Occasion(services.new_id(), who.actor, now)
        done = handle(services.log, services.verbs, occasion, lambda: (command,))
        return answered(ReleasedAddress(wanted.kind, wanted.ground, done.position))

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "POST",
            "/v1/addresses/release",
            Action.ERASE,
            release_address,
            example={"kind": "email", "ground": "shared-address", "position": 1204},
            raises=(AddressIsNotSuppressed, AddressCannotBeRead, AddressIsPlaceholder, StreamMoved),
            body={"kind": "email", "address": "family@example.org", "ground": "shared-address"},
        ),
    )
