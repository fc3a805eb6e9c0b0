"""Commands that bring addresses in or answer for those of a person: which these are, the log fills in beforehand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, NamedTuple, Protocol
from uuid import UUID

from commands.log import Completed, Log
from commands.verb import HIDDEN, Command, Help, Load
from domain.addresses import (
    KINDS,
    Address,
    AddressCannotBeRead,
    AddressIsPlaceholder,
    Cell,
    ValueHoldsSeveralAddresses,
)
from domain.candidate import CANDIDATE, ENTRIES, FACTS, MERGES, Candidate, NothingNamesTheCandidate
from domain.codes import UNKNOWN, Code
from domain.consent import Merge, after, anything_is_allowed, anything_lives, withholding
from domain.event import Erased, Event
from domain.profile_facts import FactStatement, kept
from domain.streams import Loaded, load_with_linked_records
from domain.suppression import (
    SUPPRESSION,
    TURNS,
    WITHDREW,
    ArrivalStopped,
    Suppressions,
    merge_named,
    releases,
    require_arrival,
    suppressions,
    withholdings,
)

ADDRESSES = KINDS
"""The facts that are addresses."""
READS = frozenset((*ENTRIES, *FACTS, *MERGES))

Written = tuple[str, str]
"""An address as it was written, after its kind."""


class Whole(NamedTuple):
    """A value of a file in which several addresses stood, before it was split."""

    kind: str
    text: str


class Reader(Protocol):
    """Reads addresses as people type them."""

    def read(self, kind: str, text: str) -> Cell: ...

    def former(self, kind: str, text: str) -> Address:
        """Return the stream under which older versions know the text."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WithAddresses(Command):
    """Base of the commands that addresses have a say in.

    `cells`: the values that it brings, as read, in the order of `brought`. `wholes`: what those were split from.
    `leaves_out`: an address that is refused is left out, and the rest of the command is done.
    """

    addresses: tuple[Address, ...] = field(default=(), metadata=HIDDEN)
    cells: tuple[Cell, ...] = field(default=(), metadata=HIDDEN)
    wholes: tuple[Whole, ...] = field(default=(), metadata=HIDDEN)
    leaves_out: bool = field(default=False, metadata=HIDDEN)

    @property
    def is_completed_by_log(self) -> bool:
        return True

    @property
    def address_streams(self) -> tuple[UUID, ...]:
        return tuple(address.stream for address in self.addresses)

    def brought(self) -> Iterable[Written]:
        """Return the addresses that the command itself names."""
        return ()

    def mentioned(self) -> Iterable[Written]:
        """Other values that may be an address as a whole; those that are must not be suppressed either."""
        return ()

    def answering(self) -> tuple[UUID, ...]:
        """Return the records of those for all of whose addresses the command answers, whichever record holds them."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WithHolders(WithAddresses):
    """Base of the commands that must also know which record holds which of the addresses."""

    held: tuple[tuple[UUID, Address], ...] = field(default=(), metadata=HIDDEN)

    def holders(self, address: Address) -> set[UUID]:
        """Return the records that hold the address."""
        return {record for record, held in self.held if held == address}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(WithAddresses):
    """Base of the commands by which a person becomes known."""

    candidate: Annotated[UUID, Help("The new candidate's stream.")]
    source: Annotated[Code, Help("Where the person came from.")] = UNKNOWN
    emails: Annotated[tuple[str, ...], Help("E-mail addresses; personal, sealed.")] = ()
    phones: Annotated[tuple[str, ...], Help("Phone numbers; personal, sealed.")] = ()
    returning: Annotated[
        bool, Help("The person came back of their own accord: an address of theirs that was suppressed is released.")
    ] = False

    def brought(self) -> Iterable[Written]:
        yield from (("email", email) for email in self.emails)
        yield from (("phone", phone) for phone in self.phones)

    def require_named(self, *others: str | None) -> None:
        """Raises NothingNamesTheCandidate, unless an address or one of these texts is there to find the person by."""
        if not any(text and not text.isspace() for text in (*self.emails, *self.phones, *others)):
            raise NothingNamesTheCandidate


class Admitted(NamedTuple):
    """The addresses that come in, each once, as they are typed, and the events of their streams."""

    emails: tuple[str, ...]
    phones: tuple[str, ...]
    events: dict[UUID, list[Event]]


def admit(command: Arrival, of_addresses: Suppressions) -> Admitted:
    """Return what comes in with the command.

    Raises ValueHoldsSeveralAddresses, AddressIsSuppressed, AddressCannotBeRead or AddressIsPlaceholder.
    """
    if command.leaves_out and command.cells:
        return admitted(command.cells, of_addresses, ArrivalTried(command.source, command.candidate))
    fields = {"email": "emails", "phone": "phones"}
    require_single(command.cells, fields)
    released = releases(of_addresses, command.addresses, command.source) if command.returning else {}
    if not command.returning:
        require_arrival(
            of_addresses, command.addresses, source=command.source, candidate=command.candidate, fields=fields
        )
    require_readable(command.cells, fields)
    if not command.cells:
        return Admitted(command.emails, command.phones, released)
    return Admitted(only_once(command.cells, "email"), only_once(command.cells, "phone"), released)


class ArrivalTried(NamedTuple):
    """Who brings addresses: the source, and the record they are for."""

    source: str
    candidate: UUID


def only_once(cells: Iterable[Cell], kind: str) -> tuple[str, ...]:
    """Return the addresses of a kind as they were typed, each once: of several spellings of one address the first."""
    first: dict[str | None, str] = {}
    for cell in cells:
        if cell.kind == kind:
            first.setdefault(cell.form, cell.text)
    return tuple(first.values())


def admitted(
    cells: Iterable[Cell], of_addresses: Suppressions, tried: ArrivalTried, has: Collection[str] = ()
) -> Admitted:
    """Return the addresses that may come in, and the events that record the stop of each suppressed one.

    has: the forms of the addresses that the record already holds: those stay.
    """
    first: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    events: dict[UUID, list[Event]] = {}
    for cell in cells:
        whole = () if cell.former is None else (cell.former,)
        for part in cell.parts:
            stops = {address.stream: of_addresses[address.stream].because for address in (*part.addresses, *whole)}
            suppressed = {stream: because for stream, because in stops.items() if because is not None}
            if part.form in has or not suppressed:
                text = cell.text if cell.form is not None else part.text
                first[cell.kind].setdefault(part.form, text)
            for stream, because in suppressed.items() if part.form not in has else ():
                stop = ArrivalStopped(because, *tried)
                if stop not in of_addresses[stream].stopped:
                    events[stream] = [stop]
    return Admitted(tuple(first["email"].values()), tuple(first["phone"].values()), events)


def numbered(cells: Iterable[Cell], fields: Mapping[str, str]) -> Iterator[tuple[Cell, dict[str, Any]]]:
    """Each cell with where it stands: the command's field and the number in it, from 1."""
    counted = dict.fromkeys(fields, 0)
    for cell in cells:
        counted[cell.kind] += 1
        yield cell, {"field": fields[cell.kind], "number": counted[cell.kind]}


