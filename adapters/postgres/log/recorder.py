"""The library's recorder over our log: appends share commits, and every ordered read stops at the settled end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    ListenNotifySubscription,
    Notification,
    StoredEvent,
    Subscription,
    Tracking,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Connection
from psycopg.rows import DictRow

from adapters.postgres.keys.sealing import PersonKey
from adapters.postgres.log.append import Append, StreamMoved
from adapters.postgres.log.barrier import CHANNEL, Barrier, Notifier
from adapters.postgres.log.group_commit import GroupCommit, call
from adapters.postgres.log.precedence import LOCKED, Precedence
from adapters.postgres.log.stored import as_logged, from_row
from commands.attached import Attached
from domain.candidate import ErasureRequested
from domain.errors import ExplainedError

SELECT_EVENTS = """
    select position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, recorded_at, actor,
           causation_id, correlation_id, clear::text as clear, people, state
    from event
    where stream_id = %(stream)s
      and stream_version > coalesce(%(gt)s::bigint, -1)
      and stream_version <= coalesce(%(lte)s::bigint, 9223372036854775807)
    order by stream_version {order}
    limit %(limit)s
"""
# Stream by stream, so that it keeps to each stream's own index, however long the log is.
SELECT_TOGETHER = b"""
    select e.*
    from unnest(%(streams)s::uuid[]) s(stream)
    cross join lateral (
        select position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, recorded_at, actor,
               causation_id, correlation_id, clear::text as clear, people, state
        from event
        where stream_id = s.stream and position > %(after)s and position <= %(upto)s
        order by stream_version
        limit %(limit)s
    ) e
    order by position
    limit %(limit)s
"""
SELECT_NOTIFICATIONS = """
    select position, stream_id, stream_version, type, state
    from event
    where position > %(after)s and position <= %(upto)s and (%(types)s::text[] is null or type = any(%(types)s))
    order by position
    limit %(limit)s
"""
ASKED_FOR = ErasureRequested.stored_name
# From the request of an erasure on a person's key is to all as if it were destroyed, however long the erasure waits.
SELECT_KEYS = f"""
    select person, key_id, epoch, case when not exists (
        select from event where stream_id = person and type = '{ASKED_FOR}') then wrapped end as wrapped
    from person_key where person = any(%s)
""".encode()
SELECT_KEYS_UNTIL_DESTROYED = b"select person, key_id, epoch, wrapped from person_key where person = any(%s)"
_SELECT_STREAMS = """
    select s.stream, coalesce(h.head, 0) as head, k.person, k.key_id, k.epoch, k.wrapped, e.position, e.stream_id,
           e.stream_version, e.event_id, e.type, e.occurred_at, e.occurred_how, e.recorded_at, e.actor, e.causation_id,
           e.correlation_id, e.clear::text as clear, e.people, e.state
    from unnest(%(streams)s::uuid[]) s(stream)
    cross join lateral (select max(stream_version) as head from event where stream_id = s.stream) h
    left join person_key k on k.person = s.stream
    left join event e on e.stream_id = s.stream{wanted}
    order by s.stream, e.stream_version
