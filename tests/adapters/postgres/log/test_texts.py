"""The text that a code was made of is sealed with its event, and the event is the same event with or without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from adapters.postgres.keys.key_file import new_key_file
from adapters.postgres.keys.sealing import Keyring
from adapters.postgres.log.bulk import BulkAppend
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.mapper import SealingMapper, clear_text
from adapters.postgres.log.store import PersonWasErased
from commands.attached import Attached
from domain.application import StageEntered
from domain.candidate import CandidateReferred, CandidateSourced
from domain.catalogue import EVENTS
from domain.codec import TEXTS, codec_of, texts_of
from domain.codes import Spelled, text_of
from domain.event import ERASED, Clear, Event, Personal, Recorded, SealedFor, Upcast
from domain.requisition import RequisitionOpened
from tests.golden import rows
from tests.golden.expected import EXPECTED
from tests.golden.write import recorded as golden_recorded

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "Zyxwvu C++ Déveloper"
WITH_CODES = tuple(event for event in EVENTS if codec_of(event).texts.fields)


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[DictRow]]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def spelled(event: Event) -> Event:
    """The event, each of whose codes was made of a text."""
    codes = {name: getattr(event, name) for name, _ in codec_of(type(event)).texts.fields}
    texts: Any = {name: Spelled(code, f"{SECRET} {name}") for name, code in codes.items() if code is not None}
    return replace(event, **texts)


def recorded(stream: UUID, version: int, event: Event) -> Recorded[Event]:
    return Recorded(stream=stream, version=version, event=event, id=uuid4(), recorded_at=NOW)


def test_events_of_every_kind_have_codes() -> None:
    assert {CandidateSourced, CandidateReferred, RequisitionOpened, StageEntered} <= set(WITH_CODES)
    assert len(WITH_CODES) > 30


@pytest.mark.parametrize("kind", WITH_CODES, ids=lambda kind: kind.stored_name)
def test_every_reader_of_an_event_reads_it_alike_with_and_without_texts(kind: type[Event]) -> None:
    """What is read in SQL, by name or from clear data, is the same bytes; what rules compare is equal."""
    mapper, plain = rows.golden_mapper(), EXPECTED[kind.stored_name]
    event = spelled(plain)
    stored = mapper.to_stored_event(golden_recorded(event))
    assert event == plain
    assert (stored.topic, stored.clear) == (kind.stored_name, clear_text(codec_of(kind), plain))
    assert SECRET not in str(stored)
    keys = {key.person: key for key in stored.brings}
    back = mapper.to_domain_event(replace(stored, keys=keys)).event
    assert back == plain
    assert texts_of(back) == texts_of(event) != {}
    bare = mapper.to_domain_event(replace(stored, keys={})).event
    assert set(texts_of(bare).values()) == {ERASED}
    assert clear_text(codec_of(kind), bare) == stored.clear


@pytest.mark.parametrize("kind", WITH_CODES, ids=lambda kind: kind.stored_name)
def test_the_texts_are_sealed_for_whom_the_event_is_about(kind: type[Event]) -> None:
    event = spelled(EXPECTED[kind.stored_name])
    stored = rows.golden_mapper().to_stored_event(golden_recorded(event))
    (part,) = [part for part in json.loads(stored.state) if part["group"] == TEXTS]
    owner = stored.originator_id if kind.person_field is None else getattr(event, kind.person_field)
    assert part["person"] == str(owner)
    assert UUID(part["person"]) in stored.people


def test_the_text_is_read_from_the_log_until_the_person_is_erased(
    log: EventLog, owner: psycopg.Connection[DictRow]
) -> None:
    stream = uuid4()
    plain = EXPECTED["candidate-sourced.v1"]
    log.append([recorded(stream, 1, spelled(plain))], Attached())
    (row,) = owner.execute("select event::text as whole from event").fetchall()
    assert SECRET not in row["whole"]
    (sourced,) = log.history(stream)
    assert isinstance(sourced.event, CandidateSourced)
    assert text_of(sourced.event.role) == f"{SECRET} role"
    owner.execute("select destroy_person_key(%s)", (stream,))
    (sourced,) = log.history(stream)
    assert isinstance(sourced.event, CandidateSourced)
    assert (sourced.event.role, text_of(sourced.event.role)) == (plain.role, ERASED)  # type: ignore[attr-defined]  # that event has it


@pytest.mark.parametrize("in_bulk", [False, True])
def test_what_happened_with_an_erased_person_is_recorded_without_the_text(
    log: EventLog, owner: psycopg.Connection[DictRow], *, in_bulk: bool
) -> None:
    person, other = uuid4(), uuid4()
    for each in (person, other):
        log.append([recorded(each, 1, EXPECTED["candidate-sourced.v1"])], Attached())
    owner.execute("select destroy_person_key(%s)", (person,))
    stages: list[Any] = [
        replace(spelled(EXPECTED["stage-entered.v1"]), candidate=candidate) for candidate in (person, other)
    ]
    application = uuid4()
    events = [recorded(application, 1, stages[0]), recorded(application, 2, stages[1])]
    append = BulkAppend(log.store).append_block if in_bulk else log.append
    append(events, Attached())
    first, second = (entry.event for entry in log.history(application))
    assert (first, texts_of(first)) == (stages[0], {})
    assert (second, texts_of(second)) == (stages[1], texts_of(stages[1]))
    noted = recorded(application, 3, replace(spelled(EXPECTED["application-rejected.v1"]), candidate=person))
    with pytest.raises(PersonWasErased):
        append([noted], Attached())


@dataclass(frozen=True, slots=True)
class CoffeeSpilt(Event):
    """An event whose class takes the group of the texts for itself."""

    stored_name = "coffee-spilt.v1"

    note: Annotated[Personal[str], SealedFor("stream", TEXTS)]


@dataclass(frozen=True, slots=True)
class CoffeeSharedBefore(Event):
    """An event as it was stored before its field was called otherwise."""

    stored_name = "coffee-shared.v1"

    sort: Clear[str]
    cups: Clear[int]


@dataclass(frozen=True, slots=True)
class CoffeeShared(Event):
    """The same event today."""

    stored_name = "coffee-shared.v2"

    kind: Clear[str]
    cups: Clear[int]


def test_no_class_has_the_group_of_the_texts() -> None:
    with pytest.raises(TypeError, match=TEXTS):
        codec_of(CoffeeSpilt)


def test_a_text_follows_its_code_to_a_newer_name() -> None:
    keyring = Keyring(new_key_file())
    renamed = Upcast("coffee-shared.v1", "coffee-shared.v2", rename={"sort": "kind"})
    before = SealingMapper(rows.ORIGIN, keyring, (CoffeeSharedBefore,), ())
    today = SealingMapper(rows.ORIGIN, keyring, (CoffeeShared,), (renamed,))
    stored = before.to_stored_event(recorded(uuid4(), 1, CoffeeSharedBefore(Spelled("flat-white", "Flat White"), 2)))
    event = today.to_domain_event(replace(stored, keys={key.person: key for key in stored.brings})).event
    assert event == CoffeeShared("flat-white", 2)
    assert texts_of(event) == {"kind": "Flat White"}
