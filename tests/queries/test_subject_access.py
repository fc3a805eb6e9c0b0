"""What a person receives about themselves leaves out the words of others, and says until when it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import EVENTS
from domain.consent import ConsentGiven
from domain.event import ERASED, Clear, Erased, Event, Recorded, SealedFor
from domain.retention import RULES, Rules
from queries.controller import Controller
from queries.person import person_of
from queries.subject_access import SentAbout, SubjectSources, delivery_of, held_event, kept_until, source_of
from tests.domain.test_evolve import events_of
from tests.given import APPLICATION, SUBMITTED
from tests.queries.memory_log import START, MemoryLog
from tests.queries.test_profile import entry

RECORD = UUID(int=1)
CLEAR = Clear[str].__metadata__[0]  # type: ignore[attr-defined]  # an annotated alias has metadata


def owner_of(event: Event, stream: UUID, name: str) -> UUID | None:
    """Return the person to whom the field belongs by the marks of its type; None: it is clear."""
    marks = getattr(get_type_hints(type(event), include_extras=True)[name], "__metadata__", ())
    if CLEAR in marks:
        return None
    field = next((mark.person_field for mark in marks if isinstance(mark, SealedFor)), event.person_field)
    owner: UUID = stream if field is None else getattr(event, field)
    return owner


@given(st.one_of(*(events_of(shape) for shape in EVENTS)), st.sampled_from([RECORD, UUID(int=9)]))
def test_exactly_the_fields_of_other_people_are_withheld(event: Event, stream: UUID) -> None:
    recorded = Recorded(stream, 1, event, UUID(int=5), START, position=1)
    answer = held_event(recorded, [RECORD], ())
    names = [field.name for field in fields(event)]
    assert list(answer.withheld) == sorted(
        name for name in names if owner_of(event, stream, name) not in (None, RECORD)
    )
    assert list(answer.data) == [name for name in names if name not in answer.withheld]
    assert answer.erased == any(isinstance(value, Erased) for value in answer.data.values())


@dataclass(frozen=True, slots=True)
class Contacts:
    """Retention dates that say when the last contact was."""

    contact: datetime | None
    rules: Rules

    def last_contact(self, candidate: UUID) -> datetime | None:
        return self.contact


class Deliveries:
    """A log that opens the deliveries of people who are not erased."""

    def history(self, stream: UUID) -> list[Recorded[Event]]:
        return []

    def open_delivery(self, source: str, delivery_id: str, sealed: bytes) -> bytes | Erased:
        return ERASED if sealed == b"erased" else sealed.removeprefix(b"sealed ")


class Nowhere:
    """A person who is named nowhere else."""

    def streams_naming(self, records: object) -> list[UUID]:
        return []

    def deliveries(self, records: object) -> list[SentAbout]:
        return []


def no_reading() -> AbstractContextManager[psycopg.Connection[Any]]:
    raise AssertionError("nothing is read here")


def nothing(*_: object) -> Iterator[UUID]:
    return iter(())


def sources(contact: datetime | None) -> SubjectSources:
    return SubjectSources(
        log=Deliveries(),
        mentions=Nowhere(),
        address_streams=nothing,
        retention=Contacts(contact, RULES),
        reading=no_reading,
        position_of=lambda _: 0,
        controller=Controller("Gardens", "privacy@gardens.example"),
        zone=ZoneInfo("UTC"),
        colleagues=("user",),
    )


days = st.integers(0, 3000).map(lambda day: START + timedelta(days=day))


@given(contact=st.none() | days, applied=st.none() | days, laws=st.lists(st.sampled_from(["fr", "us-ca", "de"])))
def test_a_person_is_kept_from_their_last_part_by_the_law_of_their_newest_consent(
    contact: datetime | None, applied: datetime | None, laws: list[str]
) -> None:
    log = MemoryLog()
    log.append(RECORD, entry(0))
    for law in laws:
        consent = ConsentGiven("events", ("email",), "consent", law, "n", "1", None, "en", "form", "self", None, None)
        log.append(RECORD, consent)
    person, events = person_of(log, RECORD), list(log.events)
    if applied is not None:
        submitted = SUBMITTED.__class__(RECORD, UUID(int=3), "fair", None, None)
        events.append(Recorded(APPLICATION, 1, submitted, UUID(int=6), applied))
    answer = kept_until(sources(contact), person, events)
    assert answer.counted_from == max(
        (moment for moment in (contact, applied) if moment is not None), default=log.events[0].at
    )
    assert answer.jurisdiction == (laws[-1] if laws else "unknown")
    assert answer.ends_on.year - answer.counted_from.astimezone(UTC).year == answer.months // 12


@given(st.sampled_from([b"", b"erased", b"sealed text"]))
def test_a_delivery_is_shown_whole_or_as_erased(body: bytes) -> None:
    sent = SentAbout("greenhouse", "1", START, "ping", "applied", None, body)
    assert delivery_of(Deliveries(), sent).body == ("text" if body == b"sealed text" else ERASED)


@given(st.sampled_from(["user", "integration", "system"]), st.text(max_size=5))
def test_of_our_own_people_an_outsider_learns_no_name(kind: str, name: str) -> None:
    actor = f"{kind}:{name}"
    assert source_of(actor, ("user",)) == ("one of us" if kind == "user" else actor)