"""
SELECT_STREAMS = _SELECT_STREAMS.format(wanted="").encode()
SELECT_STREAMS_OF_TYPES = _SELECT_STREAMS.format(wanted=" and e.type = any(%(types)s)").encode()


class LogIsNotMade(ExplainedError):
    """No log in the database

    This database holds no log yet.

    Run `perennial migrate` first.
    """


@dataclass(frozen=True, slots=True)
class FoundStream:
    """A stream as read: its newest version, the events asked for, and the keys of the people they name."""

    head: int
    events: Sequence[StoredEvent]
    keys: Sequence[PersonKey]


class LogRecorder(PostgresApplicationRecorder):
    """Reads and appends `event` rows. Plain stored events of the library are taken and given back as they came."""

    def __init__(self, datastore: PostgresDatastore) -> None:
        super().__init__(datastore, events_table_name="event")
        datastore.pool.open()
        self.barrier = Barrier(datastore.pool.connection)
        self.notifier = Notifier(datastore.pool.connection, self.barrier.make_time_index_entry)
        self.precedence = Precedence(datastore.pool.connection)
        self._commits = GroupCommit(datastore.pool.connection, self.wrote)

    def wrote(self, position: int) -> None:
        """Something was appended up to this position: own readers see it at once, followers are notified."""
        self.barrier.wrote(position)
        self.notifier.wrote()

    def create_table(self) -> None:
        """Do nothing: the migrations make the tables."""

    def close(self) -> None:
        self._commits.close()
        self.notifier.close()

    def insert_events(  # type: ignore[override]  # our keyword arguments are named
        self,
        stored_events: Sequence[StoredEvent],
        *,
        attached: Attached | None = None,
        tracking: Tracking | None = None,
    ) -> Sequence[int] | None:
        """Append the events and return their positions, in order. Errors: StreamMoved, AlreadyReceived, KeysChanged."""
        events = [as_logged(event) for event in stored_events]
        (outcome,) = self.insert_together([Append(events, attached or Attached(), tracking)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def insert_together(self, appends: Sequence[Append]) -> list[Sequence[int] | Exception]:
        """For each append its positions, or what stood in its way; they share commits and nothing else."""
        session = self.precedence.session
        outcomes = self._commits.append_all(appends) if session is None else self._append_first(session, appends)
        locked = [refused for refused, outcome in zip(appends, outcomes, strict=True) if is_locked_out(outcome)]
        if locked and session is None:
            self.precedence.wait({UUID(str(event.originator_id)) for refused in locked for event in refused.events})
        return [positions_of(append, outcome) for append, outcome in zip(appends, outcomes, strict=True)]

    def _append_first(self, session: Connection[DictRow], appends: Sequence[Append]) -> list[int | Exception | None]:
        """By the session that holds the streams' locks: no other append comes between."""
        outcomes = call(session, appends)
        session.commit()
        pairs = zip(appends, outcomes, strict=True)
        written = [
            outcome_of_append.first_position + len(append.events) - 1
            for append, outcome_of_append in pairs
            if outcome_of_append.first_position is not None
        ]
        if written:
            self.wrote(max(written))
        return [outcome.first_position if outcome.error is None else outcome.error for outcome in outcomes]

    def store_key(self, key: PersonKey) -> PersonKey:
        """Store the person's key, unless they have one, and return the stored one. Errors: KeysChanged, of a former
        epoch."""
        (outcome,) = self.insert_together([Append([], keys=[key])])
        if isinstance(outcome, Exception):
            raise outcome
        return self.keys_of([key.person])[key.person]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the stream's events in order of version."""
        query = SELECT_EVENTS.format(order="desc" if desc else "asc").encode()
        values = {"stream": originator_id, "gt": gt, "lte": lte, "limit": limit}
        with self.datastore.get_connection() as connection:
            rows = connection.execute(query, values, prepare=True).fetchall()
            return with_keys(connection, rows)

    def select_streams(
        self, streams: Sequence[UUID], types: Sequence[str] | None, *, until_destroyed: bool = False
    ) -> dict[UUID, FoundStream]:
        """Each stream's events of these types (None: all), its newest version and its people's keys; one round trip,
        two where an event names another person than its stream. `until_destroyed`: as `keys_of` has it."""
        query = SELECT_STREAMS if types is None else SELECT_STREAMS_OF_TYPES
        values = {"streams": list(streams), "types": [*(types or ()), ASKED_FOR]}
        with self.datastore.pool.connection() as connection:
            rows = connection.execute(query, values, prepare=True, binary=True).fetchall()
            shut = set() if until_destroyed else {row["stream"] for row in rows if row["type"] == ASKED_FOR}
            own = (key_from(row) for row in rows if row["person"] is not None)
            keys = {key.person: replace(key, wrapped=None) if key.person in shut else key for key in own}
            others = {person for row in rows if row["people"] for person in row["people"]} - keys.keys()
            if others:
                keys |= keys_of(connection, others, until_destroyed=until_destroyed)
        rows_by_stream: dict[UUID, list[DictRow]] = {}
        for row in rows:
            rows_by_stream.setdefault(row["stream"], []).append(row)
        return {stream: found_stream(own, keys, types) for stream, own in rows_by_stream.items()}

    def positions_of(self, events: Collection[UUID]) -> dict[UUID, int]:
        """Return the positions of those event ids that stand in the log."""
        if not events:
            return {}
        with self.datastore.get_connection() as connection:
            rows = connection.execute(
                "select event_id, position from event where event_id = any(%s)", (list(events),), prepare=True
            ).fetchall()
        return {row["event_id"]: row["position"] for row in rows}

    def stream_of(self, event: UUID) -> UUID | None:
        """Return the stream in which the event stands; None if the log has no such event."""
        with self.datastore.get_connection() as connection:
            cursor = connection.execute("select stream_id from event where event_id = %s", (event,), prepare=True)
            row = cursor.fetchone()
        return None if row is None else row["stream_id"]

    def select_together(self, streams: Sequence[UUID], after: int, limit: int) -> Sequence[StoredEvent]:
        """Return the settled events of these streams after the position, in log order. A later call finds none before
        them."""
        values = {"streams": list(streams), "after": after, "upto": self.barrier.head(), "limit": limit}
        with self.datastore.get_connection() as connection:
            rows = connection.execute(SELECT_TOGETHER, values, prepare=True).fetchall()
            return with_keys(connection, rows)

    def origin(self) -> str:
        """Return the log's own name, which every sealed part is bound to."""
        with self.datastore.get_connection() as connection:
            row = connection.execute("select origin from log").fetchone()
        if row is None:
            raise LogIsNotMade
        return str(row["origin"])

    def phone_region(self) -> str | None:
        """Return the country of phone numbers that name none; None if those stay national."""
        with self.datastore.get_connection() as connection:
            row = connection.execute("select phone_region from log").fetchone()
        return None if row is None else row["phone_region"]

    def current_epoch(self) -> str:
        """Return the epoch of the key file that new keys are wrapped with."""
        with self.datastore.get_connection() as connection:
            row = connection.execute("select name from key_epoch where state = 'current'").fetchone()
        if row is None:
            raise LogIsNotMade
        return str(row["name"])

    def logged_fingerprints(self) -> dict[str, str]:
        """Return the fingerprint of each epoch's key that the log knows."""
        with self.datastore.get_connection() as connection:
            rows = connection.execute(
                "select name, fingerprint from key_epoch where fingerprint is not null"
            ).fetchall()
        return {row["name"]: row["fingerprint"] for row in rows}

    def keys_of(self, people: Iterable[UUID], *, until_destroyed: bool = False) -> Mapping[UUID, PersonKey]:
        with self.datastore.get_connection() as connection:
            return keys_of(connection, people, until_destroyed=until_destroyed)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Settled events in log order: a later call never finds a smaller position that an earlier one passed over."""
        head = self.barrier.head()
        values = {
            "after": -1 if start is None else start - 1 if inclusive_of_start else start,
            "upto": head if stop is None else min(stop, head),
            "types": list(topics) or None,
            "limit": limit,
        }
        with self.datastore.get_connection() as connection:
            rows = connection.execute(SELECT_NOTIFICATIONS, values, prepare=True).fetchall()
            return [notification(row) for row in rows]

    def max_notification_id(self) -> int | None:
        """Return the newest settled event's position (a refused append leaves a gap behind it)."""
        with self.datastore.get_connection() as connection:
            row = connection.execute(
                "select max(position) as newest from event where position <= %s", (self.barrier.head(),), prepare=True
            ).fetchone()
        return row["newest"] if row else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        return LogSubscription(self, gt=gt, topics=topics)