def require_single(cells: Iterable[Cell], fields: Mapping[str, str]) -> None:
    """Raises ValueHoldsSeveralAddresses. fields: by the kind of an address, the command's field that brings it."""
    for cell, place in numbered(cells, fields):
        if len(cell.parts) > 1:
            raise ValueHoldsSeveralAddresses(**place, count=len(cell.parts))


def require_readable(cells: Iterable[Cell], fields: Mapping[str, str]) -> None:
    """Raises AddressCannotBeRead or AddressIsPlaceholder. fields: as for `require_single`."""
    for cell, place in numbered(cells, fields):
        if not cell.readable:
            raise AddressCannotBeRead(**place, kind=cell.kind)
        if not cell.parts:
            raise AddressIsPlaceholder(**place)


LOAD = Load("address_streams", SUPPRESSION, TURNS, many=True)


def completed(log: Log, reader: Reader, commands: Sequence[Any]) -> Completed:
    """Return the commands with their addresses; a command without addresses is returned unchanged.

    Commands that answer for a person's addresses cost one more round trip, others none. Commands that are completed
    together do not see each other's changes to a person's addresses.
    """
    if not any(isinstance(command, WithAddresses) for command in commands):
        return Completed(commands)
    people = {record for command in commands if isinstance(command, WithAddresses) for record in command.answering()}
    records = load_with_linked_records(log, dict.fromkeys(people, (CANDIDATE, READS))) if people else {}

    def complete(command: Any) -> Any:
        if not isinstance(command, WithAddresses):
            return command
        cells = tuple(reader.read(*written) for written in command.brought())
        reads = [reader.read(*address) for record in command.answering() for address in addresses_of(record, records)]
        reads += [cell for written in command.mentioned() if (cell := reader.read(*written)).form is not None]
        wholes = [reader.former(*whole) for whole in command.wholes]
        named = dict.fromkeys((*(address for cell in (*cells, *reads) for address in cell.addresses), *wholes))
        if isinstance(command, WithHolders):
            written = held_by(command.answering(), records)
            held = (
                (record, address) for record, kind, text in written for address in reader.read(kind, text).addresses
            )
            command = replace(command, held=tuple(dict.fromkeys(held)))
        return replace(command, addresses=tuple(named), cells=cells) if named or cells else command

    return Completed(
        [complete(given) for given in commands], {stream: given.version for stream, given in records.items()}
    )


