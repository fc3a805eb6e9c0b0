"""An integration writes about what came from its own source, in its own name; what is not its own is not there for it.

Not there is meant: a command of its is decided as over a log without the streams of others, so that it is answered
about them in every respect as about streams that do not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, TypeVar
from uuid import UUID

from adapters.access.principal import Principal
from adapters.access.refusals import IdIsTaken, PersonIsNotYours, SourceIsNotYours
from commands.attached import Attached
from commands.complete_segments import CompleteSegments
from commands.log import Completed, Log
from commands.verb import Command, Load, Verb
from domain.application import APPLICATION
from domain.candidate import CANDIDATE
from domain.codes import UNKNOWN
from domain.event import Aggregate, Event, Recorded
from domain.referral import REFERRAL
from domain.requisition import REQUISITION
from domain.streams import Loaded, Reads, Wanted

C = TypeVar("C", bound=Command)

NAMES_A_SOURCE = ("source", "outside_source", "reported_by", "learned_from")
"""The fields of commands that say whose word it is, or where something comes from."""
LEFT_OUT = (None, UNKNOWN)
OF_PEOPLE = (CANDIDATE, APPLICATION, REFERRAL)
NAMES_A_PERSON = ("referrer",)
"""The fields of commands that may name another person than its subject, also by principals who read nothing of
them: words are sealed under their key, and what is sealed tells whether they were erased."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How a stream began: who recorded it, and the sources that its first event names."""

    actor: str
    sources: frozenset[str]

    def is_of(self, who: Principal) -> bool:
        return who.actor == self.actor or who.source in self.sources


Entries = Callable[[Collection[UUID]], Mapping[UUID, Entry]]
"""The entries of those of the streams that there are."""


def in_own_name(who: Principal, command: C) -> C:
    """Return the command with the integration's own source wherever it names none. Errors: SourceIsNotYours.

    A completion that leaves the source out states nothing of it.
    """
    if who.source is None:
        return command
    values: dict[str, Any] = {}
    for field in fields(command):
        value = getattr(command, field.name)
        if field.name in NAMES_A_SOURCE and value != who.source:
            if value in LEFT_OUT:
                values[field.name] = value if isinstance(command, CompleteSegments) else who.source
            elif field.default is MISSING or value != field.default:
                raise SourceIsNotYours(field=field.name, source=who.source)
    return replace(command, **values) if values else command


def named_by(verb: Verb, command: Command, makes: str | None) -> set[UUID]:
    """Return the streams that the principal of the command must own. These are people wherever they are named, and
    others if the command is about them. A job may be named in passing, but not one of its openings."""
    return {
        stream
        for number, load in enumerate(verb.loads)
        if load.field != makes and (number == 0 or concerns(load, command))
        if isinstance(stream := getattr(command, load.field), UUID)
    }


def named_unread(verb: Verb, command: Command) -> dict[str, UUID]:
    """Return the people, by field, whom the command names and its rule does not read."""
    read = {load.field for load in verb.loads}
    named = {name: getattr(command, name, None) for name in NAMES_A_PERSON if name not in read}
    return {name: person for name, person in named.items() if isinstance(person, UUID)}


def concerns(load: Load, command: Command) -> bool:
    names_an_opening = load.aggregate is REQUISITION and getattr(command, "opening", None) is not None
    return load.aggregate in OF_PEOPLE or names_an_opening


@dataclass(frozen=True, slots=True)
class Ownership:
    """Knows what belongs to whom. `entries`: looks up how streams began; asked only where an integration writes."""

    entries: Entries
    verbs: Mapping[type, Verb]

    def foreign(self, who: Principal, streams: Iterable[UUID]) -> frozenset[UUID]:
        """Return those of the streams that exist and are not the integration's own; empty for any other principal."""
        wanted = frozenset() if who.source is None else frozenset(streams)
        if not wanted:
            return wanted
        return frozenset(stream for stream, entry in self.entries(wanted).items() if not entry.is_of(who))

    def foreign_to(self, who: Principal, command: Command, makes: str | None) -> frozenset[UUID]:
        """Return the streams named by a command that do not exist for its principal. Errors: IdIsTaken,
        PersonIsNotYours: each has one text, whatever the state of the stream."""
        if who.source is None:
            return frozenset()
        verb = self.verbs[type(command)]
        unread, named = named_unread(verb, command), named_by(verb, command, makes)
        made = {getattr(command, load.field) for load in verb.loads if load.field == makes}
        entries = self.entries({*named, *made, *unread.values()})
        own = {stream for stream, entry in entries.items() if entry.is_of(who)}
        for field, person in unread.items():
            if person not in own:
                raise PersonIsNotYours(field=field, source=who.source)
        if made & entries.keys() - own:
            raise IdIsTaken(field=makes)
        return frozenset(named & entries.keys() - own)


@dataclass(frozen=True, slots=True)
class LogWithout:
    """The log as if these streams had never begun."""

    log: Log
    hidden: frozenset[UUID]

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        return self.load_all({stream: (aggregate, reads)})[stream]

    def load_all(self, wanted: Wanted) -> Mapping[UUID, Loaded]:
        loaded = self.log.load_all({stream: how for stream, how in wanted.items() if stream not in self.hidden})
        return {**loaded, **{s: Loaded(how[0].start(s), 0) for s, how in wanted.items() if s in self.hidden}}

    def completed(self, commands: Sequence[Any]) -> Completed:
        whole = self.log.completed(commands)
        return replace(whole, seen={stream: n for stream, n in whole.seen.items() if stream not in self.hidden})

    def known(self, events: Collection[UUID]) -> Mapping[UUID, int]:
        return self.log.known(events)

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        return self.log.precedence(streams)

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        return self.log.append_block(events, attached)

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> Sequence[int | Exception]:
        return self.log.append_all(appends)
