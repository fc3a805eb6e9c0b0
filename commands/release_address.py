"""A privacy officer lets an address in again that is suppressed, such as one that several people share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from commands.addresses import ADDRESSES, LOAD, WithAddresses, Written, require_readable
from commands.verb import Events, Help, Verb
from domain.addresses import AddressCannotBeRead, AddressIsPlaceholder, AddressKindIsUnknown
from domain.codes import Code
from domain.suppression import AddressIsNotSuppressed, AddressReleased, Suppressions, releases

FIELDS = dict.fromkeys(ADDRESSES, "address")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAddress(WithAddresses):
    """Release an address that was suppressed by an erasure or by a withdrawal: it may be recorded again."""

    kind: Annotated[Code, Help("'email' or 'phone'.")]
    address: Annotated[str, Help("The address in any spelling; it is not recorded.")]
    ground: Annotated[Code, Help("The ground, such as 'shared-address'.")] = "shared-address"

    def brought(self) -> Iterable[Written]:
        return ((self.kind, self.address),) if self.kind in ADDRESSES else ()


def decide(suppressions: Suppressions, command: ReleaseAddress) -> Events:
    """Raises AddressKindIsUnknown, AddressCannotBeRead, AddressIsPlaceholder or AddressIsNotSuppressed."""
    if command.kind not in ADDRESSES:
        raise AddressKindIsUnknown(kind=command.kind, known=", ".join(ADDRESSES))
    released = releases(suppressions, command.addresses, command.ground)
    if not released:
        require_readable(command.cells, FIELDS)
        raise AddressIsNotSuppressed
    return released


VERB = Verb(
    ReleaseAddress,
    (LOAD,),
    decide,
    writes=AddressReleased,
    raises=(AddressCannotBeRead, AddressIsNotSuppressed, AddressIsPlaceholder, AddressKindIsUnknown),
)
