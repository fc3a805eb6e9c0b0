"""Everything we hold about one person, for that person to read: whence we have it, what for, who saw it, how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from inspect import cleandoc
from typing import Any
from uuid import UUID

from fastapi import Response

from adapters.access.principal import OF_OURS, Principal
from adapters.postgres.log.event_log import UntilKeysAreDestroyed
from adapters.postgres.projector.waiting import wait_until_folded
from adapters.postgres.tables.subject import SentAbout, Subjects
from adapters.web.endpoints.candidates import Person, Profile, person_of, profile_of
from adapters.web.framework.plain import Answered, answered, as_json, plain
from adapters.web.framework.printing import printed
from adapters.web.framework.refusals import ReadModelIsBehind
from adapters.web.framework.who import Who
from adapters.web.services import Controller, Services
from domain.application import ApplicationSubmitted
from domain.codec import codec_of, texts_of, whose
from domain.codes import UNKNOWN
from domain.consent import ConsentGiven
from domain.event import Erased, Event, Personal, Recorded
from domain.purposes import PURPOSES
from domain.retention import ends_on, rule_of
from projections.accesses import ACCESSES
from projections.applications import APPLICATIONS
from projections.consent_state import CONSENT_STATE
from projections.referrals import REFERRALS
from queries.accesses import Access, Sought, accesses
from queries.consents import ConsentState, consents
from queries.question import AsOf

FORMAT = "perennial-subject-access/1"
HOLDS = ("personal", "clear", "deliveries", "accesses")
ACCESSES_AT_ONCE = 500
ADDRESSES = ("email", "phone")
ASKED = tuple(model.name for model in (ACCESSES, APPLICATIONS, CONSENT_STATE, REFERRALS))
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """One thing that we noted down: what its kind `means`, when it was so, who told us, and what it says.

    `data`: its fields; null where they were erased. `texts`: by field the text that a code in `data` was made of.
    `withheld`: those that are other people's words, or about them.
    Of colleagues only that it was one of us is told.
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
    Place("what happened, and what we were told", "the log, personal parts sealed under a key of the person's own",
          "until erased; then ids, times and codes stay, which nobody can turn into text again"),
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


@dataclass(frozen=True, slots=True)
class SubjectAccessEndpoints:
    """The endpoints that give out everything about one person."""

    services: Services

    def subject_access(self, candidate: UUID, who: Who) -> Answered[SubjectAccess]:
        """Everything we hold about a person, in whichever records, for the person themselves. It is recorded as an
        export before it is answered. Other people's words are not in it."""
        return answered(subject_access_of(self.services, who, candidate), headers=as_file(candidate, "json"))

    def subject_access_page(self, candidate: UUID, who: Who) -> Response:
        """The same as a page to read and to print, complete in itself: it asks nothing of any other place."""
        return page_of(subject_access_of(self.services, who, candidate))