def is_locked_out(outcome: object) -> bool:
    """Return whether another session holds the lock of a stream of the append."""
    return isinstance(outcome, StreamMoved) and outcome.named["detail"] == LOCKED


def positions_of(append: Append, outcome: int | Exception | None) -> Sequence[int] | Exception:
    """Return the positions of an append with a known first position, or the error under the library's name."""
    if isinstance(outcome, psycopg.IntegrityError):
        return IntegrityError(str(outcome))
    if outcome is None or isinstance(outcome, Exception):
        return outcome or []
    return list(range(outcome, outcome + len(append.events)))


def found_stream(rows: Sequence[DictRow], keys: Mapping[UUID, PersonKey], types: Collection[str] | None) -> FoundStream:
    """Return the stream of these rows; it has no position if it has no event at all that was read."""
    read = (row for row in rows if row["position"] is not None and (types is None or row["type"] in types))
    events = [from_row(row, row["clear"], keys) for row in read]
    named = {person for row in rows if row["people"] for person in row["people"]} | {rows[0]["stream"]}
    return FoundStream(rows[0]["head"], events, [keys[person] for person in named if person in keys])


def notification(row: Mapping[str, Any]) -> Notification:
    return Notification(
        id=row["position"],
        originator_id=row["stream_id"],
        originator_version=row["stream_version"],
        topic=row["type"],
        state=bytes(row["state"]),
    )


