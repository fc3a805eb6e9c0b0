"""What do we hold about this person: from which source, for what purpose, until when, and who has seen it?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import date, datetime
from inspect import cleandoc
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from domain.application import ApplicationSubmitted
from domain.codec import codec_of, texts_of, whose
from domain.codes import UNKNOWN
from domain.consent import ConsentGiven
from domain.event import Erased, Event, Personal, Recorded
from domain.purposes import PURPOSES
from domain.retention import Rules, ends_on, rule_of
from projections.accesses import ACCESSES
from projections.applications import APPLICATIONS
from projections.consent_state import CONSENT_STATE
from projections.referrals import REFERRALS
from queries.accesses import Access, Sought, accesses
from queries.consents import ConsentState, consents
from queries.controller import Controller
from queries.person import Person
from queries.profile import Profile, profile_of
from queries.question import AsOf

FORMAT = "perennial-subject-access/1"
ACCESSES_AT_ONCE = 500
ADDRESSES = ("email", "phone")
READ_MODELS = (ACCESSES, APPLICATIONS, CONSENT_STATE, REFERRALS)
"""The read models that the answer depends on: they must have folded the log before it is read."""


class SubjectLog(Protocol):
    """What is read of the event log: it opens personal data until the keys of an erased person are destroyed."""

    def history(self, stream: UUID) -> Sequence[Recorded[Event]]:
        """Return every event of the stream."""

    def open_delivery(self, source: str, delivery_id: str, sealed: bytes) -> bytes | Erased:
        """Return the raw body of a delivery, or ERASED where it can no longer be opened."""


@dataclass(frozen=True, slots=True)
class SentAbout:
    """A delivery about the person as it is kept: `body` is sealed, empty where it was erased."""

    source: str
    delivery_id: str
    received_at: datetime
    action: str
    outcome: str
    reason: str | None
    body: bytes


class Mentions(Protocol):
    """Where a person is named outside their own records."""

    def streams_naming(self, records: Sequence[UUID]) -> Sequence[UUID]:
        """Return the streams of others that name one of the records."""

    def deliveries(self, records: Sequence[UUID]) -> Sequence[SentAbout]:
        """Return the deliveries about the records, in the order in which they arrived."""


class RetentionDates(Protocol):
    """The retention rules, and when a person last had contact with us."""

    @property
    def rules(self) -> Rules: ...

    def last_contact(self, candidate: UUID) -> datetime | None:
        """Return when the person last had contact with us, or None."""


@dataclass(frozen=True, slots=True)
class SubjectSources:
    """Where the answer is read from.

    address_streams: the streams of the addresses in the text of a fact of this kind. reading: opens a connection to the
    read models. position_of: how far a read model, by its name, has folded the log. colleagues: the kinds of actor that
    are our own people, of whom outsiders learn no more than that.
    """

    log: SubjectLog
    mentions: Mentions
    address_streams: Callable[[str, str], Iterable[UUID]]
    retention: RetentionDates
    reading: Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
    position_of: Callable[[str], int]
    controller: Controller
    zone: ZoneInfo
    colleagues: Collection[str]


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """One recorded event: what its type `means`, when it was so, its source, and its fields.

    `data`: its fields; null where they were erased. `texts`: by field the text that a code in `data` was made of.
    `withheld`: the fields that are other people's words, or about other people. `told_by`: the source; of our own
    people only that it was one of us.
    """

    stream: UUID
    position: int
    id: UUID
    type: str
    means: str
    at: datetime
    recorded_at: datetime
    told_by: str
    data: Mapping[str, Any]
    texts: Mapping[str, Personal[str]]
    withheld: Sequence[str]
    erased: bool


@dataclass(frozen=True, slots=True)
class HeldDelivery:
    """What another system sent about the person, whole; null where it was erased."""

    source: str
    delivery_id: str
    received_at: datetime
    action: str
    outcome: str
    reason: str | None
    body: Personal[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One occasion on which the person's data was shown: 'viewed', 'searched' or 'exported'."""

    at: datetime
    kind: str
    page: str
    by: str
    export: UUID | None
    holds: Sequence[str]


@dataclass(frozen=True, slots=True)
class Permission:
    """What holds for a purpose on a channel, since when and until when; `event` says so.

    `withheld` is no answer: since the merge with `merged_with`, one of the records allows it and the other denied it.
    """

    purpose: str
    purpose_iri: str | None
    channel: str
    status: str
    since: datetime
    valid_until: datetime | None
    event: UUID
    merged_with: UUID | None


