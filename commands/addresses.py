"""Commands that bring addresses in or answer for those of a person: which these are, the log fills in beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from commands.handle import Completed, Loaded, Log, load_with_kin
from commands.verb import HIDDEN, Command, Load
from domain.candidate import CANDIDATE, ENTRIES, FACTS, MERGES, Candidate
from domain.codes import UNKNOWN, Code
from domain.consent import after, anything_lives
from domain.event import Erased, Event
from domain.profile_facts import Told, kept
from domain.suppression import (
    SUPPRESSION,
    TURNS,
    WITHDREW,
    Address,
    Suppressions,
    recognised,
    releases,
    require_arrival,
    suppressions,
)

ADDRESSES = ("email", "phone")
"""The facts that are addresses."""
READS = frozenset((*ENTRIES, *FACTS, *MERGES))

Written = tuple[str, str]
"""An address as somebody wrote it, after its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithAddresses(Command):
    """Base of the commands that addresses have a say in."""

    addresses: tuple[Address, ...] = field(default=(), metadata=HIDDEN)

    @property
    def address_streams(self) -> tuple[UUID, ...]:
        return tuple(address.stream for address in self.addresses)

    def brought(self) -> Iterable[Written]:
        """The addresses that the command itself names."""
        return ()

    def answering(self) -> tuple[UUID, ...]:
        """The records of those for all of whose addresses the command answers, in whichever record they stand."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(WithAddresses):
    """Base of the commands by which a person becomes known."""

    candidate: UUID
    source: Code = UNKNOWN
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    returning: bool = False

    def brought(self) -> Iterable[Written]:
        yield from (("email", email) for email in self.emails)
        yield from (("phone", phone) for phone in self.phones)

    def admitted(self, known: Suppressions) -> dict[UUID, list[Event]]:
        """What lets the addresses in again, if the person came back by themselves. Raises AddressIsSuppressed."""
        if self.returning:
            return releases(known, self.addresses, self.source)
        fields = {"email": "emails", "phone": "phones"}
        require_arrival(known, self.addresses, source=self.source, candidate=self.candidate, fields=fields)
        return {}


LOAD = Load("address_streams", SUPPRESSION, TURNS, many=True)


def completed(log: Log, stream_of: Callable[[str, str], UUID], commands: Sequence[Any]) -> Completed:
    """The commands with their addresses. One round trip more for those that answer for a person's, none for others.

    Commands that are completed together do not see of one another what they would change of a person's addresses.
    stream_of: the stream of an address (kind, as written). A command without addresses comes back as it is.
    """
    if not any(isinstance(command, WithAddresses) for command in commands):
        return Completed(commands)
    people = {record for one in commands if isinstance(one, WithAddresses) for record in one.answering()}
    known = load_with_kin(log, dict.fromkeys(people, (CANDIDATE, READS))) if people else {}

    def complete(command: Any) -> Any:
        if not isinstance(command, WithAddresses):
            return command
        people = command.answering()
        written = [*command.brought(), *(one for record in people for one in addresses_of(record, known))]
        named = dict.fromkeys(Address(kind, stream_of(kind, text)) for kind, text in written if is_one(kind, text))
        return replace(command, addresses=tuple(named)) if named else command

    return Completed([complete(one) for one in commands], {stream: one.version for stream, one in known.items()})


def shut_out(
    candidate: Candidate, known: Suppressions, answered: Sequence[Event], command: WithAddresses
) -> dict[UUID, list[Event]]:
    """What suppresses the person's addresses, once a no leaves nothing at all that they allow; else nothing."""
    latest = candidate.latest(command.now)
    if anything_lives(after(candidate.consents, answered, command.occurred_at or latest), latest):
        return {}
    return suppressions(known, command.addresses, WITHDREW)


def is_one(kind: str, text: str) -> bool:
    """Nobody has the empty address: many records hold it."""
    return bool(recognised(kind, text))


def addresses_of(record: UUID, known: Mapping[UUID, Loaded]) -> Iterable[Written]:
    """The addresses of the person of this record."""
    person: Candidate = CANDIDATE.joined(known[record].state, lambda other: known[other].state)
    return addresses_told([person, *person.records.values()])


def addresses_told(records: Iterable[Candidate]) -> Iterable[Written]:
    """Every address that anybody told of these records and has not taken back; nothing of what was erased."""
    said: dict[tuple[UUID, str, str], list[Told]] = {}
    for record in records:
        for one in record.everything_told():
            if one.fact in ADDRESSES:
                said.setdefault((one.record, one.fact, one.learned_from), []).append(one)
    standing = (one for told in said.values() for one in kept(told))
    return [(one.fact, one.value) for one in standing if not isinstance(one.value, Erased)]