def shut_out(
    candidate: Candidate, of_addresses: Suppressions, answered: Sequence[Event], command: WithAddresses
) -> dict[UUID, list[Event]]:
    """Return the events that suppress the person's addresses, once a no leaves nothing that they allow; else none.

    Where the person allows something that merges withhold, the merges keep the addresses out.
    """
    latest = candidate.latest(command.now)
    consents = after(candidate.consents, answered, command.occurred_at or latest)
    if anything_lives(consents, latest):
        return {}
    if anything_is_allowed(consents, latest):
        merges = {
            merge_named(*answer.merge) for answer in withholding(consents, latest) if isinstance(answer.merge, Merge)
        }
        return withholdings(of_addresses, command.addresses, merges)
    return suppressions(of_addresses, command.addresses, WITHDREW)


def addresses_of(record: UUID, records: Mapping[UUID, Loaded]) -> Iterable[Written]:
    """Return the addresses of the person of this record."""
    person: Candidate = CANDIDATE.joined(records[record].state, lambda other: records[other].state)
    return addresses_told([person, *person.records.values()])


def held_by(people: Iterable[UUID], records: Mapping[UUID, Loaded]) -> Iterator[tuple[UUID, str, str]]:
    """Yield (record, kind, text) of every address of the persons of these records, as written."""
    for member in people:
        person: Candidate = CANDIDATE.joined(records[member].state, lambda other: records[other].state)
        for record in person.all_records():
            yield from ((record, *written) for written in addresses_told([records[record].state]))


def addresses_told(records: Iterable[Candidate]) -> Iterable[Written]:
    """Yield every address stated of these records and not retracted, except erased ones."""
    statements: dict[tuple[UUID, str, str], list[FactStatement]] = {}
    for record in records:
        for statement in record.everything_told():
            if statement.fact in ADDRESSES:
                statements.setdefault((statement.record, statement.fact, statement.learned_from), []).append(statement)
    standing = (each for stated in statements.values() for each in kept(stated))
    return [(each.fact, each.value) for each in standing if not isinstance(each.value, Erased)]