def as_file(candidate: UUID, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="subject-access-{candidate}.{ending}"'}


def page_of(found: SubjectAccess) -> Response:
    return printed("subject_access.html", access=found, worded=worded)


def worded(value: Any) -> str:
    """A field's value as a reader wants it."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple | list) and all(isinstance(one, str) for one in value):
        return ", ".join(value) if value else "none"
    told = plain(value)
    return told if isinstance(told, str) else as_json(told).decode()


def subject_access_of(services: Services, who: Principal, candidate: UUID) -> SubjectAccess:
    """Gathers it, and records that it is given out. Errors: CandidateDoesNotExist, ReadModelIsBehind."""
    log = services.log.until_keys_are_destroyed
    person = person_of(log, candidate)
    require_folded(services)
    records, subjects = person.ids, Subjects(services.log.recorder.datastore)
    own = [event for record in records for event in log.history(record)]
    others = [event for stream in other_streams(services, subjects, person) for event in log.history(stream)]
    seen, seen_up_to = seen_of(services, candidate)
    return SubjectAccess(
        format=FORMAT,
        export=services.readings.exported(who, "subject-access", records, HOLDS),
        made_at=services.now(),
        controller=services.controller,
        candidate=person.root,
        records=records,
        profile=profile_of(person),
        permissions=permissions_of(services, candidate),
        events=held(own, records),
        named_in=held([one for one in others if names(one, records)], records),
        deliveries=[delivery_of(log, sent) for sent in subjects.deliveries(records)],
        seen=[seen_by(access) for access in seen],
        seen_up_to=seen_up_to,
        kept_until=kept_until(services, person, [*own, *others]),
        places=PLACES,
    )


def require_folded(services: Services) -> None:
    """Waits until everything that is asked here knows what the log knows now. Errors: ReadModelIsBehind."""
    head = services.log.recorder.barrier.head()
    behind = wait_until_folded(services.read_model_position, ASKED, head, PATIENCE_SECONDS)
    if behind is not None:
        raise ReadModelIsBehind(name=behind.name, position=behind.position, wanted=head, seconds=int(PATIENCE_SECONDS))


def other_streams(services: Services, subjects: Subjects, person: Person) -> list[UUID]:
    """Applications, referrals, whatever is sealed for the person elsewhere; and the streams of their addresses."""
    addresses = {
        address.stream
        for one in person.told()
        if one.fact in ADDRESSES and not isinstance(one.value, Erased)
        for address in services.log.addresses.read(one.fact, one.value).addresses
    }
    return [*subjects.streams_naming(person.ids), *sorted(addresses)]


def names(recorded: Recorded[Event], records: Sequence[UUID]) -> bool:
    """Whether the event is about the person: it names a record of theirs, or (of an address) is theirs entirely."""
    values = [getattr(recorded.event, one.name) for one in fields(recorded.event)]
    others = [value for value in values if isinstance(value, UUID)]
    return not others or any(value in records for value in others) or bool(sealed_for(recorded) & set(records))


def sealed_for(recorded: Recorded[Event]) -> set[UUID]:
    return {whose(group, recorded) for group in codec_of(type(recorded.event)).sealed}


def held(events: Sequence[Recorded[Event]], records: Sequence[UUID]) -> list[HeldEvent]:
    """The events in log order, without what was said by others or about others."""
    return [held_event(one, records) for one in sorted(events, key=lambda event: event.position or 0)]


def held_event(recorded: Recorded[Event], records: Sequence[UUID]) -> HeldEvent:
    values = {one.name: getattr(recorded.event, one.name) for one in fields(recorded.event)}
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
        told_by=by(recorded.actor),
        data=shown,
        texts=texts,
        withheld=withheld,
        erased=any(isinstance(value, Erased) for value in (*shown.values(), *texts.values())),
    )


def withheld_fields(recorded: Recorded[Event], records: Sequence[UUID]) -> Iterator[str]:
    """The fields that are sealed for somebody else."""
    for group in codec_of(type(recorded.event)).sealed:
        if whose(group, recorded) not in records:
            yield from (name for name, _ in group.fields)


def by(actor: str) -> str:
    """Outside systems by their name; of a colleague that it was one."""
    kind = actor.partition(":")[0]
    return "one of us" if kind in OF_OURS else actor


def seen_of(services: Services, candidate: UUID) -> tuple[list[Access], int]:
    """Every occasion on which the person was shown to somebody, and up to which position that is known."""
    as_of = AsOf(services.read_model_position("accesses"), services.now(), services.zone.key)
    found: list[Access] = []
    after: str | None = None
    with services.reading() as connection:
        while True:
            page = accesses(connection, Sought(candidate=candidate), as_of, after, ACCESSES_AT_ONCE)
            found += page.accesses
            if (after := page.next) is None:
                return found, as_of.position


def seen_by(access: Access) -> Seen:
    return Seen(access.at, access.kind, access.page, by(access.reader), access.export, access.holds)


def permissions_of(services: Services, candidate: UUID) -> list[Permission]:
    as_of = AsOf(services.read_model_position("consent_state"), services.now(), services.zone.key)
    with services.reading() as connection:
        return [permission_of(state) for state in consents(connection, candidate, as_of).states]


def permission_of(state: ConsentState) -> Permission:
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


def delivery_of(log: UntilKeysAreDestroyed, sent: SentAbout) -> HeldDelivery:
    opened = log.open_delivery(sent.source, sent.delivery_id, sent.body) if sent.body else Erased()
    body = opened if isinstance(opened, Erased) else opened.decode("utf-8", "replace")
    return HeldDelivery(sent.source, sent.delivery_id, sent.received_at, sent.action, sent.outcome, sent.reason, body)


def kept_until(services: Services, person: Person, events: Sequence[Recorded[Event]]) -> KeptUntil:
    """By the rules of retention. `events`: the person's own, and those of others that name them."""
    given = [(one.at, one.event.jurisdiction) for one in events if isinstance(one.event, ConsentGiven)]
    law = sorted(given, key=lambda one: one[0])[-1][1] if given else UNKNOWN
    rules, contact = services.retaining.rules, services.retaining.last_contact(person.root)
    entered = max(record.entered_at for record in person.records.values() if record.entered_at is not None)
    took_part = [one.at for one in events if is_application_of(one.event, person)]
    took_part += [] if contact is None else [contact]
    counted_from = max(took_part, default=entered)
    rule = rule_of(rules, law)
    ends = ends_on(rules, law, counted_from.astimezone(services.zone).date())
    return KeptUntil(ends, counted_from, law, rule.months, rule.because)


def is_application_of(event: Event, person: Person) -> bool:
    return isinstance(event, ApplicationSubmitted) and event.candidate in person.records
