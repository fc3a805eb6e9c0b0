"""A suppressed address: its person was erased, or withdrew all consents, and only they can bring it back.

The stream's id is a keyed hash of the address, so nothing here says whose it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from domain.addresses import Address as Address
from domain.errors import Conflict
from domain.event import Aggregate, Clear, Event, Recorded
from domain.profile_facts import address_key

ERASED, WITHDREW, MERGED = "erased", "withdrew", "merged"
"""Why an address is suppressed. All but the first are taken back by a new consent of the same person, and the last also
by an un-merge."""


@dataclass(frozen=True, slots=True)
class AddressSuppressed(Event):
    """From now on only its own person can bring this address in. `because`: 'erased' or 'withdrew'."""

    stored_name = "address-suppressed.v1"

    kind: Clear[str]
    because: Clear[str]


@dataclass(frozen=True, slots=True)
class AddressReleased(Event):
    """The person of this address came back by themselves. `by`: how we know, such as 'web-form'."""

    stored_name = "address-released.v1"

    by: Clear[str]


@dataclass(frozen=True, slots=True)
class ArrivalStopped(Event):
    """A command with the suppressed address was refused."""

    stored_name = "arrival-stopped.v1"

    because: Clear[str]
    source: Clear[str]
    candidate: Clear[UUID | None]


@dataclass(frozen=True, slots=True)
class AddressWithheld(Event):
    """A merge left nothing that its person allows: the address stays out until the person comes back or the merge is
    undone. `merge` names the merge and not its records.
    """

    stored_name = "address-withheld.v1"

    kind: Clear[str]
    merge: Clear[UUID]


@dataclass(frozen=True, slots=True)
class AddressWithholdingEnded(Event):
    """The merge that kept the address out was undone."""

    stored_name = "address-withholding-ended.v1"

    merge: Clear[UUID]


class AddressIsSuppressed(Conflict):
    """Suppressed address

    An address in '{field}' is suppressed: its person was erased, withdrew all consents, or is merged with a record that
    did.

    Leave it out, and do not write to it. If the person returned on their own initiative, source them with 'returning'.
    If other people share the address, a privacy officer can release it.
    """


class AddressIsNotSuppressed(Conflict):
    """Address not suppressed

    This address is not suppressed.

    Nothing needs to be released. Check the spelling; each address is released separately.
    """

    where = "address"


@dataclass(frozen=True, slots=True)
class Suppression:
    """Whether an address may come in: `because` tells why it may not, None where it may. `stopped`: who was refused.

    `merges`: the merges that keep it out, as `merge_named` names them.
    """

    id: UUID
    because: str | None = None
    merges: frozenset[UUID] = frozenset()
    stopped: frozenset[ArrivalStopped] = frozenset()


Suppressions = Mapping[UUID, Suppression]
"""What is known of some addresses, by their streams."""


def recognised(kind: str, address: str) -> str:
    """Return the form of an address in older versions. It names their streams and never changes.

    Today's form is the one that adapters/intake/addresses.py gives. This one is `address_key` of the address as mail
    and phone systems read it. Invisible signs do not count, nor which of Unicode's forms a letter or a figure has. A
    domain has its name in the network. A phone number has no zero that is dialled only at home, as in +49 (0)30.
    What follows a plus sign does count: it is another address, perhaps another person's.
    """
    if not address.isascii():
        seen = "".join(sign for sign in address if unicodedata.category(sign) != "Cf")
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
        address = "".join(str(unicodedata.digit(sign, sign)) for sign in folded)
    if kind == "phone":
        return address_key(kind, address.replace("(0)", ""))
    local, at, domain = address_key(kind, address).rpartition("@")
    return f"{local}{at}{named(domain.rstrip('. '))}"


def named(domain: str) -> str:
    """Return the domain's name in the network, such as 'xn--bcher-kva.example'; the domain itself where it has none."""
    try:
        return domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return domain


def evolve(suppression: Suppression, recorded: Recorded[Event]) -> Suppression:
    """Return the suppression after one more event of the address."""
    match recorded.event:
        case AddressSuppressed(because=because):
            return replace(suppression, because=because)
        case AddressReleased():
            return replace(suppression, because=None, merges=frozenset())
        case AddressWithheld(merge=merge):
            return replace(suppression, because=suppression.because or MERGED, merges=suppression.merges | {merge})
        case AddressWithholdingEnded(merge=merge):
            merges = suppression.merges - {merge}
            freed = suppression.because == MERGED and not merges
            return replace(suppression, because=None if freed else suppression.because, merges=merges)
        case ArrivalStopped() as stop:
            return replace(suppression, stopped=suppression.stopped | {stop})
        case _:
            return suppression


SUPPRESSION = Aggregate("suppression", Suppression, evolve)

TURNS: tuple[type[Event], ...] = (
    AddressSuppressed,
    AddressReleased,
    ArrivalStopped,
    AddressWithheld,
    AddressWithholdingEnded,
)
"""The events of an address."""


def require_arrival(
    of_addresses: Suppressions, brought: Iterable[Address], *, source: str, candidate: UUID, fields: Mapping[str, str]
) -> None:
    """Raises AddressIsSuppressed, which leaves in the stream of each suppressed address that it was stopped there.

    The same record from the same source is written down once, however often it is brought.
    fields: by the kind of an address, the command's field that brings it.
    """
    stops = {address: because for address in brought if (because := of_addresses[address.stream].because) is not None}
    if stops:
        events = {address.stream: ArrivalStopped(because, source, candidate) for address, because in stops.items()}
        news = {stream: [stop] for stream, stop in events.items() if stop not in of_addresses[stream].stopped}
        raise AddressIsSuppressed(field=fields[next(iter(stops)).kind]).leaving(news)


def releases(
    of_addresses: Suppressions, addresses: Iterable[Address], by: str, of: Collection[str] = (ERASED, WITHDREW, MERGED)
) -> dict[UUID, list[Event]]:
    """Return the events that release the addresses that are suppressed for one of these reasons."""
    return {
        address.stream: [AddressReleased(by)] for address in addresses if of_addresses[address.stream].because in of
    }


def suppressions(of_addresses: Suppressions, addresses: Iterable[Address], because: str) -> dict[UUID, list[Event]]:
    """Return the events that suppress the addresses that are not suppressed yet. An erasure outweighs a withdrawal.

    Nothing is written to the stream of an older version: what is suppressed there stays suppressed there.
    """
    return {
        address.stream: [AddressSuppressed(address.kind, because)]
        for address in addresses
        if not address.former and of_addresses[address.stream].because not in (because, ERASED)
    }


def merge_named(survivor: UUID, absorbed: UUID) -> UUID:
    """Return the name of a merge in the streams of addresses: always the same, and without the ids of its records."""
    return uuid5(survivor, f"merged {absorbed}")


def withholdings(
    of_addresses: Suppressions, addresses: Iterable[Address], merges: Collection[UUID]
) -> dict[UUID, list[Event]]:
    """Return the events that keep the addresses out for these merges, where none does yet.

    Nothing is written to the stream of an older version.
    """
    current = [address for address in addresses if not address.former]
    news = {
        address: [merge for merge in sorted(merges) if merge not in of_addresses[address.stream].merges]
        for address in current
    }
    return {
        address.stream: [AddressWithheld(address.kind, merge) for merge in named]
        for address, named in news.items()
        if named
    }
