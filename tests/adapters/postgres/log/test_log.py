"""What must hold of the log: order, idempotence, keys, the time index, and that nothing in it can be changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import Tracking
from psycopg.rows import dict_row

from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.keys.sealing import SealIsBroken
from adapters.postgres.log.append import AlreadyReceived, StreamMoved
from adapters.postgres.log.barrier import MomentLiesAhead, PositionLiesAhead
from adapters.postgres.log.bulk import BulkAppend
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.store import PersonWasErased
from adapters.postgres.log.synthetic_log import LogIsNotEmpty, load_synthetic
from commands.attached import Attached, Delivery, Idempotency
from commands.log import ConcurrencyConflict
from domain.candidate import CANDIDATE, CandidateReferred, CandidateSourced, ProfileFactLearned
from domain.event import ERASED, Event, Recorded

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "Zyxwvu Plain-Text"


def sourced(name: str | None = SECRET) -> CandidateSourced:
    return CandidateSourced(
        source="fair",
        role="engineer",
        location="berlin",
        outside_source=None,
        outside_id=None,
        name=name,
        emails=("someone@example.org",),
        phones=(),
    )


def recorded(stream: UUID, version: int, event: Event | None = None, id: UUID | None = None) -> Recorded[Event]:  # noqa: A002 - it is the name of the field that it fills
    return Recorded(stream=stream, version=version, event=event or sourced(), id=id or uuid4(), recorded_at=NOW)


def learned(value: str = "Rust") -> ProfileFactLearned:
    return ProfileFactLearned(fact="skill", learned_from="interview", value=value)


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[dict[str, object]]]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def test_an_event_comes_back_as_it_went_in(log: EventLog) -> None:
    stream = uuid4()
    event = replace(recorded(stream, 1), occurred_at=NOW - timedelta(days=1), occurred_how="stated", actor="user:ada")
    position = log.append([event], Attached())
    (event_read,) = log.history(stream)
    assert replace(event_read, recorded_at=NOW) == replace(event, position=position)


def test_personal_fields_are_not_in_the_row_in_the_open(
    log: EventLog, owner: psycopg.Connection[dict[str, object]]
) -> None:
    log.append([recorded(uuid4(), 1)], Attached())
    (row,) = owner.execute("select event::text as whole, people, clear from event").fetchall()
    assert SECRET not in str(row["whole"])
    assert "someone@example.org" not in str(row["whole"])
    assert row["clear"] == {"location": "berlin", "outside_source": None, "role": "engineer", "source": "fair"}


def test_each_person_of_an_event_is_sealed_for_themselves(
    log: EventLog, owner: psycopg.Connection[dict[str, object]]
) -> None:
    referrer, candidate = uuid4(), uuid4()
    log.append([recorded(referrer, 1)], Attached())
    event = CandidateReferred(
        source="referral",
        role="engineer",
        location="berlin",
        referrer=referrer,
        name="Grace",
        emails=(),
        phones=(),
        referrer_name="Ada",
        referrer_words="met at school",
    )
    log.append([recorded(candidate, 1, event)], Attached())
    owner.execute("select destroy_person_key(%s)", (referrer,))
    (event_read,) = log.history(candidate)
    assert isinstance(event_read.event, CandidateReferred)
    assert (event_read.event.name, event_read.event.referrer_name, event_read.event.referrer_words) == (
        "Grace",
        ERASED,
        ERASED,
    )
    found_by_person = owner.execute("select stream_id from event where people @> array[%s]", (referrer,)).fetchall()
    assert {row["stream_id"] for row in found_by_person} == {referrer, candidate}


def test_an_erased_person_reads_as_erased_and_gets_no_new_key(
    log: EventLog, owner: psycopg.Connection[dict[str, object]]
) -> None:
    stream = uuid4()
    log.append([recorded(stream, 1)], Attached())
    owner.execute("select destroy_person_key(%s)", (stream,))
    (event_read,) = log.history(stream)
    assert isinstance(event_read.event, CandidateSourced)
    assert (event_read.event.name, event_read.event.emails, event_read.event.source) == (ERASED, ERASED, "fair")
    with pytest.raises(PersonWasErased):
        log.append([recorded(stream, 2, learned())], Attached())
    assert owner.execute("select count(*) as n from event").fetchall() == [{"n": 1}]


def test_who_is_erased_meanwhile_costs_those_beside_them_nothing(
    log: EventLog, owner: psycopg.Connection[dict[str, object]]
) -> None:
    """The key is known here still. What is written beside it is written once, and answered as written."""
    streams = [uuid4() for _ in range(3)]
    for stream in streams:
        log.append([recorded(stream, 1)], Attached())
    owner.execute("select destroy_person_key(%s)", (streams[1],))
    first, second, third = log.append_all([([recorded(stream, 2, learned())], Attached()) for stream in streams])
    assert isinstance(second, PersonWasErased)
    assert [first, third] == [log.history(stream)[1].position for stream in (streams[0], streams[2])]
    assert [len(log.history(stream)) for stream in streams] == [2, 1, 2]


def test_a_sealed_part_opens_nowhere_else(log: EventLog, owner: psycopg.Connection[dict[str, object]]) -> None:
    stream = uuid4()
    log.append([recorded(stream, 1, sourced("One")), recorded(stream, 2, learned())], Attached())
    first, second = log.recorder.select_events(stream)
    with pytest.raises(SealIsBroken, match="version 2"):
        log.mapper.to_domain_event(replace(first, originator_version=second.originator_version))


def test_two_processes_making_one_persons_key_agree_on_one(database: str, key_file: KeyFile) -> None:
    """Both think the person has no key yet; the second seals again under the key of the first."""
    person, streams = uuid4(), [uuid4() for _ in range(2)]
    with EventLog(database, key_file) as first_log, EventLog(database, key_file) as second_log:
        for log, stream in ((first_log, streams[0]), (second_log, streams[1])):
            log.mapper.keyring.make(person)
            event = CandidateReferred("referral", "any", "any", person, "N", (), (), "Ada", None)
            log.append([recorded(stream, 1, event)], Attached())
        for stream in streams:
            (event_read,) = first_log.history(stream)
            assert isinstance(event_read.event, CandidateReferred)
            assert event_read.event.referrer_name == "Ada"


def test_a_conflict_is_raised_and_writes_nothing(log: EventLog) -> None:
    stream = uuid4()
    log.append([recorded(stream, 1)], Attached())
    with pytest.raises(ConcurrencyConflict):
        log.append([recorded(stream, 2, learned()), recorded(stream, 1, learned())], Attached())
    assert len(log.history(stream)) == 1


def test_a_retry_after_a_lost_answer_finds_its_events(log: EventLog) -> None:
    stream = uuid4()
    event = recorded(stream, 1)
    first = log.append([event], Attached())
    assert log.append([event], Attached()) == first
    assert len(log.history(stream)) == 1


def test_a_lost_acknowledgement_does_not_double(log: EventLog, owner: psycopg.Connection[dict[str, object]]) -> None:
    """The connection dies after the commit and before the answer: the group asks again, and is answered."""
    commits = log.recorder._commits
    call, lost = commits._call, threading.Event()

    def losing(appends: object) -> object:
        outcomes = call(appends)  # type: ignore[arg-type]  # handed through as it came
        if not lost.is_set():
            lost.set()
            raise psycopg.OperationalError("the connection was lost")
        return outcomes

    commits._call = losing  # type: ignore[method-assign, assignment]  # the connection cannot be cut from outside at just that moment
    stream = uuid4()
    position = log.append([recorded(stream, 1)], Attached())
    assert [(event.position, event.version) for event in log.history(stream)] == [(position, 1)]


def test_concurrent_appends_share_commits_and_fail_alone(log: EventLog) -> None:
    taken = uuid4()
    log.append([recorded(taken, 1)], Attached())

    def append(number: int) -> bool:
        stream = taken if number % 5 == 0 else uuid4()
        try:
            log.append([recorded(stream, 1)], Attached())
        except ConcurrencyConflict:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(append, range(200)))
    assert done == [number % 5 != 0 for number in range(200)]
    assert len(log.recorder.select_notifications(None, 1000)) == 161


def test_receipts_commit_with_the_events_or_not_at_all(
    log: EventLog, owner: psycopg.Connection[dict[str, object]]
) -> None:
    kept = Idempotency("key-1", "ab" * 32, {"ok": True}, NOW)
    arrived = Delivery("greenhouse", "d-1", "body-signed", "ping", "kept", "ping", (), b"sealed")
    position = log.append([recorded(uuid4(), 1)], Attached(idempotency=kept, delivery=arrived))
    with pytest.raises(AlreadyReceived):
        log.append([recorded(uuid4(), 1)], Attached(idempotency=kept))
    with pytest.raises(AlreadyReceived):
        log.append([recorded(uuid4(), 1)], Attached(delivery=arrived))
    assert owner.execute("select count(*) as n from event").fetchall() == [{"n": 1}]
    kept_rows = owner.execute("select position, response from idempotency").fetchall()
    assert kept_rows == [{"position": position, "response": {"ok": True}}]
    assert log.append([], Attached(delivery=replace(arrived, delivery_id="d-2"))) >= position


@pytest.mark.parametrize("statement", [
    "update event set actor = 'x'", "delete from event", "truncate event cascade",
    "update time_index set position = 0", "delete from time_index", "truncate time_index",
])  # fmt: skip
def test_the_log_is_append_only_even_for_its_owner(
    log: EventLog, owner: psycopg.Connection[dict[str, object]], statement: str
) -> None:
    log.append([recorded(uuid4(), 1)], Attached())
    log.recorder.barrier.make_time_index_entry()
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        owner.execute(statement.encode())


@pytest.mark.parametrize("statement", [
    "update event set actor = 'x'", "delete from event", "truncate event", "update person_key set wrapped = null",
    "delete from time_index", "drop table event", "select destroy_person_key(gen_random_uuid())",
    "insert into event (position, stream_id, stream_version, event_id, type, state, recorded_at)"
    " values (1, gen_random_uuid(), 1, gen_random_uuid(), 'x', '', now())",
])  # fmt: skip
def test_the_service_may_only_read_and_add(log: EventLog, statement: str) -> None:
    with log.recorder.datastore.pool.connection() as connection:
        assert connection.execute("select current_user as me").fetchone() == {"me": "perennial_service"}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_a_past_moment_is_one_position_for_ever(log: EventLog) -> None:
    barrier = log.recorder.barrier
    log.append([recorded(uuid4(), 1)], Attached())
    entry = barrier.make_time_index_entry()
    log.append([recorded(uuid4(), 1)], Attached())
    assert barrier.position_at(entry.time) == 1
    later = barrier.make_time_index_entry()
    assert (barrier.position_at(entry.time), barrier.position_at(later.time)) == (1, 2)
    assert barrier.position_at(entry.time - timedelta(hours=1)) == 0
    assert barrier.time_of(1) <= entry.time
    assert barrier.position_at(barrier.time_of(1)) == 1
    assert entry.time <= barrier.time_of(2) <= later.time


def test_asking_beyond_the_newest_mark_makes_one(log: EventLog) -> None:
    barrier = log.recorder.barrier
    log.append([recorded(uuid4(), 1)], Attached())
    moment = datetime.now(UTC)
    position = barrier.position_at(moment)
    log.append([recorded(uuid4(), 1)], Attached())
    barrier.make_time_index_entry()
    assert barrier.position_at(moment) == position
    with pytest.raises(MomentLiesAhead):
        barrier.position_at(datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(PositionLiesAhead):
        barrier.time_of(99)


def test_marks_never_fall_and_come_at_most_once_a_second(
    log: EventLog, owner: psycopg.Connection[dict[str, object]]
) -> None:
    begun = datetime.now(UTC)
    for _ in range(40):
        log.append([recorded(uuid4(), 1)], Attached())
    log.close()
    seconds = (datetime.now(UTC) - begun).total_seconds()
    entries = owner.execute("select time, position from time_index order by id").fetchall()
    assert len(entries) <= seconds + 2
    assert entries == sorted(entries, key=lambda entry: (entry["time"], entry["position"]))


def test_a_reader_never_passes_over_an_event_that_commits_later(log: EventLog) -> None:
    """Sixteen writers, some slow; a tailing reader must see every position, each once, rising."""
    stop, seen = threading.Event(), []

    def read() -> None:
        last = 0
        while True:
            finished = stop.is_set()
            for notification in log.recorder.select_notifications(last, 500, inclusive_of_start=False):
                seen.append(notification.id)
                last = notification.id
            if finished and last >= (log.recorder.max_notification_id() or 0):
                return

    def write(_: int) -> list[int]:
        return [log.append([recorded(uuid4(), 1)], Attached()) for _ in range(25)]

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(16) as pool:
        written = [position for positions in pool.map(write, range(16)) for position in positions]
    stop.set()
    reader.join()
    assert seen == sorted(written)


def test_a_command_loads_only_the_types_it_reads(log: EventLog) -> None:
    stream = uuid4()
    log.append([recorded(stream, 1), *(recorded(stream, n, learned(str(n))) for n in range(2, 30))], Attached())
    loaded = log.load(CANDIDATE, stream, frozenset({CandidateSourced}))
    assert loaded.version == 29
    assert loaded.state.exists
    assert log.load(CANDIDATE, uuid4(), frozenset({CandidateSourced})).version == 0


def test_a_bulk_append_is_as_good_as_single_ones(log: EventLog) -> None:
    streams = [uuid4() for _ in range(50)]
    events = [recorded(s, 1, sourced('back\\slash\ttab "quote" \u00e9')) for s in streams]
    events += [recorded(s, 2, learned("two\nlines")) for s in streams]
    spans = list(BulkAppend(log.store).append(events))
    assert spans == [(1, 100)]
    first, second = log.history(streams[7])
    assert isinstance(first.event, CandidateSourced)
    assert isinstance(second.event, ProfileFactLearned)
    assert (first.event.name, second.event.value) == ('back\\slash\ttab "quote" \u00e9', "two\nlines")
    with pytest.raises(Exception, match="event_stream_version"):
        list(BulkAppend(log.store).append([recorded(streams[0], 2, learned())]))


def test_an_invented_history_goes_into_an_empty_log_alone(
    database: str, key_file: KeyFile, owner: psycopg.Connection[dict[str, object]]
) -> None:
    events = [recorded(uuid4(), 1) for _ in range(3)]
    with EventLog(database, key_file, role="none") as log:
        assert list(load_synthetic(log, events, [(NOW, 3)])) == [3]
        assert log.recorder.barrier.position_at(NOW) == 3
        with pytest.raises(LogIsNotEmpty):
            list(load_synthetic(log, events, []))
    (row,) = owner.execute("select synthetic, (select max(recorded_at) from event) as recorded_at from log").fetchall()
    assert row == {"synthetic": True, "recorded_at": NOW}


def test_a_delivery_body_is_sealed_and_opens_until_its_person_is_erased(
    log: EventLog, owner: psycopg.Connection[dict[str, object]]
) -> None:
    person = uuid4()
    sealed = log.seal_delivery("greenhouse", "d-9", person, SECRET.encode())
    assert SECRET.encode() not in sealed
    assert log.open_delivery("greenhouse", "d-9", sealed) == SECRET.encode()
    owner.execute("select destroy_person_key(%s)", (person,))
    assert log.open_delivery("greenhouse", "d-9", sealed) == ERASED
    with pytest.raises(PersonWasErased):
        log.seal_delivery("greenhouse", "d-10", person, b"")


def test_the_recorder_tells_conflicts_as_the_library_does(log: EventLog) -> None:
    stream = uuid4()
    stored = log.mapper.to_stored_event(recorded(stream, 1))
    log.recorder.insert_events([stored])
    with pytest.raises(StreamMoved):
        log.recorder.insert_events([replace(stored, event_id=uuid4())])


def test_a_consumers_offset_commits_with_the_events_and_only_rises(log: EventLog) -> None:
    log.store.put([recorded(uuid4(), 1)], tracking=Tracking("kafka/people/0", 7))
    with pytest.raises(AlreadyReceived):
        log.store.put([recorded(uuid4(), 1)], tracking=Tracking("kafka/people/0", 7))
    log.store.put([recorded(uuid4(), 1)], tracking=Tracking("kafka/people/0", 8))
    assert len(log.recorder.select_notifications(None, 10)) == 2


def test_the_events_of_several_streams_come_together_in_log_order(log: EventLog) -> None:
    first, second, stranger = uuid4(), uuid4(), uuid4()
    for number in range(1, 4):
        for stream in (first, stranger, second):
            log.append([recorded(stream, number)], Attached())
    together = log.history_together([first, second], 0, 100)
    assert [(event.stream, event.version) for event in together] == [
        (stream, number) for number in range(1, 4) for stream in (first, second)
    ]
    assert all(event.event == sourced() for event in together)
    after = together[1].position or 0
    assert log.history_together([first, second], after, 3) == together[2:5]
    assert log.history_together([first, second], together[-1].position or 0, 3) == []
    assert log.history_together([], 0, 3) == []
