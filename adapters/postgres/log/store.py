"""The door to the event table: makes sure of people's keys, seals, and appends, one by one or in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import EventStore, Notification, Recording, Tracking

from adapters.postgres.keys.sealing import Sealer
from adapters.postgres.log.append import Append, KeysChanged
from adapters.postgres.log.mapper import SealingMapper
from adapters.postgres.log.recorder import LogRecorder
from adapters.postgres.log.stored import LoggedEvent
from commands.attached import Attached
from commands.log import ConcurrencyConflict
from domain.errors import ExplainedError
from domain.event import Event, Recorded

RESEALS = 4


class PersonWasErased(ExplainedError):
    """Erased person

    The person {person} was erased, and nothing personal may be recorded about them. Nothing was written.

    Leave the person out. If they returned on their own initiative, source them as a new candidate with 'returning'.
    """

    def __init__(self, person: UUID) -> None:
        super().__init__(person=person)
        self.person = person


@dataclass(frozen=True, slots=True)
class Putting:
    """Events to put, and what commits with them."""

    events: Sequence[Recorded[Event]]
    attached: Attached = field(default_factory=Attached)
    tracking: Tracking | None = None


class SealingEventStore(EventStore[UUID]):
    """Makes sure of the keys before it maps, and maps again when another process made a person's key first."""

    mapper: SealingMapper
    recorder: LogRecorder

    def put(  # type: ignore[override]  # our keyword arguments are named
        self,
        domain_events: Sequence[Recorded[Event]],
        *,
        attached: Attached | None = None,
        tracking: Tracking | None = None,
    ) -> list[Recording[UUID]]:
        """Appends all or nothing; each event's position. Errors: StreamMoved, AlreadyReceived, PersonWasErased."""
        (outcome,) = self.put_all([Putting(domain_events, attached or Attached(), tracking)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def put_all(self, puttings: Sequence[Putting]) -> list[list[Recording[UUID]] | Exception]:
        """For each its recordings, or what stood in its way. Those beside it share its commit and nothing else."""
        try:
            people = [
                {person for event in putting.events for person in self.mapper.people_of(event)} for putting in puttings
            ]
            self.find_keys([event for putting in puttings for event in putting.events], set().union(*people))
            return self._seal_and_put(puttings, people, RESEALS)
        except Exception as error:  # noqa: BLE001 - one cannot be sealed: each goes alone, and it alone fails
            return (
                [self._plainly(puttings[0], error)]
                if len(puttings) == 1
                else [self.put_all([putting])[0] for putting in puttings]
            )

    def _plainly(self, putting: Putting, error: Exception) -> list[Recording[UUID]] | Exception:
        """Of an erased person what has happened is recorded still, where only the texts of codes would be theirs."""
        plain = self.mapper.without_texts(putting.events, error.person) if isinstance(error, PersonWasErased) else None
        return error if plain is None else self.put_all([replace(putting, events=plain)])[0]

    def _seal_and_put(
        self, puttings: Sequence[Putting], people: Sequence[set[UUID]], reseals: int
    ) -> list[list[Recording[UUID]] | Exception]:
        """Seals again what met another key; its people are looked up anew first."""
        stored = [list(map(self.mapper.to_stored_event, putting.events)) for putting in puttings]
        appends = [Append(s, putting.attached, putting.tracking) for s, putting in zip(stored, puttings, strict=True)]
        outcomes: list[list[Recording[UUID]] | Exception] = []
        for number, outcome in enumerate(self.recorder.insert_together(appends)):
            if isinstance(outcome, KeysChanged) and reseals:
                self.turn_epoch()
                self.learn_again(people[number])
                outcomes += self._seal_and_put(puttings[number : number + 1], people[number : number + 1], reseals - 1)
            elif isinstance(outcome, Exception):
                outcomes.append(outcome)
            else:
                self.mapper.keyring.settle(people[number])
                three = zip(puttings[number].events, stored[number], outcome, strict=True)
                outcomes.append([recording(*parts) for parts in three])
        return outcomes

    def find_keys(self, events: Sequence[Recorded[Event]], people: Iterable[UUID]) -> None:
        """Looks up the keys not yet known; a person whose own stream begins here has none, so is not asked for."""
        keyring = self.mapper.keyring
        beginning = {event.stream for event in events if event.version == 1}
        unknown = [person for person in people if keyring.sealer(person) is None and person not in beginning]
        if unknown:
            self._learn(unknown)

    def stored_sealer(self, person: UUID) -> Sealer:
        """Return the person's sealing key; store it first if it is new. Errors: PersonWasErased."""
        keyring = self.mapper.keyring
        self.learn_again([person])
        for _ in range(RESEALS):
            sealer = keyring.sealer(person) or keyring.make(person)
            if sealer.brought is None:
                return sealer
            try:
                self.recorder.store_key(sealer.brought)
            except KeysChanged:
                self.turn_epoch()
            self.learn_again([person])
        raise ConcurrencyConflict

    def _learn(self, people: Sequence[UUID]) -> None:
        stored = self.recorder.keys_of(people)
        gone = next((key.person for key in stored.values() if key.wrapped is None), None)
        if gone is not None:
            raise PersonWasErased(gone)
        self.mapper.keyring.learn(stored.values())

    def turn_epoch(self) -> None:
        """Wraps new keys with the epoch that the database calls current.

        Errors: EpochIsNotInKeyFile, EpochKeyIsWrong, EpochKeyIsDoubled.
        """
        key_file = self.mapper.keyring.key_file
        key_file.hold_to(self.recorder.logged_fingerprints())
        key_file.turn_to(self.recorder.current_epoch())

    def learn_again(self, people: Iterable[UUID]) -> None:
        people = list(people)
        self.mapper.keyring.forget(people)
        self._learn(people)


def recording(event: Recorded[Event], stored: LoggedEvent, position: int) -> Recording[UUID]:
    notification = Notification(stored.originator_id, stored.originator_version, stored.topic, stored.state, position)
    return Recording(cast(DomainEventProtocol[UUID], event), notification)
