"""What happened with this candidate, event by event, in the order in which we learned it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from domain.codec import texts_of
from domain.event import Erased, Event, Personal, Recorded
from domain.streams import Loads
from queries.person import person_of


class TimelineLog(Loads, Protocol):
    """What a timeline reads of the event log."""

    def history_together(self, streams: Sequence[UUID], after: int, limit: int) -> Sequence[Recorded[Event]]:
        """Return at most `limit` settled events of these streams after the position, in log order."""


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event of a time line, with the record it belongs to and that record's version after it.

    `data`: its fields; a personal one is null once erased. `texts`: by field the text that a code in `data` was made
    of; a code that came as one has none. A role that may not read people gets no personal field: `withheld` names those
    left out, and `actor` gives only the kind of actor.
    """

    record: UUID
    version: int
    position: int
    id: UUID
    type: str
    at: datetime
    occurred_at: datetime | None
    occurred_how: str
    recorded_at: datetime
    actor: str
    data: Mapping[str, Any]
    texts: Mapping[str, Personal[str]]
    withheld: Sequence[str]
    erased: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of what happened with a person, in any of their records. `candidate` and `merged_into` are as in the
    profile. `next`: the `cursor` of the following page; null: this is the last."""

    candidate: UUID
    merged_into: UUID | None
    records: Sequence[UUID]
    events: Sequence[TimelineEvent]
    next: int | None


def timeline(log: TimelineLog, candidate: UUID, after: int, limit: int) -> Timeline:
    """Read at most `limit` events of the person after the log position. Errors: CandidateDoesNotExist."""
    person = person_of(log, candidate)
    read = log.history_together(person.ids, after, limit + 1)
    events = [timeline_event(recorded) for recorded in read[:limit]]
    following = events[-1].position if len(read) > limit else None
    return Timeline(person.root, person.merged_into, person.ids, events, following)


def timeline_event(recorded: Recorded[Event]) -> TimelineEvent:
    """Return the event with all its fields, nothing withheld."""
    values = {field.name: getattr(recorded.event, field.name) for field in fields(recorded.event)}
    texts = texts_of(recorded.event)
    return TimelineEvent(
        record=recorded.stream,
        version=recorded.version,
        position=recorded.position or 0,
        id=recorded.id,
        type=recorded.event.stored_name,
        at=recorded.at,
        occurred_at=recorded.occurred_at,
        occurred_how=recorded.occurred_how,
        recorded_at=recorded.recorded_at,
        actor=recorded.actor,
        data=values,
        texts=texts,
        withheld=(),
        erased=any(isinstance(value, Erased) for value in (*values.values(), *texts.values())),
    )