def keys_of(
    connection: Connection[Any], people: Iterable[UUID], *, until_destroyed: bool = False
) -> Mapping[UUID, PersonKey]:
    """Return the stored keys of these people, living or not. A key no longer lives once the person's erasure is
    requested. `until_destroyed`: it lives until it is destroyed; only the erasure and the person's own export may ask
    for this."""
    query = SELECT_KEYS_UNTIL_DESTROYED if until_destroyed else SELECT_KEYS
    rows = connection.execute(query, (list(people),), prepare=True).fetchall()
    return {row["person"]: key_from(row) for row in rows}


def key_from(row: Mapping[str, Any]) -> PersonKey:
    wrapped = None if row["wrapped"] is None else bytes(row["wrapped"])
    return PersonKey(row["person"], row["key_id"], row["epoch"], wrapped)


def with_keys(connection: Connection[DictRow], rows: Sequence[DictRow]) -> list[StoredEvent]:
    """Return the rows as stored events, each with the keys of the people it names: one more query in all."""
    people = {person for row in rows for person in row["people"]}
    keys = keys_of(connection, people) if people else {}
    return [from_row(row, row["clear"], keys) for row in rows]


class LogSubscription(ListenNotifySubscription[LogRecorder]):
    """Follows the log: woken by the notice after appends, and every second without one."""

    def __init__(self, recorder: LogRecorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._listener = Thread(target=self._listen, name="log-subscription", daemon=True)
        self._listener.start()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        try:
            super().__exit__(*args, **kwargs)
        finally:
            self._listener.join()

    def _listen(self) -> None:
        try:
            with self._recorder.datastore.get_connection() as connection:
                connection.execute(f"listen {CHANNEL}")
                try:
                    self._wait_for_notices(connection)
                finally:
                    connection.execute(f"unlisten {CHANNEL}")
        except BaseException as error:  # noqa: BLE001 - whatever it is, the iterating thread raises it
            if self._thread_error is None:
                self._thread_error = error
            self.stop()

    def _wait_for_notices(self, connection: Connection[DictRow]) -> None:
        quiet = 0
        while not self._has_been_stopped and not self._thread_error:
            heard = any(True for _ in connection.notifies(timeout=0.1, stop_after=1))
            quiet = 0 if heard else quiet + 1
            if heard or quiet >= 10:
                self._recorder.barrier.expire()
                self._has_been_notified.set()
                quiet = 0