@dataclass(frozen=True, slots=True)
class KeptUntil:
    """How long the person is kept if nothing more happens, by which rule; from when they last took part, or else from
    the entry."""

    ends_on: date
    counted_from: datetime
    jurisdiction: str
    months: int
    because: str


@dataclass(frozen=True, slots=True)
class Place:
    """What is kept where, and for how long."""

    what: str
    where: str
    until: str


@dataclass(frozen=True, slots=True)
class SubjectAccess:
    """All that we hold about one person. `export` is under which this export itself is recorded.

    `events`: those of the person's own records, in the order in which we learned them; `named_in`: those of others that
    name them, such as applications and referrals. `seen` is complete up to the log position `seen_up_to`.
    """

    format: str
    export: UUID
    made_at: datetime
    controller: Controller
    candidate: UUID
    records: Sequence[UUID]
    profile: Profile
    permissions: Sequence[Permission]
    events: Sequence[HeldEvent]
    named_in: Sequence[HeldEvent]
    deliveries: Sequence[HeldDelivery]
    seen: Sequence[Seen]
    seen_up_to: int
    kept_until: KeptUntil
    places: Sequence[Place]


PLACES = (
    Place("what happened, and what was reported", "the log, personal parts sealed under a key of the person's own",
          "until erased; then ids, times and codes stay, which cannot be turned into text again"),
    Place("names, addresses, employers, skills: what a person is found by", "the directory, a table of the database",
          "until erased: the person's row goes with the request"),
    Place("what other systems sent", "a table of the database, sealed", "until erased"),
    Place("answers to requests that may be repeated: ids alone", "a table of the database", "24 hours"),
    Place("files of history, and lines of them that were rejected", "the data folder",
          "a file until it is imported, rejected lines 30 days longer"),
    Place("who saw whom, and when", "the log", "for good; what was typed into a search until erased"),
    Place("a keyed hash of an address that was erased or given up", "the log",
          "for good: it keeps the address from being brought in again"),
    Place("copies of the database", "wherever its backups are",
          "as those are kept; what was erased cannot be opened in them after the next rotation of the keys"),
)  # fmt: skip


def subject_access(sources: SubjectSources, person: Person, export: UUID, now: datetime) -> SubjectAccess:
    """Gather everything about the person at `now`, to be recorded under the id `export`."""
    records = person.ids
    own = [event for record in records for event in sources.log.history(record)]
    others = [event for stream in other_streams(sources, person) for event in sources.log.history(stream)]
    seen, seen_up_to = seen_of(sources, person.requested, now)
    return SubjectAccess(
        format=FORMAT,
        export=export,
        made_at=now,
        controller=sources.controller,
        candidate=person.root,
        records=records,
        profile=profile_of(person),
        permissions=permissions_of(sources, person.requested, now),
        events=held(own, records, sources.colleagues),
        named_in=held([other for other in others if names(other, records)], records, sources.colleagues),
        deliveries=[delivery_of(sources.log, sent) for sent in sources.mentions.deliveries(records)],
        seen=[seen_by(access, sources.colleagues) for access in seen],
        seen_up_to=seen_up_to,
        kept_until=kept_until(sources, person, [*own, *others]),
        places=PLACES,
    )


def other_streams(sources: SubjectSources, person: Person) -> list[UUID]:
    """Return the streams of applications and referrals, of whatever else is sealed for the person, and of their
    addresses."""
    addresses = {
        stream
        for statement in person.statements()
        if statement.fact in ADDRESSES and not isinstance(statement.value, Erased)
        for stream in sources.address_streams(statement.fact, statement.value)
    }
    return [*sources.mentions.streams_naming(person.ids), *sorted(addresses)]


def names(recorded: Recorded[Event], records: Sequence[UUID]) -> bool:
    """Return whether the event is about the person: it names a record of theirs, or (of an address) is theirs
    entirely."""
    values = [getattr(recorded.event, field.name) for field in fields(recorded.event)]
    others = [value for value in values if isinstance(value, UUID)]
    return not others or any(value in records for value in others) or bool(sealed_for(recorded) & set(records))


def sealed_for(recorded: Recorded[Event]) -> set[UUID]:
    """Return the people for whom parts of the event are sealed."""
    return {whose(group, recorded) for group in codec_of(type(recorded.event)).sealed}


def held(events: Sequence[Recorded[Event]], records: Sequence[UUID], colleagues: Collection[str]) -> list[HeldEvent]:
    """Return the events in log order, without the words of others and what is about others."""
    return [
        held_event(recorded, records, colleagues) for recorded in sorted(events, key=lambda event: event.position or 0)
    ]


def held_event(recorded: Recorded[Event], records: Sequence[UUID], colleagues: Collection[str]) -> HeldEvent:
    """Return the event without the fields that belong to others."""
    values = {field.name: getattr(recorded.event, field.name) for field in fields(recorded.event)}
    withheld = sorted(withheld_fields(recorded, records))
    texts = texts_of(recorded.event) if whose(codec_of(type(recorded.event)).texts, recorded) in records else {}
    shown = {name: value for name, value in values.items() if name not in withheld}
    return HeldEvent(
        stream=recorded.stream,
        position=recorded.position or 0,
        id=recorded.id,
        type=recorded.event.stored_name,
        means=" ".join(cleandoc(type(recorded.event).__doc__ or "").split("\n\n")[0].split()),
        at=recorded.at,
        recorded_at=recorded.recorded_at,
        told_by=source_of(recorded.actor, colleagues),
        data=shown,
        texts=texts,
        withheld=withheld,
        erased=any(isinstance(value, Erased) for value in (*shown.values(), *texts.values())),
    )


def withheld_fields(recorded: Recorded[Event], records: Sequence[UUID]) -> Iterator[str]:
    """Yield the fields that are sealed for another person."""
    for group in codec_of(type(recorded.event)).sealed:
        if whose(group, recorded) not in records:
            yield from (name for name, _ in group.fields)


def source_of(actor: str, colleagues: Collection[str]) -> str:
    """Return the actor as an outsider may read it: systems by their name, our own people as one of us."""
    return "one of us" if actor.partition(":")[0] in colleagues else actor


def seen_of(sources: SubjectSources, candidate: UUID, now: datetime) -> tuple[list[Access], int]:
    """Return every occasion on which the person was shown, and up to which position that is known."""
    as_of = AsOf(sources.position_of(ACCESSES.name), now, sources.zone.key)
    matching_accesses: list[Access] = []
    after: str | None = None
    with sources.reading() as connection:
        while True:
            page = accesses(connection, Sought(candidate=candidate), as_of, after, ACCESSES_AT_ONCE)
            matching_accesses += page.accesses
            if (after := page.next) is None:
                return matching_accesses, as_of.position


def seen_by(access: Access, colleagues: Collection[str]) -> Seen:
    """Return the access as an outsider may read it."""
    reader = source_of(access.reader, colleagues)
    return Seen(access.at, access.kind, access.page, reader, access.export, access.holds)


def permissions_of(sources: SubjectSources, candidate: UUID, now: datetime) -> list[Permission]:
    """Return what the person allows now."""
    as_of = AsOf(sources.position_of(CONSENT_STATE.name), now, sources.zone.key)
    with sources.reading() as connection:
        return [permission_of(state) for state in consents(connection, candidate, as_of).states]


def permission_of(state: ConsentState) -> Permission:
    """Return the state with the public term of its purpose."""
    purpose = PURPOSES.get(state.purpose)
    return Permission(
        state.purpose,
        None if purpose is None else purpose.iri,
        state.channel,
        state.status,
        state.since,
        state.valid_until,
        state.event,
        state.merged_with,
    )


def delivery_of(log: SubjectLog, sent: SentAbout) -> HeldDelivery:
    """Return the delivery, opened as far as its key lives."""
    opened = log.open_delivery(sent.source, sent.delivery_id, sent.body) if sent.body else Erased()
    body = opened if isinstance(opened, Erased) else opened.decode("utf-8", "replace")
    return HeldDelivery(sent.source, sent.delivery_id, sent.received_at, sent.action, sent.outcome, sent.reason, body)


def kept_until(sources: SubjectSources, person: Person, events: Sequence[Recorded[Event]]) -> KeptUntil:
    """Return the end by the rules of retention. `events`: the person's own, and those of others that name them."""
    given = [(event.at, event.event.jurisdiction) for event in events if isinstance(event.event, ConsentGiven)]
    law = sorted(given, key=lambda item: item[0])[-1][1] if given else UNKNOWN
    rules, contact = sources.retention.rules, sources.retention.last_contact(person.root)
    entered = max(record.entered_at for record in person.records.values() if record.entered_at is not None)
    took_part = [event.at for event in events if is_application_of(event.event, person)]
    took_part += [] if contact is None else [contact]
    counted_from = max(took_part, default=entered)
    rule = rule_of(rules, law)
    ends = ends_on(rules, law, counted_from.astimezone(sources.zone).date())
    return KeptUntil(ends, counted_from, law, rule.months, rule.because)


def is_application_of(event: Event, person: Person) -> bool:
    """Return whether the event is an application of the person."""
    return isinstance(event, ApplicationSubmitted) and event.candidate in person.records
